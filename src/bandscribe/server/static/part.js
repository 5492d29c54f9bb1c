// The drum part and its corrections. No drawing, no sound, no network.
//
// A state is never changed: each correction makes a new one that shares all lanes but those it
// touches, and undo goes back to the one before. A note is { onset, velocity, frame }: `frame` is
// the peak it was detected at, null once a person has touched it. `deleted` holds, for each lane,
// the frames whose detections were deleted.

import { detect } from "./pick.js";

const MOST_STATES = 500;
// Seconds by which a note of a person's own hides a detection of the same drum.
const SAME = 0.03;

const byOnset = (a, b) => a.onset - b.onset;

export class Part {
  constructor(drums, lanes, duration) {
    this.drums = drums;
    this.lanes = lanes; // by class: threshold, onsets, velocities
    this.duration = duration;
    this.classes = drums.classes;
    const each = (value) => Object.fromEntries(this.classes.map((name) => [name, value(name)]));
    const sensitivity = each(() => 0.5);
    const notes = this.detect(this.classes, sensitivity);
    this.state = { notes, sensitivity, deleted: each(() => new Set()) };
    this.past = [];
    this.future = [];
    this.saved = this.state;
    this.version = null; // of what is saved
    this.listeners = [];
  }

  // Take up what was saved: notes that are no detections are a person's, and the other way round.
  restore(saved) {
    const sensitivity = { ...this.state.sensitivity, ...saved.sensitivity };
    const notes = {}, deleted = {}, detected = this.detect(this.classes, sensitivity);
    for (const name of this.classes) {
      const key = (note) => `${note.onset.toFixed(6)} ${Number(note.velocity).toFixed(4)}`;
      const found = new Map(detected[name].map((note) => [key(note), note]));
      notes[name] = saved.notes.filter((note) => note.class === name).map((note) => {
        const known = found.get(key({ onset: note.onset, velocity: note.velocity ?? 0.8 }));
        if (known) found.delete(key(known));
        return known ?? { onset: this.inside(note.onset), velocity: note.velocity ?? 0.8, frame: null };
      }).sort(byOnset);
      deleted[name] = new Set([...found.values()].map((note) => note.frame));
    }
    this.state = { notes, sensitivity, deleted };
    this.saved = this.state;
    this.notify();
  }

  detect(names, sensitivity) {
    return detect(names, this.lanes, this.drums, this.duration, sensitivity);
  }

  get changed() { return this.state !== this.saved; }

  // [{ name, note }] of all lanes, by onset.
  all() {
    return this.classes.flatMap((name) => this.state.notes[name].map((note) => ({ name, note })))
      .sort((a, b) => a.note.onset - b.note.onset);
  }

  setSensitivity(name, value, merge = false) {
    const { deleted } = this.state;
    const notes = { ...this.state.notes }, sensitivity = { ...this.state.sensitivity, [name]: value };
    for (const [lane, found] of Object.entries(this.detect([name], sensitivity))) {
      const own = notes[lane].filter((note) => note.frame === null);
      const kept = found.filter((note) => !deleted[lane].has(note.frame)
        && !own.some((each) => Math.abs(each.onset - note.onset) < SAME));
      notes[lane] = [...own, ...kept].sort(byOnset);
    }
    this.change({ notes, sensitivity, deleted }, merge ? `sensitivity ${name}` : null);
  }

  add(name, onset, velocity = 0.7) {
    const note = { onset: this.inside(onset), velocity, frame: null };
    this.replace([], [{ name, note }]);
    return [{ name, note }];
  }

  remove(items) {
    this.replace(items, []);
  }

  // Each note to what `edit` makes of it: { name, onset, velocity }. Gives the new items.
  edit(items, edit, merge = null) {
    const edited = items.map((item) => {
      const { name = item.name, onset = item.note.onset, velocity = item.note.velocity } = edit(item);
      const note = { onset: this.inside(onset), velocity: Math.max(0, Math.min(1, velocity)), frame: null };
      return { name, note };
    });
    this.replace(items, edited, merge);
    return edited;
  }

  replace(removed, added, merge = null) {
    const { notes, deleted, sensitivity } = this.state;
    const touched = new Set([...removed, ...added].map((item) => item.name));
    const nextNotes = { ...notes }, nextDeleted = { ...deleted };
    for (const name of touched) {
      const gone = new Set(removed.filter((item) => item.name === name).map((item) => item.note));
      const come = added.filter((item) => item.name === name).map((item) => item.note);
      nextNotes[name] = [...notes[name].filter((note) => !gone.has(note)), ...come].sort(byOnset);
      const frames = [...gone].map((note) => note.frame).filter((frame) => frame !== null);
      if (frames.length) nextDeleted[name] = new Set([...deleted[name], ...frames]);
    }
    this.change({ notes: nextNotes, deleted: nextDeleted, sensitivity }, merge);
  }

  // A row of changes with the same `merge` is undone at once.
  change(state, merge) {
    if (merge === null || merge !== this.merging) this.past.push(this.state);
    if (this.past.length > MOST_STATES) this.past.shift();
    this.merging = merge;
    this.future = [];
    this.state = state;
    this.notify();
  }

  // What follows is a change of its own.
  settle() { this.merging = null; }

  undo() { this.step(this.past, this.future); }

  redo() { this.step(this.future, this.past); }

  step(from, to) {
    if (!from.length) return;
    to.push(this.state);
    this.state = from.pop();
    this.merging = null;
    this.notify();
  }

  notify() { for (const listener of this.listeners) listener(this); }

  inside(onset) { return Math.max(0, Math.min(this.duration, onset)); }

  // As the server takes it: notes of JSON, and sensitivities.
  toJSON() {
    return {
      notes: this.all().map(({ name, note }) => (
        { onset: note.onset, class: name, velocity: Number(note.velocity.toFixed(4)) })),
      sensitivity: this.state.sensitivity,
      version: this.version,
    };
  }
}

// The index of the first note of a lane at or after a time.
export function firstAfter(lane, time) {
  let low = 0, high = lane.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lane[middle].onset < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
