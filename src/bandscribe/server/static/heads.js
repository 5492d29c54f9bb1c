// The heads of the rows: name, mute, solo and sensitivity of each lane.

import { NAMES } from "./layout.js";
import { colour } from "./theme.js";

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

export class Heads {
  // `actions`: choose(name), sensitivity(name, value, done).
  constructor(place, actions) {
    this.place = place;
    this.actions = actions;
    this.muted = new Set();
    this.solo = new Set();
    this.current = "SD";
    this.lanes = {};
  }

  build(layout) {
    this.place.replaceChildren();
    for (const row of layout.rows) {
      const head = make("div", { className: `head ${row.kind}` });
      head.style.height = `${row.height}px`;
      if (row.kind === "wave") head.append("Recording");
      if (row.kind === "instrument") head.append(make("span", { textContent: row.lane.name }));
      if (row.kind === "drum") this.fill(head, row.name);
      this.place.append(head);
    }
    this.update();
  }

  fill(head, name) {
    const swatch = make("span", { className: "swatch" });
    const label = make("button", { className: "label", title: `Make ${NAMES[name]} the current lane` },
      make("span", { className: "long", textContent: NAMES[name] }),
      make("span", { className: "short", textContent: name }));
    label.addEventListener("click", () => this.actions.choose(name));
    const count = make("span", { className: "count" });
    const toggle = (text, what, set) => {
      const button = make("button", { className: "toggle", textContent: text, title: what });
      button.setAttribute("aria-label", `${what} ${NAMES[name]}`);
      button.addEventListener("click", () => this.toggle(set, name));
      return button;
    };
    const mute = toggle("M", "Mute", this.muted), solo = toggle("S", "Solo", this.solo);
    const slider = make("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0.5,
      title: "Sensitivity: more finds more notes" });
    slider.setAttribute("aria-label", `Sensitivity of ${NAMES[name]}`);
    slider.addEventListener("input", () => this.actions.sensitivity(name, Number(slider.value), false));
    slider.addEventListener("change", () => this.actions.sensitivity(name, Number(slider.value), true));
    slider.addEventListener("dblclick", () => this.actions.sensitivity(name, 0.5, true));
    head.append(swatch, label, count, slider, mute, solo);
    this.lanes[name] = { head, swatch, count, mute, solo, slider };
  }

  toggle(set, name) {
    if (!set.delete(name)) set.add(name);
    this.update();
  }

  silent(name) {
    return this.muted.has(name) || (this.solo.size > 0 && !this.solo.has(name));
  }

  update(part = this.part) {
    this.part = part;
    for (const [name, lane] of Object.entries(this.lanes)) {
      lane.head.classList.toggle("current", name === this.current);
      lane.swatch.style.background = colour(name);
      lane.mute.setAttribute("aria-pressed", this.muted.has(name));
      lane.solo.setAttribute("aria-pressed", this.solo.has(name));
      if (part) {
        lane.count.textContent = part.state.notes[name].length;
        const value = part.state.sensitivity[name];
        if (Number(lane.slider.value) !== value) lane.slider.value = value;
      }
      lane.slider.disabled = !part;
    }
    this.onUpdate?.();
  }
}
