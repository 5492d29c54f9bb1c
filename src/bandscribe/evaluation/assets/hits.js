const NAMES = { frequent: "Five most frequent classes", all: "All classes", wide: "Joined into five classes" };
const PREDICTED = 5; // classes whose probabilities are shown of a clip

const f1Of = (i) => (data.tracks[i].right ? 1 : -1) * data.tracks[i].probability;
const nameOf = (i) => data.tracks[i].track;
const moveHead = () => {};

function drawTiles() {
  const none = summary.null;
  show(by("tiles"),
    Object.keys(NAMES).filter((key) => summary[key]).map((key) =>
      tile(`Accuracy: ${NAMES[key].toLowerCase()}`, rate(summary[key].figures.accuracy),
        `${interval(summary[key].ci95)}, ${summary[key].clips} clips`)),
    none.number ? tile("No drum", rate(none.abstained), `share of ${none.number} clips without a predicted class`) : null);
}

function drawConfusion() {
  const { classes, confusion } = summary.all || summary.wide || { classes: [], confusion: [] };
  const used = (cells) => cells.some((n) => n);
  const columns = [...classes, "none"].map((name, j) => [name, j]).filter(([, j]) => used(confusion.map((row) => row[j])));
  const rows = confusion.map((row, i) => {
    const total = row.reduce((a, b) => a + b, 0);
    return total && element("tr", {}, element("th", {}, classes[i]), columns.map(([, j]) => {
      const colour = i === j ? "--hit" : j === classes.length ? "--miss" : "--false";
      return shaded(row[j] || "·", colour, row[j] && 8 + (62 * row[j]) / total);
    }));
  }).filter(Boolean);
  show(by("confusion"), element("table", { class: "matrix" }, head("", ...columns.map(([name]) => name)), body(rows)));
}

function drawTracks() {
  const rows = chooseRows()[1].map((i) => {
    const { track, label, predicted, probability, right } = data.tracks[i];
    return element("tr", { "data-track": i, class: i === chosen ? "chosen" : "" },
      element("td", { title: track }, track), cell(label ?? "none"),
      element("td", {}, element("span", { class: right ? "right" : "extra" }, predicted ?? "none")), cell(rate(probability)));
  });
  show(by("tracks"), head("", "annotated", "predicted", "probability"), body(rows));
}

function choose(index, play) {
  const track = data.tracks[index];
  select(index, track.sound);
  const scores = Object.entries(track.lanes || {}).sort((a, b) => b[1] - a[1]).slice(0, PREDICTED);
  show(by("predicted"), scores.map(([name, score]) => element("span", { class: name === track.label ? "right" : "" }, `${name} ${score.toFixed(2)}`)));
  drawTracks();
  if (play && track.sound) audio.play().catch(() => {});
}

by("about").textContent = data.about;
drawTiles();
drawConfusion();
choose(order()[0], false);
