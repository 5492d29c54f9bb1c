// Every key, what it does, and the table of them.

// [keys as shown, what it does, which events, the action of `page`].
const TABLE = [
  ["Space", "play or pause", ["Space"], (page) => page.playOrPause()],
  ["← →", "the selected notes 10 ms earlier or later; without any, the cursor by a beat",
    ["ArrowLeft", "ArrowRight"], (page, event) => page.sideways(event.key === "ArrowLeft" ? -1 : 1, 0.01)],
  ["Shift ← →", "the same by 1 ms",
    ["Shift+ArrowLeft", "Shift+ArrowRight"], (page, event) => page.sideways(event.key === "ArrowLeft" ? -1 : 1, 0.001)],
  ["↑ ↓", "the selected notes to the drum above or below; without any, the lane",
    ["ArrowUp", "ArrowDown"], (page, event) => page.vertically(event.key === "ArrowUp" ? -1 : 1)],
  [", .", "the note before or after", [",", "."], (page, event) => page.step(event.key === "," ? -1 : 1, false)],
  ["< >", "the same in the current lane", ["Shift+<", "Shift+>", "<", ">", "Shift+;", "Shift+:"],
    (page, event) => page.step("<;".includes(event.key) ? -1 : 1, true)],
  ["A", "add a note to the current lane at the cursor", ["a"], (page) => page.addHere()],
  ["Del", "delete the selected notes", ["Delete", "Backspace"], (page) => page.remove()],
  ["[ ]", "softer or harder", ["[", "]"], (page, event) => page.harder(event.key === "[" ? -0.05 : 0.05)],
  ["Ctrl A", "select all notes of the current lane; again: of all lanes", ["Ctrl+a"], (page) => page.selectAll()],
  ["Esc", "select nothing", ["Escape"], (page) => page.select([])],
  ["Ctrl Z", "undo", ["Ctrl+z"], (page) => page.undo()],
  ["Ctrl Shift Z", "redo", ["Ctrl+Shift+z", "Ctrl+y"], (page) => page.redo()],
  ["Ctrl S", "save", ["Ctrl+s"], (page) => page.save()],
  ["L", "loop the range, or the bar at the cursor; again: no more", ["l"], (page) => page.toggleLoop()],
  ["M S", "mute or solo the current lane", ["m", "s"], (page, event) => page.silence(event.key)],
  ["T G", "the current lane more or less sensitive", ["t", "g"], (page, event) => page.tune(event.key === "t" ? 0.02 : -0.02)],
  ["1 … 9", "speed 50 to 100 %: 5 and less is half, 9 is full", [..."123456789"], (page, event) => page.setSpeed(event.key)],
  ["+ −", "zoom in or out", ["+", "=", "Shift++", "-"], (page, event) => page.zoom(event.key === "-" ? 1 / 1.5 : 1.5)],
  ["0", "show all", ["0"], (page) => page.zoomAll()],
  ["Home End", "to the start or the end", ["Home", "End"], (page, event) => page.seek(event.key === "Home" ? 0 : Infinity)],
  ["PgUp PgDn", "a screen back or on", ["PageUp", "PageDown"], (page, event) => page.turn(event.key === "PageUp" ? -1 : 1)],
  ["F", "scroll along", ["f"], (page) => page.toggleFollow()],
  ["?", "this table", ["Shift+?", "?"], (page) => page.showKeys()],
];

function spell(event) {
  const key = event.code === "Space" ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  return `${control}${event.shiftKey ? "Shift+" : ""}${key}`;
}

export function listenToKeys(page) {
  const known = new Map(TABLE.flatMap(([, , names, act]) => names.map((name) => [name, act])));
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (document.querySelector("dialog[open]") || event.altKey) return;
    const control = event.ctrlKey || event.metaKey;
    const typing = target.matches("input:not([type=range]), select, textarea");
    // A button is pressed by Space, a slider moved by arrows; what has Ctrl is the page's anywhere.
    if (typing && !control && event.key !== "Escape") return;
    if (target.matches("input[type=range]") && /^(Arrow|Home|End|Page)/.test(event.key)) return;
    if (target.matches("button") && (event.code === "Space" || event.key === "Enter")) return;
    if (typing && control && event.key.toLowerCase() === "a") return;
    const act = known.get(spell(event));
    if (!act) return;
    event.preventDefault();
    act(page, event);
  });
}

export function fillTable(table) {
  for (const [keys, what] of TABLE) {
    const row = table.insertRow(), cell = row.insertCell();
    for (const key of keys.split(" ")) {
      const element = document.createElement("kbd");
      element.textContent = key;
      cell.append(element, " ");
    }
    row.insertCell().textContent = what;
  }
}
