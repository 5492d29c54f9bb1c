// What the pages of all tasks share. `data` is what the page was filled with; nothing is fetched but
// the audio of the track that is chosen. A page defines `f1Of` and `nameOf` of the
// index of a track, and `drawTracks`, `choose` and `moveHead`.
const summary = data.summary;

const FIRST = 10;
let chosen = null; // index into data.tracks
let everything = false;
let position = 0;

const audio = by("audio");
const scroller = by("scroller");
const rate = (value) => (known(value) ? value.toFixed(3) : "–");
const minutes = (seconds) =>
  known(seconds) ? `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}` : "–";

const interval = (ci, print = rate) => (ci ? `95 %: ${print(ci[0])} to ${print(ci[1])}` : "");
const tile = (name, value, note, drawn = null) =>
  element("div", { class: "tile" }, element("span", {}, name), element("b", {}, value), drawn, element("span", {}, note));

// Parts of tables.
const cell = (...content) => element("td", {}, ...content);
const barCell = (...content) => element("td", { class: "bar" }, ...content);
const bold = (content) => cell(element("b", {}, content));
const head = (...names) => element("thead", {}, element("tr", {}, names.map((name) => element("th", {}, name))));
const body = (...rows) => element("tbody", {}, ...rows);

// A cell of a matrix, shaded by so many percent of a colour.
const shaded = (content, colour, percent, attributes = {}) =>
  element("td", { ...attributes, style: percent ? { background: `color-mix(in srgb, var(${colour}) ${Math.round(percent)}%, var(--card))` } : {} }, content);

// F1 as a bar from 0 to 1, its interval across it, and with `marks` precision above, recall below.
function bar(row, height, marks, name = "F1") {
  if (!known(row.f1)) return null;
  const y = height / 2;
  const line = (x1, x2, y1, y2) => shape("line", { class: "range", x1: `${100 * x1}%`, x2: `${100 * x2}%`, y1, y2 });
  const ci = (row.ci95 || []).map((x) => Math.max(x, 0)); // correlations can be negative
  const range = ci.length ? [line(ci[0], ci[1], y, y), ci.map((x) => line(x, x, y - 4, y + 4))] : null;
  const glyph = (value, sign, base) =>
    known(value) && marks ? shape("text", { class: "glyph", x: `${100 * value}%`, y: base }, sign) : null;
  const thick = marks ? 10 : height - 6;
  const block = (kind, width) => shape("rect", { class: kind, width: `${width}%`, y: y - thick / 2, height: thick, rx: 3 });
  return shape("svg", { role: "img", "aria-label": `${name} ${rate(row.f1)}` },
    block("track", 100), block("fill", 100 * Math.max(row.f1, 0)), range,
    glyph(row.precision, "▾", y - 3), glyph(row.recall, "▴", y + 12));
}

const order = () => data.tracks.map((_, i) => i).sort((a, b) => (f1Of(a) ?? 2) - (f1Of(b) ?? 2) || a - b);

// All tracks, the worst first, and those that the table shows.
function chooseRows() {
  const sorted = order();
  by("more").hidden = sorted.length <= FIRST;
  by("more").textContent = everything ? `the worst ${FIRST} alone` : `all ${sorted.length} tracks`;
  return [sorted, everything ? sorted : sorted.slice(0, FIRST)];
}

// The row of a track in the table, up to its bar.
const trackRow = (i, track, ...cells) =>
  element("tr", { "data-track": i, class: i === chosen ? "chosen" : "" },
    element("td", { title: nameOf(i) }, nameOf(i)), cell(track.split), cell(minutes(track.duration)), ...cells);

// A strip of all tracks by F1; dots that would cover each other are stacked.
function drawDots(sorted) {
  const width = by("dots").clientWidth || 1100;
  const radius = sorted.length > 300 ? 2.5 : 4.5;
  const stacks = new Map();
  const base = sorted.length > 40 ? 50 : 26;
  const dots = sorted
    .filter((i) => known(f1Of(i)))
    .map((i) => {
      const x = radius + f1Of(i) * (width - 2 * radius);
      const bin = Math.round(x / (2 * radius));
      const level = stacks.get(bin) || 0;
      stacks.set(bin, level + 1);
      const y = Math.max(radius, base - radius - level * 2 * radius);
      return shape("circle", { "data-track": i, class: i === chosen ? "chosen" : "", cx: x.toFixed(1), cy: y, r: radius },
        shape("title", {}, `${nameOf(i)}: ${rate(f1Of(i))}`));
    });
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (f1) => shape("text", { x: f1 * width, y: base + 16, "text-anchor": f1 === 0 ? "start" : f1 === 1 ? "end" : "middle" }, f1 === 1 ? "F1 = 1" : f1),
  );
  const rule = shape("line", { class: "rule", x1: 0, x2: "100%", y1: base + 1, y2: base + 1 });
  show(by("dots"), shape("svg", { height: base + 20 }, rule, dots, ticks));
}

// Selects the track of this index, and loads its audio.
function select(index, sound) {
  chosen = index;
  position = 0;
  by("track").textContent = nameOf(index);
  by("silent").hidden = Boolean(sound);
  audio.hidden = !sound;
  if (sound) audio.src = sound;
  else audio.removeAttribute("src");
}

// Puts the head at this place of the timeline, and scrolls there if asked to.
function placeHead(x, scroll) {
  by("head").setAttribute("x1", x);
  by("head").setAttribute("x2", x);
  const visible = x >= scroller.scrollLeft && x < scroller.scrollLeft + scroller.clientWidth * 0.9;
  if (scroll && !visible) scroller.scrollLeft = x - scroller.clientWidth * 0.15;
}

function follow() {
  if (audio.paused) return;
  position = audio.currentTime;
  moveHead(true);
}

by("title").textContent = data.title;
show(by("failed"), summary.failed.map((row) => element("li", {}, `${row.track} left out: ${row.problem}`)));
by("more").addEventListener("click", () => {
  everything = !everything;
  drawTracks();
});
for (const id of ["tracks", "dots"]) {
  by(id)?.addEventListener("click", (event) => {
    const row = event.target.closest("[data-track]");
    if (row) choose(Number(row.dataset.track), true);
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !audio.src || event.target.closest("input, button, audio")) return;
  event.preventDefault();
  if (audio.paused) audio.play();
  else audio.pause();
});
requestAnimationFrame(function again() {
  follow();
  requestAnimationFrame(again);
});
