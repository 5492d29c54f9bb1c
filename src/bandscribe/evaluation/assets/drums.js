const counts = data.counts;
let count = counts[0];

const figures = () => summary[`classes_${count}`];
// averages and classes ---------------------------------------------------------------------------

function drawTiles() {
  const { micro, macro, track_mean: mean } = figures();
  by("tiles").innerHTML =
    tile("F1, all onsets together", rate(micro.f1), interval(micro.ci95), bar(micro, 12)) +
    tile("F1, mean of classes", rate(macro.f1), interval(macro.ci95), bar(macro, 12)) +
    tile("F1, mean of tracks", rate(mean.f1), interval(mean.ci95), bar(mean, 12)) +
    tile("Precision", rate(micro.precision), `${micro.fp.toLocaleString("en")} false alarms`) +
    tile("Recall", rate(micro.recall), `${micro.fn.toLocaleString("en")} of ${(micro.tp + micro.fn).toLocaleString("en")} missed`);
  by("tolerances").textContent =
    "F1 of all onsets " +
    figures().tolerances.map((row) => `within ±${1000 * row.tolerance} ms: ${rate(row.micro.f1)}`).join(", ") + ".";
}

function drawClasses() {
  const rows = Object.entries(figures().per_class).map(
    ([name, row]) =>
      `<tr><td>${name}</td><td class="bar">${bar(row, 26, true)}</td><td><b>${rate(row.f1)}</b></td><td>${rate(row.precision)}</td>` +
      `<td>${rate(row.recall)}</td><td>${row.tp + row.fn}</td><td>${row.fn}</td><td>${row.fp}</td></tr>`,
  );
  by("classes").innerHTML =
    "<thead><tr><th></th><th></th><th>F1</th><th>precision</th><th>recall</th><th>played</th><th>missed</th><th>false</th></tr></thead>" +
    `<tbody>${rows.join("")}</tbody>`;
}

function drawConfusion() {
  const { classes, onsets } = figures().confusion;
  const last = classes.length - 1;
  const heads = classes.map((name, i) => `<th>${i === last ? "missed" : name}</th>`).join("");
  const rows = onsets.map((row, i) => {
    const total = row.reduce((a, b) => a + b, 0);
    const cells = row.map((n, j) => {
      if (i === last && j === last) return "<td></td>";
      const share = total ? n / total : 0;
      const colour = i === j ? "--hit" : j === last ? "--miss" : "--false";
      const paint = n ? `background:color-mix(in srgb, var(${colour}) ${Math.round(8 + 62 * share)}%, var(--card))` : "";
      return `<td class="${n ? "" : "none"}" style="${paint}" title="${(100 * share).toFixed(1)} % of the row">${n}</td>`;
    });
    return `<tr><th>${i === last ? "nothing" : classes[i]}</th>${cells.join("")}</tr>`;
  });
  by("confusion").innerHTML = `<thead><tr><th></th>${heads}</tr></thead><tbody>${rows.join("")}</tbody>`;
}

// velocities and beats -----------------------------------------------------------------------------

const STEPS = 127;

function drawVelocities() {
  const velocity = figures().velocity;
  by("velocity").hidden = !velocity;
  if (!velocity) return;
  const steps = (value) => (value === null ? "–" : (STEPS * value).toFixed(1));
  const row = (name, found) =>
    `<tr><td>${name}</td><td class="bar">${bar({ f1: found.pearson, ci95: found.pearson_ci95 }, 16, false, "correlation")}</td>` +
    `<td><b>${rate(found.pearson)}</b></td><td>${steps(found.mae)}</td><td>${steps(found.bias)}</td><td>${found.pairs}</td></tr>`;
  const classes = Object.entries(velocity.per_class).filter(([, found]) => found.pairs);
  by("velocities").innerHTML =
    "<thead><tr><th></th><th></th><th>correlation</th><th>error</th><th>bias</th><th>hits</th></tr></thead>" +
    `<tbody>${row("all", velocity.micro)}${classes.map(([name, found]) => row(name, found)).join("")}</tbody>`;
}

const LEVELS = { right: "right", offbeat: "off the beat", double: "twice as fast", half: "half as fast", none: "none of these" };

function drawBeats() {
  const found = summary.beats;
  by("beats").hidden = !found;
  if (!found) return;
  by("beats-how").textContent =
    `Mean of ${found.tracks} track${found.tracks === 1 ? "" : "s"}, within ±${1000 * found.tolerance} ms, after the first ${found.skip} s.`;
  const row = (name, f1, ci95, more) =>
    `<tr><td>${name}</td><td class="bar">${bar({ f1, ci95 }, 16, false, name)}</td><td><b>${rate(f1)}</b></td>${more}</tr>`;
  const rates = ({ precision, recall }) => `<td>${rate(precision)}</td><td>${rate(recall)}</td>`;
  const { beats, downbeats, continuity } = found;
  const share = (name, key) => row(name, continuity[key], continuity[`${key}_ci95`], "<td></td><td></td>");
  by("grid").innerHTML =
    "<thead><tr><th></th><th></th><th></th><th>precision</th><th>recall</th></tr></thead><tbody>" +
    row("F1 of beats", beats.f1, beats.ci95, rates(beats)) +
    row("F1 of downbeats", downbeats.f1, downbeats.ci95, rates(downbeats)) +
    share("CMLt: in tempo", "cmlt") + share("AMLt: at any level", "amlt") + "</tbody>";
  let left = 0;
  const parts = Object.entries(found.levels).map(([name, number]) => {
    const width = (100 * number) / found.tracks;
    left += width;
    return `<rect class="${name}" x="${left - width}%" width="${width}%" height="14"><title>${number} ${LEVELS[name]}</title></rect>`;
  });
  const said = Object.entries(found.levels).filter(([, number]) => number).map(([name, number]) => `${number} ${LEVELS[name]}`);
  by("levels").innerHTML = `<svg role="img" aria-label="Tempo">${parts.join("")}</svg>Tempo, in tracks: ${said.join(", ")}.`;
}

// tracks -----------------------------------------------------------------------------------------

const scoreOf = (track) => track.scores[count];
const f1Of = (i) => scoreOf(data.tracks[i]).f1;
const nameOf = (i) => data.tracks[i].id;

// The F1 of a track's beats, and what is wrong with its tempo.
function beatsOf({ beats }) {
  if (!summary.beats) return "";
  if (!beats || !beats.level) return "<td>–</td>";
  return `<td>${beats.level === "right" || beats.level === "none" ? "" : `<span class="quiet">${LEVELS[beats.level]}</span> `}${rate(beats.f1)}</td>`;
}

function drawTracks() {
  const [sorted, shown] = chooseRows();
  const rows = shown.map((i) => {
    const track = data.tracks[i];
    const row = scoreOf(track);
    return (
      `<tr data-track="${i}" class="${i === chosen ? "chosen" : ""}"><td title="${text(track.id)}">${text(track.id)}</td><td>${text(track.split)}</td>` +
      `<td>${minutes(track.duration)}</td><td class="bar">${bar(row, 14)}</td><td><b>${rate(row.f1)}</b></td><td>${rate(row.precision)}</td>` +
      `<td>${rate(row.recall)}</td><td>${row.tp + row.fn}</td><td>${row.fn}</td><td>${row.fp}</td>${beatsOf(track)}</tr>`
    );
  });
  by("tracks").innerHTML =
    `<thead><tr><th></th><th>split</th><th>length</th><th></th><th>F1</th><th>precision</th><th>recall</th><th>played</th><th>missed</th><th>false</th>${summary.beats ? "<th>beats</th>" : ""}</tr></thead>` +
    `<tbody>${rows.join("")}</tbody>`;
  drawDots(sorted);
}

// timeline ---------------------------------------------------------------------------------------

const LANE = 34;
const AXIS = 20;
let errors = [];

function choose(index, jump) {
  turnTo(index, data.tracks[index].audio);
  drawTracks();
  drawTimeline();
  scroller.scrollLeft = 0;
  if (jump) by("listen").scrollIntoView({ behavior: "smooth", block: "start" });
}

function drawTimeline() {
  const track = data.tracks[chosen];
  const row = scoreOf(track);
  by("score").textContent = `F1 ${rate(row.f1)} · ${row.tp} hits, ${row.fn} missed, ${row.fp} false alarms · ${minutes(track.duration)}`;
  const lanes = track.lanes && track.lanes[count];
  by("stage").hidden = by("overview").hidden = !lanes;
  errors = [];
  if (!lanes) {
    by("names").innerHTML = "";
    scroller.innerHTML = "";
    by("score").textContent += ` · timelines are drawn for the ${data.limit} worst tracks`;
    return;
  }
  const scale = Number(by("zoom").value);
  const names = Object.keys(lanes);
  const width = Math.max(track.duration * scale + 20, scroller.clientWidth);
  const height = names.length * LANE + AXIS;
  const at = (time) => (time * scale + 6).toFixed(1);
  const parts = [];
  const step = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30].find((s) => s * scale >= 60) || 60;
  names.forEach((_, i) => parts.push(`<rect class="lane" x="0" y="${i * LANE + 2}" width="${width}" height="${LANE - 4}"/>`));
  for (let k = 0; k * step <= track.duration; k++) {
    const x = at(k * step);
    parts.push(`<line class="rule" x1="${x}" x2="${x}" y1="0" y2="${height - AXIS}"/><text x="${x}" y="${height - 5}">${+(k * step).toFixed(2)} s</text>`);
  }
  names.forEach((name, i) => {
    const top = i * LANE + 6;
    const middle = i * LANE + LANE / 2;
    const lane = lanes[name];
    for (const [played, heard] of lane.hits) {
      const ms = 1000 * (heard - played);
      parts.push(
        `<g><title>${name} ${played.toFixed(3)} s, heard ${Math.abs(ms).toFixed(0)} ms ${ms < 0 ? "early" : "late"}</title>` +
          `<line class="drift" x1="${at(played)}" x2="${at(heard)}" y1="${middle}" y2="${middle}"/>` +
          `<line class="hit" x1="${at(played)}" x2="${at(played)}" y1="${top}" y2="${top + LANE - 12}"/></g>`,
      );
    }
    for (const time of lane.misses) {
      errors.push(time);
      parts.push(`<circle class="miss" cx="${at(time)}" cy="${middle}" r="5.5"><title>${name} ${time.toFixed(3)} s, missed</title></circle>`);
    }
    for (const time of lane.false_alarms) {
      errors.push(time);
      const x = Number(at(time));
      parts.push(`<path class="false" d="M${x - 4.5} ${middle - 4.5}l9 9M${x + 4.5} ${middle - 4.5}l-9 9"><title>${name} ${time.toFixed(3)} s, false alarm</title></path>`);
    }
  });
  errors.sort((a, b) => a - b);
  by("names").innerHTML = names.map((name) => `<div>${name}</div>`).join("");
  scroller.innerHTML = `<svg width="${width}" height="${height}">${parts.join("")}<line id="head" class="head" y1="0" y2="${height - AXIS}"/></svg>`;
  moveHead(false);
}

// The whole track in one strip: hits as thin grey lines, errors above them in their colours.
function drawOverview() {
  const canvas = by("overview");
  const track = data.tracks[chosen];
  const lanes = track.lanes && track.lanes[count];
  if (!lanes) return;
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  canvas.width = width * ratio;
  canvas.height = 44 * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement);
  const at = (time) => (time / track.duration) * width;
  const paint = (times, name, y, height, alpha) => {
    pen.fillStyle = style.getPropertyValue(name);
    pen.globalAlpha = alpha;
    for (const time of times) pen.fillRect(at(time), y, 1.5, height);
  };
  for (const lane of Object.values(lanes)) {
    paint(lane.hits.map((pair) => pair[0]), "--hit", 29, 12, 0.35);
    paint(lane.misses, "--miss", 3, 11, 0.9);
    paint(lane.false_alarms, "--false", 16, 11, 0.9);
  }
  const scale = Number(by("zoom").value);
  pen.globalAlpha = 1;
  pen.strokeStyle = style.getPropertyValue("--ink");
  pen.strokeRect(at(scroller.scrollLeft / scale) + 0.5, 0.5, Math.min(width - 1, at(scroller.clientWidth / scale)), 43);
  pen.fillStyle = style.getPropertyValue("--ink");
  pen.fillRect(at(position), 0, 1.5, 44);
}

function moveHead(follow) {
  const head = by("head");
  if (!head) return;
  const scale = Number(by("zoom").value);
  const x = position * scale + 6;
  head.setAttribute("x1", x);
  head.setAttribute("x2", x);
  by("clock").textContent = `${position.toFixed(2)} s`;
  const seen = x > scroller.scrollLeft + 10 && x < scroller.scrollLeft + scroller.clientWidth * 0.9;
  if (follow && !seen) scroller.scrollLeft = x - scroller.clientWidth * 0.15;
  drawOverview();
}

function seek(time, follow) {
  position = Math.min(Math.max(time, 0), data.tracks[chosen].duration);
  if (audio.src) audio.currentTime = position;
  moveHead(follow);
}

// To half a second before an error, so that one hears what leads to it.
function toError(forward) {
  const lead = 0.5;
  const here = position + lead;
  const found = forward ? errors.find((t) => t > here + 0.02) : errors.findLast((t) => t < here - 0.02);
  if (found !== undefined) seek(found - lead, true);
}

// wiring -----------------------------------------------------------------------------------------

function draw() {
  by("about").textContent = [data.about, summary.literature[count], summary.setup].filter(Boolean).join(" · ");
  by("tabs").innerHTML = counts
    .map((n) => `<button type="button" role="tab" data-count="${n}" aria-selected="${n === count}">${n} classes</button>`)
    .join("");
  drawTiles();
  drawClasses();
  drawConfusion();
  drawVelocities();
  drawBeats();
  drawTracks();
  drawTimeline();
}

by("tabs").addEventListener("click", (event) => {
  if (!event.target.dataset.count) return;
  count = Number(event.target.dataset.count);
  draw();
});
by("next").addEventListener("click", () => toError(true));
by("back").addEventListener("click", () => toError(false));
by("zoom").addEventListener("input", () => {
  drawTimeline();
  moveHead(true);
});
scroller.addEventListener("click", (event) => {
  const x = event.clientX - scroller.getBoundingClientRect().left + scroller.scrollLeft;
  seek((x - 6) / Number(by("zoom").value), false);
});
scroller.addEventListener("scroll", drawOverview);
by("overview").addEventListener("click", (event) =>
  seek((event.offsetX / by("overview").clientWidth) * data.tracks[chosen].duration, true),
);
audio.addEventListener("timeupdate", follow);
document.addEventListener("keydown", (event) => {
  if (event.key === "n") toError(true);
  if (event.key === "p") toError(false);
});
window.addEventListener("resize", draw);
chosen = order()[0];
draw();
choose(chosen, false);
