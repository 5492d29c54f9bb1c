// The page as far as notes are selected and corrected.

import { midi } from "./inspector.js";
import { NAMES, ORDER } from "./layout.js";
import { firstAfter } from "./part.js";

export class Editor {
  items = []; // selected: { name, note }

  // After a correction: what is selected may be gone.
  refresh() {
    const { notes } = this.thePart.state;
    this.items = this.items.filter(({ name, note }) => {
      const lane = notes[name];
      for (let n = firstAfter(lane, note.onset); n < lane.length && lane[n].onset === note.onset; n++) {
        if (lane[n] === note) return true;
      }
      return false;
    });
    this.scene.selection = new Set(this.items.map((item) => item.note));
    this.inspector.update();
    this.heads.update(this.thePart);
    this.showState();
    this.redraw();
    clearTimeout(this.scoreTimer);
    this.scoreTimer = setTimeout(() => this.drawScore(), 1500);
  }

  selection() { return this.items; }

  select(items) {
    this.items = items;
    this.scene.selection = new Set(items.map((item) => item.note));
    this.inspector.update();
    this.redraw();
  }

  selectAll() {
    if (!this.thePart) return;
    const lane = this.thePart.all().filter((item) => item.name === this.heads.current);
    this.select(this.items.length === lane.length && lane.length ? this.thePart.all() : lane);
    this.speak(`${this.items.length} notes selected`);
  }

  strike(name, velocity) {
    this.player.strike(name, velocity).catch((error) => this.cannotPlay(error));
  }

  choose(name) {
    this.heads.current = name;
    this.heads.update();
  }

  setSensitivity(name, value, done) {
    this.thePart?.setSensitivity(name, value, true);
    if (done) this.thePart?.settle();
  }

  tune(step) {
    if (!this.thePart) return;
    const name = this.heads.current;
    const value = Math.max(0, Math.min(1, this.thePart.state.sensitivity[name] + step));
    this.thePart.setSensitivity(name, value, true);
    this.speak(`${NAMES[name]}: sensitivity ${value.toFixed(2)}, ${this.thePart.state.notes[name].length} notes`);
  }

  add(name, time) {
    if (!this.thePart) return;
    this.choose(name);
    this.select(this.thePart.add(name, time));
    this.strike(name, 0.7);
    this.speak(`Added: ${this.inspector.describe(this.items)}`);
  }

  addHere() { this.add(this.heads.current, this.player.time); }

  apply(edit, merge = null) {
    if (!this.items.length) return;
    const edited = this.thePart.edit(this.items, edit, merge);
    this.select(edited);
    this.choose(edited[0].name);
  }

  settle() { this.thePart?.settle(); }

  remove() {
    if (!this.items.length) return;
    const count = this.items.length;
    this.thePart.remove(this.items);
    this.speak(count === 1 ? "1 note deleted" : `${count} notes deleted`);
  }

  undo() { this.thePart?.undo(); this.speak("Undone"); }
  redo() { this.thePart?.redo(); this.speak("Redone"); }

  harder(step) {
    this.apply((item) => ({ velocity: item.note.velocity + step }), "velocity");
    if (this.items.length) {
      this.speak(`velocity ${midi(this.items[0].note)}`);
      this.strike(this.items[0].name, this.items[0].note.velocity);
    }
  }

  sideways(direction, seconds) {
    if (this.items.length) {
      this.apply((item) => ({ onset: item.note.onset + direction * seconds }), "nudge");
      this.speak(this.inspector.describe(this.items));
      return;
    }
    const { beats } = this.timeline, time = this.player.time;
    const index = this.timeline.beatAt(time + (direction > 0 ? 1e-3 : -1e-3));
    const next = beats[direction > 0 ? index + 1 : index];
    this.seek(next ?? time + direction);
  }

  vertically(direction) {
    const move = (name) => ORDER[Math.max(0, Math.min(ORDER.length - 1, ORDER.indexOf(name) + direction))];
    if (!this.items.length) {
      this.choose(move(this.heads.current));
      this.speak(NAMES[this.heads.current]);
      return;
    }
    this.apply((item) => ({ name: move(item.name) }));
    this.speak(this.inspector.describe(this.items));
    this.strike(this.items[0].name, this.items[0].note.velocity);
  }

  // To the next note of the part, or of the current lane.
  step(direction, inLane) {
    if (!this.thePart) return;
    const all = this.thePart.all().filter(({ name }) => !inLane || name === this.heads.current);
    const at = this.items.length ? all.findIndex(({ note }) => note === this.items[0].note) : -1;
    const time = this.player.time;
    const after = all.findIndex(({ note }) => note.onset >= time - 1e-3);
    const index = at >= 0 ? at + direction
      : direction > 0 ? after : (after < 0 ? all.length : after) - 1;
    const item = all[index];
    if (!item) return;
    this.choose(item.name);
    this.select([item]);
    this.seek(item.note.onset);
    this.strike(item.name, item.note.velocity);
    this.speak(`${this.inspector.describe([item])}, velocity ${midi(item.note)}`);
  }
}
