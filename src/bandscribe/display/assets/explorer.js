// Nothing is fetched: the clips' sound is in `data` too.
const classified = data.clips.some((clip) => known(clip.probability));
const chosen = { label: "", kit: "" };
const player = new Audio();
let shown = []; // indices into data.clips
let playing = -1; // an index into shown
let onward = false;

const colour = (split) => (["train", "validation", "test"].includes(split) ? `var(--${split})` : "var(--accent)");

// How many clips there are, by a column of data.counts and by split.
function drawBars(id, column, least) {
  const rows = new Map();
  for (const count of data.counts) {
    if (!rows.has(count[column])) rows.set(count[column], { total: 0, splits: new Map() });
    const row = rows.get(count[column]);
    row.splits.set(count.split, (row.splits.get(count.split) || 0) + count.clips);
    row.total += count.clips;
  }
  const sorted = [...rows].sort((a, b) => b[1].total - a[1].total);
  const largest = Math.max(...sorted.map(([, row]) => row.total));
  const lines = sorted.map(([name, row]) => {
    const parts = data.splits.filter((split) => row.splits.has(split)).map((split) => {
      const number = row.splits.get(split);
      return element("div", { title: `${split}: ${number}`, style: { width: `${(100 * number) / largest}%`, background: colour(split) } });
    });
    return element("tr", { "data-pick": column, "data-name": name, class: chosen[column] === name ? "picked" : "" },
      element("td", { title: name }, name || "–"),
      element("td", { class: "bar" }, element("div", {}, parts)),
      element("td", {}, row.total.toLocaleString("en")));
  });
  show(by(id), lines);
  return sorted.length >= least;
}

function drawConfidence() {
  const bins = Array.from({ length: 20 }, () => [0, 0]);
  for (const clip of data.clips.filter((c) => known(c.probability)))
    bins[Math.min(19, Math.floor(20 * clip.probability))][clip.differs ? 1 : 0] += 1;
  const top = Math.max(...bins.map(([a, b]) => a + b), 1);
  const block = (i, y, height, fill) => shape("rect", { x: `${5 * i}%`, width: "4.4%", y, height, rx: 1, fill });
  const bars = bins.map(([same, other], i) => {
    const [a, b] = [(100 * same) / top, (100 * other) / top];
    return shape("g", {}, shape("title", {}, `${5 * i} to ${5 * i + 5} %: ${same} as labelled, ${other} otherwise`),
      block(i, 108 - a, a, "var(--accent)"), block(i, 108 - a - b, b, "var(--wrong)"));
  });
  const ticks = [0, 50, 100].map((x) =>
    shape("text", { x: `${x}%`, y: 124, "text-anchor": x ? (x === 100 ? "end" : "middle") : "start" }, `${x} %`));
  show(by("bins"), shape("svg", { role: "img", "aria-label": "Confidence" }, bars, ticks));
}

function wave(peaks) {
  const step = 100 / peaks.length;
  const upper = peaks.map((v, i) => `${(i * step).toFixed(1)} ${(17 - (v * 16) / 99).toFixed(1)}`);
  const lower = peaks.map((v, i) => `${(i * step).toFixed(1)} ${(17.4 + (v * 16) / 99).toFixed(1)}`).reverse();
  return shape("svg", { viewBox: "0 0 100 34", preserveAspectRatio: "none" },
    shape("path", { d: `M${upper.concat(lower).join("L")}Z` }));
}

function card(clip, place) {
  const named = known(clip.probability)
    ? element("i", { class: "named", title: "named by the model" }, `${clip.named || "none"} ${Math.round(100 * clip.probability)} %`) : null;
  const velocity = known(clip.velocity) ? `velocity ${Math.round(127 * clip.velocity)}` : "";
  return element("button", { type: "button", class: `clip ${clip.differs ? "differs" : ""}`, "data-place": place, title: clip.file },
    named, element("b", {}, clip.label || "–"), wave(clip.shape),
    element("span", {}, clip.kit || clip.file),
    element("span", {}, [velocity, clip.split].filter(Boolean).join(" · ")));
}

const orders = {
  label: (a, b) => a.label.localeCompare(b.label), kit: (a, b) => a.kit.localeCompare(b.kit),
  velocity: (a, b) => (a.velocity ?? 2) - (b.velocity ?? 2), unsure: (a, b) => (a.probability ?? 2) - (b.probability ?? 2),
};

function draw() {
  const [least, most] = [Number(by("least").value), Number(by("most").value)];
  by("range").textContent = `${least} to ${most} %`;
  const fits = (clip) =>
    (!chosen.label || clip.label === chosen.label) && (!chosen.kit || clip.kit === chosen.kit) &&
    (!by("split").value || clip.split === by("split").value) &&
    (!by("named").value || (known(clip.probability) && clip.differs === (by("named").value === "differs"))) &&
    (!known(clip.probability) || (100 * clip.probability >= least && 100 * clip.probability <= most));
  shown = data.clips.map((_, i) => i).filter((i) => fits(data.clips[i]));
  const compare = orders[by("order").value];
  if (compare) shown.sort((a, b) => compare(data.clips[a], data.clips[b]) || a - b);
  stop();
  drawBars("labels", "label", 0);
  by("by-kit").hidden = !drawBars("kits", "kit", 2);
  by("shown").textContent = `${shown.length} of ${data.clips.length} clips${chosen.label ? `: ${chosen.label}` : ""}${chosen.kit ? `, ${chosen.kit}` : ""}`;
  show(by("clips"), shown.map((i, place) => card(data.clips[i], place)));
}

function stop() {
  player.pause();
  onward = false;
  by("all").textContent = "▶ play them all";
  document.querySelector(".playing")?.classList.remove("playing");
  playing = -1;
}

function play(place) {
  if (place < 0 || place >= shown.length) return stop();
  document.querySelector(".playing")?.classList.remove("playing");
  playing = place;
  const button = by("clips").children[place];
  button.classList.add("playing");
  button.scrollIntoView({ block: "nearest" });
  player.src = `data:audio/mpeg;base64,${data.clips[shown[place]].sound}`;
  player.play();
}

player.addEventListener("ended", () => {
  if (onward) play(playing + 1);
});
by("clips").addEventListener("click", (event) => {
  const button = event.target.closest("[data-place]");
  if (!button) return;
  stop();
  play(Number(button.dataset.place));
});
by("all").addEventListener("click", () => {
  if (onward) return stop();
  onward = true;
  by("all").textContent = "■ stop";
  play(0);
});
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select")) return;
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  play(Math.min(Math.max(playing + step, 0), shown.length - 1));
});
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-pick]");
  if (!row) return;
  const { pick, name } = row.dataset;
  chosen[pick] = chosen[pick] === name ? "" : name;
  draw();
});
for (const id of ["split", "named", "least", "most", "order"]) by(id).addEventListener("input", draw);
by("reset").addEventListener("click", () => {
  chosen.label = chosen.kit = "";
  for (const id of ["split", "named", "order"]) by(id).value = "";
  by("least").value = 0;
  by("most").value = 100;
  draw();
});

by("title").textContent = data.title;
by("about").textContent = data.about;
show(by("split"), element("option", { value: "" }, "all"), data.splits.map((split) => element("option", {}, split)));
show(by("splits"), data.splits.map((split) => element("span", {}, element("i", { style: { background: colour(split) } }), split)));
for (const id of ["agreement", "confidence", "sure"]) by(id).hidden = !classified;
if (classified) drawConfidence();
draw();
