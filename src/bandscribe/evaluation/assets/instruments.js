const overTime = summary.task === "activity";

const decibels = (value) => (known(value) ? value.toFixed(1) : "–");
const share = (value) => (known(value) ? `${(100 * value).toFixed(1)} %` : "–");
// averages and classes ---------------------------------------------------------------------------

const NAMES = {
  top1: "Top 1", map: "Mean average precision", balanced_accuracy: "Balanced accuracy", exact_match: "Exact match",
  hamming: "Hamming score", lrap: "Label ranking", ece: "Calibration error", level_error_db: "Level error",
};
const SHOWN = overTime ? ["map", "balanced_accuracy", "level_error_db"] : ["top1", "exact_match", "map", "lrap", "hamming", "ece"];

function drawTiles() {
  const trivial = summary.always_on || {};
  const beside = (value) => (known(value) ? [element("br"), `always on: ${rate(value)}`] : null);
  const f1 = (name, key) =>
    tile(name, rate(summary[key].f1), [interval(summary[key].ci95), beside(trivial[`${key}_f1`])], bar(summary[key], 12));
  const others = SHOWN.filter((key) => known(summary[key])).map((key) => {
    const ci = summary[`${key}_ci95`];
    if (key === "level_error_db") return tile(NAMES[key], `${decibels(summary[key])} dB`, interval(ci, decibels));
    return tile(NAMES[key], rate(summary[key]), [interval(ci), beside(trivial[key])]);
  });
  const unit = overTime ? "all frames together" : "all predictions together";
  show(by("tiles"), f1(`F1, ${unit}`, "micro"), f1("F1, mean of classes", "macro"), others);
  const absent = summary.absent;
  by("remark").textContent = absent
    ? `Never played: ${absent.classes.join(", ")}. Predicted ${share(absent.called)} of the time; ${absent.worst} the most, ${share(absent.worst_called)}.`
    : "";
}

function drawClasses() {
  const heads = overTime
    ? ["F1", "precision", "recall", "AP", "balanced", "level dB", "annotated", "predicted"]
    : ["F1", "precision", "recall", "AP", "annotated", "missed", "false"];
  const rows = Object.entries(summary.per_class).map(([name, row]) => {
    const more = overTime
      ? [rate(row.balanced_accuracy), decibels(row.level_error_db), share(row.played), share(row.called)]
      : [row.tp + row.fn, row.fn, row.fp];
    const cells = [rate(row.precision), rate(row.recall), rate(row.ap), ...more];
    return element("tr", {}, cell(name), barCell(bar(row, 26, true)), bold(rate(row.f1)), cells.map((value) => cell(value)));
  });
  show(by("classes"), head("", "", ...heads), body(rows));
}

// matrices, or confusion and reliability -----------------------------------------------------------

function fill(id, title, note, content) {
  const section = by(id);
  section.hidden = !content;
  if (!content) return;
  section.querySelector("h2").textContent = title;
  section.querySelector("p").textContent = note;
  show(section.querySelector("div"), content);
}

// Rows with something in them; `paint` gives a colour and how much of it, `print` the text.
function table(rows, columns, cells, paint, print, title) {
  const lines = rows.map((row, i) => {
    if (cells[i].every((value) => !known(value))) return null;
    const shown = cells[i].map((value, j) => {
      if (!known(value)) return cell();
      return shaded(print(value), ...paint(value, i, j), { title: title(value, i, j) });
    });
    return element("tr", {}, element("th", {}, row), shown);
  });
  return element("table", { class: "matrix" }, head("", ...columns), body(lines));
}

function drawMatrix(id, name, note) {
  const matrix = summary[name];
  const classes = summary.classes;
  const content = matrix && table(
    classes, classes, matrix,
    (value, i, j) => [i === j ? "--accent" : "--miss", 6 + (74 * (value + 60)) / 60],
    (value) => value.toFixed(0),
    (value, i, j) => `${classes[i]} plays alone, estimated ${classes[j]}: ${value.toFixed(1)} dB`,
  );
  fill(id, name === "noise" ? "Noise" : "Leakage", note, content);
}

// Of the tracks in which a class is annotated, the share in which each class is predicted.
function drawTogether() {
  const classes = summary.classes;
  const number = classes.map((name) => data.tracks.filter((track) => track.annotated.includes(name)).length);
  const cells = classes.map((row, i) =>
    classes.map((column) => {
      const both = data.tracks.filter((track) => track.annotated.includes(row) && track.predicted[column][1]).length;
      return number[i] ? both / number[i] : null;
    }),
  );
  fill("left", "Predicted beside annotated classes", "Rows: annotated. Columns: the share of these tracks (in percent) for which the class is predicted. Other classes may be annotated too.",
    table(classes, classes, cells,
      (value, i, j) => [i === j ? "--hit" : "--false", value ? 8 + 62 * value : 0],
      (value) => (value ? (100 * value).toFixed(0) : "·"),
      (value, i, j) => `${classes[j]} in ${(100 * value).toFixed(1)} % of ${number[i]} tracks with ${classes[i]}`));
}

// How often a class is annotated, by its predicted probability.
function drawReliability() {
  const bins = summary.reliability;
  if (!bins || !bins.length) return fill("right", "", "", null);
  const [size, pad] = [250, 34];
  const total = bins.reduce((sum, bin) => sum + bin.number, 0);
  const at = (value) => pad + value * size;
  const points = bins.map((bin) =>
    shape("circle", { class: "point", cx: at(bin.confidence), cy: at(1 - bin.frequency), r: (3 + 14 * Math.sqrt(bin.number / total)).toFixed(1) },
      shape("title", {}, `${bin.number} predictions of probability ${rate(bin.confidence)}: annotated in ${rate(bin.frequency)}`)));
  const ticks = [0, 0.5, 1].map((tick) => [
    shape("text", { x: at(tick), y: at(1) + 18, "text-anchor": "middle" }, tick),
    shape("text", { x: pad - 8, y: at(1 - tick) + 4, "text-anchor": "end" }, tick),
  ]);
  fill("right", "Reliability of probabilities", "Horizontal: predicted probability. Vertical: share of these predictions in which the class is annotated. Larger dots are of more predictions; on the dashed line, probabilities are calibrated.",
    shape("svg", { width: size + 2 * pad, height: size + 2 * pad, role: "img", "aria-label": "Reliability" },
      shape("rect", { class: "lane", x: pad, y: pad, width: size, height: size }),
      shape("line", { class: "diagonal", x1: at(0), y1: at(1), x2: at(1), y2: at(0) }), points, ticks));
}

// tracks -----------------------------------------------------------------------------------------

const f1Of = (i) => data.tracks[i].f1;
const nameOf = (i) => data.tracks[i].track;

// Each class that is annotated or predicted: right, missed or false.
function outcomes(track) {
  return summary.classes
    .map((name) => [name, track.annotated.includes(name), track.predicted[name][1], track.predicted[name][0]])
    .filter(([, annotated, predicted]) => annotated || predicted)
    .map(([name, annotated, predicted, score]) => [name, annotated && predicted ? "right" : annotated ? "missed" : "extra", score]);
}

function drawTracks() {
  const [sorted, shown] = chooseRows();
  const rows = shown.map((i) => {
    const track = data.tracks[i];
    const more = overTime
      ? cell(decibels(track.level_error_db))
      : element("td", { class: "labels" }, outcomes(track).map(([name, kind]) => [element("span", { class: kind }, name), " "]));
    return trackRow(i, track, barCell(bar(track, 14)), bold(rate(track.f1)), cell(rate(track.precision)), cell(rate(track.recall)), more);
  });
  const heads = head("", "split", "length", "", "F1", "precision", "recall", overTime ? "level dB" : "right, missed, false");
  if (!overTime) heads.querySelector("th:last-child").className = "labels";
  show(by("tracks"), heads, body(rows));
  // Of a clip F1 has few values: the dots of a large corpus would be three columns.
  if (overTime) drawDots(sorted);
}

// lanes over time ----------------------------------------------------------------------------------

const LANE = 40;
const AXIS = 20;

function choose(index, jump) {
  const track = data.tracks[index];
  select(index, track.sound);
  by("score").textContent = `F1 ${rate(track.f1)} · ${minutes(track.duration)}`;
  show(by("predicted"), overTime ? null : outcomes(track).map(([name, kind, score]) => element("span", { class: kind }, `${name} ${score.toFixed(2)}`)));
  drawTracks();
  drawLanes();
  if (jump) by("listen").scrollIntoView({ behavior: "smooth", block: "start" });
}

const inside = (stretches, time) => (stretches || []).some(([first, last]) => time >= first && time < last);

// A strip under the curve: right, missed or false in each tenth of a second.
function drawErrors(lane, values, step, at, y) {
  const parts = [];
  values.forEach((value, i) => {
    const time = (i + 0.5) * step;
    if (!lane.played || inside(lane.open, time)) return;
    const [annotated, predicted] = [inside(lane.played, time), value >= lane.threshold];
    if (!annotated && !predicted) return;
    const kind = annotated && predicted ? "agreed" : annotated ? "gone" : "wrong";
    const last = parts[parts.length - 1];
    if (last && last.kind === kind && last.end === i) last.end = i + 1;
    else parts.push({ kind, start: i, end: i + 1 });
  });
  return parts.map(({ kind, start, end }) =>
    shape("rect", { class: kind, x: at(start * step), width: ((end - start) * step * at.scale).toFixed(1), y, height: 4 }));
}

function drawLanes() {
  const track = data.tracks[chosen];
  const lanes = track.lanes && track.lanes.lanes;
  const matters = (name) =>
    overTime || track.annotated.includes(name) || [...lanes[name].curve].some((digit) => parseInt(digit, 36) / 35 >= lanes[name].threshold);
  const names = lanes ? Object.keys(lanes).filter((name) => summary.classes.includes(name) && matters(name)) : [];
  by("stage").hidden = !names.length;
  const sample = (label, ...drawn) => element("span", {}, shape("svg", { width: 22, height: 14 }, ...drawn), label);
  const block = (kind) => shape("rect", { class: kind, width: 22, height: 14 });
  const strip = (kind) => shape("rect", { class: kind, y: 5, width: 22, height: 4 });
  const quiet = (label) => element("span", { class: "quiet" }, label);
  show(by("legend"), !names.length
    ? quiet(track.lanes ? "no curves over time here" : `curves are drawn for the ${data.limit} worst tracks`)
    : [
        sample("probability", shape("path", { class: "curve", d: "M1 12 L8 4 L14 9 L21 2" })),
        sample("threshold", shape("line", { class: "bound", x1: 1, x2: 21, y1: 7, y2: 7 })),
        overTime
          ? [sample("annotated", block("played")), sample("not known", block("open")),
             sample("right", strip("agreed")), sample("missed", strip("gone")), sample("false", strip("wrong"))]
          : null,
        quiet("click to go there, space to play"),
      ]);
  show(by("names"), names.map((name) => element("div", { style: { height: `${LANE}px`, "line-height": `${LANE}px` } }, name)));
  if (!names.length) return void show(scroller);
  const step = 1 / track.lanes.rate;
  const duration = Math.max(track.duration || 0, ...names.map((name) => lanes[name].curve.length * step));
  const width = Math.max(scroller.clientWidth || 1000, Math.min(duration * 12, 12000));
  const at = (time) => (time * at.scale).toFixed(1);
  at.scale = width / duration;
  const height = names.length * LANE + AXIS;
  const parts = [];
  const tick = [0.5, 1, 2, 5, 10, 20, 30, 60, 120].find((s) => s * at.scale >= 60) || 300;
  names.forEach((name, i) => {
    const lane = lanes[name];
    const [top, room] = [i * LANE + 2, LANE - 10];
    const values = [...lane.curve].map((digit) => parseInt(digit, 36) / 35);
    parts.push(shape("rect", { class: "lane", x: 0, y: top, width, height: LANE - 4 }));
    for (const [kind, stretches] of [["played", lane.played], ["open", lane.open]])
      for (const [first, last] of stretches || [])
        parts.push(shape("rect", { class: kind, x: at(first), width: ((last - first) * at.scale).toFixed(1), y: top, height: LANE - 4 }));
    const y = (value) => (top + 1 + room * (1 - value)).toFixed(1);
    parts.push(shape("line", { class: "bound", x1: 0, x2: width, y1: y(lane.threshold), y2: y(lane.threshold) }));
    parts.push(shape("path", { class: "curve", d: values.map((value, k) => `${k ? "L" : "M"}${at((k + 0.5) * step)} ${y(value)}`).join("") }));
    parts.push(drawErrors(lane, values, step, at, top + LANE - 8));
  });
  for (let k = 0; k * tick <= duration; k++) {
    const x = at(k * tick);
    parts.push(shape("line", { class: "rule", x1: x, x2: x, y1: 0, y2: height - AXIS }));
    if (Number(x) <= width - 40)
      parts.push(shape("text", { x: Number(x) + 3, y: height - 5 }, `${minutes(k * tick)}${tick < 1 ? `.${Math.round((k * tick * 10) % 10)}` : ""}`));
  }
  show(scroller, shape("svg", { width, height }, parts, shape("line", { id: "head", class: "head", y1: 0, y2: height - AXIS })));
  scroller.dataset.scale = at.scale;
  moveHead(false);
}

function moveHead(follow) {
  by("clock").textContent = `${position.toFixed(1)} s`;
  if (by("head")) placeHead(position * Number(scroller.dataset.scale), follow);
}

// wiring -----------------------------------------------------------------------------------------

by("about").textContent = [data.about, summary.setup].filter(Boolean).join(" · ");
scroller.addEventListener("click", (event) => {
  const x = event.clientX - scroller.getBoundingClientRect().left + scroller.scrollLeft;
  position = x / Number(scroller.dataset.scale);
  if (audio.src) audio.currentTime = position;
  moveHead(false);
});
drawTiles();
drawClasses();
by("strip").hidden = !overTime;
if (overTime) {
  drawMatrix("left", "noise", "While one class plays alone (row): mean difference of estimated and annotated amplitude of each class (column), in dB; -60 is best.");
  drawMatrix("right", "leakage", "While one class plays alone (row): estimated amplitude of each other class (column), in dB relative to it; -60 is best.");
} else {
  drawTogether();
  drawReliability();
}
window.addEventListener("resize", () => {
  drawTracks();
  drawLanes();
});
choose(order()[0], false);
