// Which stretch of time is visible: seconds to pixels and back, zooming, scrolling; bars and beats.

const LARGEST = 2000; // pixels per second
const EARLY = 0.05; // seconds by which a note may come before the beat that it is meant for

export class Timeline {
  constructor() {
    this.duration = 1;
    this.width = 1;
    this.start = 0;
    this.scale = 100; // pixels per second
    this.beats = [];
    this.positions = [];
    this.listeners = [];
  }

  get end() { return this.start + this.width / this.scale; }
  get smallest() { return this.width / Math.max(this.duration, 0.1); }

  x(time) { return (time - this.start) * this.scale; }
  time(x) { return this.start + x / this.scale; }

  resize(width) {
    this.width = Math.max(1, width);
    this.show(this.start, this.scale);
  }

  show(start, scale = this.scale) {
    this.scale = Math.min(LARGEST, Math.max(this.smallest, scale));
    this.start = Math.max(0, Math.min(start, this.duration - this.width / this.scale));
    for (const listener of this.listeners) listener();
  }

  zoom(factor, x = this.width / 2) {
    const time = this.time(x);
    const scale = Math.min(LARGEST, Math.max(this.smallest, this.scale * factor));
    this.show(time - x / scale, scale);
  }

  scroll(pixels) { this.show(this.start + pixels / this.scale); }

  // Turn the page if a time is not to be seen.
  reveal(time) {
    if (time < this.start || time > this.end) this.show(time - 0.1 * this.width / this.scale);
  }

  setBeats(beats, positions) {
    this.beats = beats;
    this.positions = positions;
    let bar = 0;
    // A bar before the first downbeat is bar 0.
    this.bars = positions.map((position) => (position === 1 ? ++bar : bar));
  }

  // The index of the last beat at or before a time, -1 before the first.
  beatAt(time) {
    let low = 0, high = this.beats.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.beats[middle] <= time + 1e-6) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  // The index of the downbeat at or before a time; the first one where there is none before it.
  barAt(time) {
    let index = Math.max(0, this.beatAt(time + EARLY));
    while (index > 0 && this.positions[index] !== 1) index--;
    return index;
  }

  // For example "12.3": bar and beat; empty where there are no beats.
  place(time) {
    const index = this.beatAt(time + EARLY);
    return index < 0 ? "" : `${this.bars[index]}.${this.positions[index]}`;
  }
}

export function clock(time, digits = 3) {
  const hours = Math.floor(time / 3600), minutes = Math.floor(time / 60) % 60;
  const seconds = (time % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}
