// The selected notes in a form: drum, time and velocity, to be read and to be changed.

import { NAMES, ORDER } from "./layout.js";
import { clock } from "./timeline.js";

const find = (id) => document.getElementById(id);

export class Inspector {
  // `page`: selection(), timeline, apply(edit, merge), settle(), addHere(), remove().
  constructor(page) {
    this.page = page;
    this.fields = ["note-drum", "note-time", "note-velocity"].map(find);
    const [drum, time, velocity] = this.fields;
    for (const name of ORDER) drum.add(new Option(NAMES[name], name));
    drum.addEventListener("change", () => page.apply(() => ({ name: drum.value })));
    time.addEventListener("change", () => {
      const first = page.selection()[0];
      if (!first || !Number.isFinite(time.valueAsNumber)) return;
      const shift = time.valueAsNumber - first.note.onset;
      page.apply((item) => ({ onset: item.note.onset + shift }));
    });
    velocity.addEventListener("input", () =>
      page.apply(() => ({ velocity: Number(velocity.value) / 127 }), "velocity"));
    velocity.addEventListener("change", () => page.settle());
    find("note-add").addEventListener("click", () => page.addHere());
    find("note-delete").addEventListener("click", () => page.remove());
    find("inspector").addEventListener("submit", (event) => event.preventDefault());
  }

  update() {
    const items = this.page.selection(), first = items[0];
    const [drum, time, velocity] = this.fields;
    for (const field of [...this.fields, find("note-delete")]) field.disabled = !first;
    find("selected").textContent = this.describe(items);
    find("note-velocity-value").textContent = first ? midi(first.note) : "";
    if (!first) return;
    drum.value = first.name;
    if (document.activeElement !== time) time.value = first.note.onset.toFixed(3);
    velocity.value = midi(first.note);
  }

  describe(items) {
    if (!items.length) return "No note selected";
    if (items.length > 1) return `${items.length} notes selected`;
    const [{ name, note }] = items;
    const place = this.page.timeline.place(note.onset);
    return `${NAMES[name]}, ${clock(note.onset)}${place ? `, bar ${place.replace(".", " beat ")}` : ""}`;
  }
}

export const midi = (note) => Math.max(1, Math.round(127 * note.velocity));
