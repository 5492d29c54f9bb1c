const counts = data.counts;
let count = counts[0];

const figures = () => summary[`classes_${count}`];
// averages and classes ---------------------------------------------------------------------------

function drawTiles() {
  const { micro, macro, track_mean: mean } = figures();
  show(by("tiles"),
    tile("F1, all onsets together", rate(micro.f1), interval(micro.ci95), bar(micro, 12)),
    tile("F1, mean of classes", rate(macro.f1), interval(macro.ci95), bar(macro, 12)),
    tile("F1, mean of tracks", rate(mean.f1), interval(mean.ci95), bar(mean, 12)),
    tile("Precision", rate(micro.precision), `${micro.fp.toLocaleString("en")} false alarms`),
    tile("Recall", rate(micro.recall), `${micro.fn.toLocaleString("en")} of ${(micro.tp + micro.fn).toLocaleString("en")} missed`));
  by("tolerances").textContent =
    "F1 of all onsets " +
    figures().tolerances.map((row) => `within ±${1000 * row.tolerance} ms: ${rate(row.micro.f1)}`).join(", ") + ".";
}

function drawClasses() {
  const rows = Object.entries(figures().per_class).map(([name, row]) =>
    element("tr", {}, cell(name), barCell(bar(row, 26, true)), bold(rate(row.f1)),
      [rate(row.precision), rate(row.recall), row.tp + row.fn, row.fn, row.fp].map((value) => cell(value))));
  show(by("classes"), head("", "", "F1", "precision", "recall", "annotated", "missed", "false alarms"), body(rows));
}

function drawConfusion() {
  const { classes, onsets } = figures().confusion;
  const last = classes.length - 1;
  const rows = onsets.map((row, i) => {
    const total = row.reduce((a, b) => a + b, 0);
    const cells = row.map((n, j) => {
      if (i === last && j === last) return cell();
      const share = total ? n / total : 0;
      const colour = i === j ? "--hit" : j === last ? "--miss" : "--false";
      return shaded(n, colour, n && 8 + 62 * share, { class: n ? "" : "none", title: `${(100 * share).toFixed(1)} % of the row` });
    });
    return element("tr", {}, element("th", {}, i === last ? "nothing" : classes[i]), cells);
  });
  show(by("confusion"), head("", ...classes.map((name, i) => (i === last ? "missed" : name))), body(rows));
}

// velocities and beats -----------------------------------------------------------------------------

const STEPS = 127;

function drawVelocities() {
  const velocity = figures().velocity;
  by("velocity").hidden = !velocity;
  if (!velocity) return;
  const steps = (value) => (value === null ? "–" : (STEPS * value).toFixed(1));
  const row = (name, found) =>
    element("tr", {}, cell(name), barCell(bar({ f1: found.pearson, ci95: found.pearson_ci95 }, 16, false, "correlation")),
      bold(rate(found.pearson)), cell(steps(found.mae)), cell(steps(found.bias)), cell(found.pairs));
  const classes = Object.entries(velocity.per_class).filter(([, found]) => found.pairs);
  show(by("velocities"), head("", "", "correlation", "error", "bias", "hits"),
    body(row("all", velocity.micro), classes.map(([name, found]) => row(name, found))));
}

const LEVELS = { right: "right", offbeat: "off the beat", double: "twice as fast", half: "half as fast", none: "none of these" };

function drawBeats() {
  const found = summary.beats;
  by("beats").hidden = !found;
  if (!found) return;
  by("beats-how").textContent =
    `Mean of ${found.tracks} track${found.tracks === 1 ? "" : "s"}, within ±${1000 * found.tolerance} ms, after the first ${found.skip} s.`;
  const row = (name, f1, ci95, more) =>
    element("tr", {}, cell(name), barCell(bar({ f1, ci95 }, 16, false, name)), bold(rate(f1)), more);
  const rates = ({ precision, recall }) => [cell(rate(precision)), cell(rate(recall))];
  const { beats, downbeats, continuity } = found;
  const share = (name, key) => row(name, continuity[key], continuity[`${key}_ci95`], [cell(), cell()]);
  show(by("grid"), head("", "", "", "precision", "recall"), body(
    row("F1 of beats", beats.f1, beats.ci95, rates(beats)),
    row("F1 of downbeats", downbeats.f1, downbeats.ci95, rates(downbeats)),
    share("CMLt: in tempo", "cmlt"), share("AMLt: at any level", "amlt")));
  let left = 0;
  const parts = Object.entries(found.levels).map(([name, number]) => {
    const width = (100 * number) / found.tracks;
    left += width;
    return shape("rect", { class: name, x: `${left - width}%`, width: `${width}%`, height: 14 }, shape("title", {}, `${number} ${LEVELS[name]}`));
  });
  const levels = Object.entries(found.levels).filter(([, number]) => number).map(([name, number]) => `${number} ${LEVELS[name]}`);
  show(by("levels"), shape("svg", { role: "img", "aria-label": "Tempo" }, parts), `Tempo, in tracks: ${levels.join(", ")}.`);
}

// tracks -----------------------------------------------------------------------------------------

const scoreOf = (track) => track.scores[count];
const f1Of = (i) => scoreOf(data.tracks[i]).f1;
const nameOf = (i) => data.tracks[i].track;

// The F1 of a track's beats, and what is wrong with its tempo.
function beatsOf({ beats }) {
  if (!summary.beats) return null;
  if (!beats || !beats.level) return cell("–");
  const wrong = beats.level !== "right" && beats.level !== "none";
  return cell(wrong ? [element("span", { class: "quiet" }, LEVELS[beats.level]), " "] : null, rate(beats.f1));
}

function drawTracks() {
  const [sorted, shown] = chooseRows();
  const rows = shown.map((i) => {
    const track = data.tracks[i];
    const row = scoreOf(track);
    return trackRow(i, track, barCell(bar(row, 14)), bold(rate(row.f1)),
      [rate(row.precision), rate(row.recall), row.tp + row.fn, row.fn, row.fp].map((value) => cell(value)), beatsOf(track));
  });
  const names = ["", "split", "length", "", "F1", "precision", "recall", "annotated", "missed", "false alarms"];
  show(by("tracks"), head(...names, ...(summary.beats ? ["beats"] : [])), body(rows));
  drawDots(sorted);
}

// timeline ---------------------------------------------------------------------------------------

const LANE = 34;
const AXIS = 20;
let errors = [];

function choose(index, jump) {
  select(index, data.tracks[index].sound);
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
    show(by("names"));
    show(scroller);
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
  names.forEach((_, i) => parts.push(shape("rect", { class: "lane", x: 0, y: i * LANE + 2, width, height: LANE - 4 })));
  for (let k = 0; k * step <= track.duration; k++) {
    const x = at(k * step);
    parts.push(shape("line", { class: "rule", x1: x, x2: x, y1: 0, y2: height - AXIS }), shape("text", { x, y: height - 5 }, `${+(k * step).toFixed(2)} s`));
  }
  names.forEach((name, i) => {
    const top = i * LANE + 6;
    const middle = i * LANE + LANE / 2;
    const lane = lanes[name];
    for (const [annotated, estimated] of lane.hits) {
      const ms = 1000 * (estimated - annotated);
      parts.push(shape("g", {},
        shape("title", {}, `${name} ${annotated.toFixed(3)} s, estimated ${Math.abs(ms).toFixed(0)} ms ${ms < 0 ? "early" : "late"}`),
        shape("line", { class: "drift", x1: at(annotated), x2: at(estimated), y1: middle, y2: middle }),
        shape("line", { class: "hit", x1: at(annotated), x2: at(annotated), y1: top, y2: top + LANE - 12 })));
    }
    for (const time of lane.misses) {
      errors.push(time);
      parts.push(shape("circle", { class: "miss", cx: at(time), cy: middle, r: 5.5 }, shape("title", {}, `${name} ${time.toFixed(3)} s, missed`)));
    }
    for (const time of lane.false_alarms) {
      errors.push(time);
      const x = Number(at(time));
      parts.push(shape("path", { class: "false", d: `M${x - 4.5} ${middle - 4.5}l9 9M${x + 4.5} ${middle - 4.5}l-9 9` },
        shape("title", {}, `${name} ${time.toFixed(3)} s, false alarm`)));
    }
  });
  errors.sort((a, b) => a - b);
  show(by("names"), names.map((name) => element("div", {}, name)));
  show(scroller, shape("svg", { width, height }, parts, shape("line", { id: "head", class: "head", y1: 0, y2: height - AXIS })));
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
  if (!by("head")) return;
  by("clock").textContent = `${position.toFixed(2)} s`;
  placeHead(position * Number(by("zoom").value) + 6, follow);
  drawOverview();
}

function seek(time, follow) {
  position = Math.min(Math.max(time, 0), data.tracks[chosen].duration);
  if (audio.src) audio.currentTime = position;
  moveHead(follow);
}

// To half a second before an error, so that its context is audible.
function toError(forward) {
  const lead = 0.5;
  const here = position + lead;
  const found = forward ? errors.find((t) => t > here + 0.02) : errors.findLast((t) => t < here - 0.02);
  if (found !== undefined) seek(found - lead, true);
}

// wiring -----------------------------------------------------------------------------------------

function draw() {
  by("about").textContent = [data.about, summary.literature[count], summary.setup].filter(Boolean).join(" · ");
  show(by("tabs"), counts.map((n) => element("button", { type: "button", role: "tab", "data-count": n, "aria-selected": n === count }, `${n} classes`)));
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
