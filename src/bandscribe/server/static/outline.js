// The waveform: tiles of its levels of detail, fetched when they are first drawn, the oldest dropped.

import { getWaveform } from "./server.js";

const TILE = 4096; // bins
const MOST = 200; // tiles, 8 kB each

export class Outline {
  constructor(description, onTile) {
    this.description = description; // rate, factor, levels, peak
    this.gain = 127 / Math.max(description.peak, 4); // so that quiet recordings can be seen
    this.onTile = onTile;
    this.tiles = new Map();
  }

  // The level with at least one bin per pixel, or the finest.
  level(binsPerSecond) {
    const { rate, factor, levels } = this.description;
    const level = Math.floor(Math.log(rate / binsPerSecond) / Math.log(factor));
    return Math.max(0, Math.min(levels.length - 1, level));
  }

  // [lowest, highest] of -127 to 127 between two times; null as long as they are not there.
  range(level, from, to) {
    const rate = this.description.rate / this.description.factor ** level;
    const count = this.description.levels[level];
    const first = Math.max(0, Math.floor(from * rate));
    if (first >= count) return null;
    const last = Math.min(count - 1, Math.max(first, Math.ceil(to * rate) - 1));
    let low = 127, high = -127;
    for (let bin = first; bin <= last; bin++) {
      const tile = this.tile(level, Math.floor(bin / TILE));
      if (!tile) return null;
      const at = 2 * (bin % TILE);
      if (tile[at] < low) low = tile[at];
      if (tile[at + 1] > high) high = tile[at + 1];
    }
    return low > high ? [0, 0] : [low, high];
  }

  tile(level, index) {
    const key = level * 1e6 + index;
    const known = this.tiles.get(key);
    if (known !== undefined) return known;
    this.tiles.set(key, null);
    getWaveform(level, index * TILE, TILE).then((tile) => {
      this.tiles.set(key, tile);
      if (this.tiles.size > MOST) this.tiles.delete(this.tiles.keys().next().value);
      this.onTile();
    }, () => this.tiles.delete(key));
    return null;
  }
}
