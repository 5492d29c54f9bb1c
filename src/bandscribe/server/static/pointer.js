// Mouse, pen and touch on the lanes: seek, mark a range, choose notes, drag them, add them.

import { firstAfter } from "./part.js";
import { rowAt } from "./layout.js";
import { noteRadius } from "./draw.js";

const SLOP = 3; // pixels that a press may move and still be a click

export class Pointer {
  // `page`: timeline, layout(), part(), selection(), select(items), seek, setLoop, choose(name), redraw.
  constructor(canvas, page) {
    this.canvas = canvas;
    this.page = page;
    this.drag = null;
    this.frame = null;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", () => this.stop());
    canvas.addEventListener("dblclick", (event) => this.add(event));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  // The note under a point, { name, note }; the nearest where there are several.
  hit({ x, y }) {
    const { timeline } = this.page, part = this.page.part();
    const row = rowAt(this.page.layout(), y);
    if (!part || row.kind !== "drum") return null;
    const notes = part.state.notes[row.name];
    let best = null, distance = Infinity;
    for (let n = firstAfter(notes, timeline.time(x - 14)); n < notes.length; n++) {
      const away = Math.abs(timeline.x(notes[n].onset) - x);
      if (timeline.x(notes[n].onset) > x + 14) break;
      if (away <= noteRadius(notes[n], row) + 3 && away < distance) {
        best = { name: row.name, note: notes[n] };
        distance = away;
      }
    }
    return best;
  }

  down(event) {
    if (event.button !== 0) return;
    const point = this.at(event), row = rowAt(this.page.layout(), point.y);
    this.canvas.setPointerCapture(event.pointerId);
    const item = this.hit(point);
    const base = { from: point, last: point, moved: false, touch: event.pointerType === "touch" };
    if (item) {
      const chosen = this.page.selection();
      const already = chosen.some((each) => each.note === item.note);
      if (event.shiftKey) {
        this.page.select(already ? chosen.filter((each) => each.note !== item.note) : [...chosen, item]);
        return;
      }
      if (!already) this.page.select([item]);
      this.page.choose(item.name);
      this.drag = { ...base, kind: "notes", items: this.page.selection(), name: item.name };
    } else if (row.kind === "ruler") {
      this.drag = { ...base, kind: "range" };
    } else if (row.kind === "drum" && !base.touch) {
      this.drag = { ...base, kind: "frame", kept: event.shiftKey ? this.page.selection() : [] };
    } else {
      this.drag = { ...base, kind: "pan" };
    }
  }

  move(event) {
    const point = this.at(event);
    if (!this.drag) {
      const row = rowAt(this.page.layout(), point.y);
      this.canvas.style.cursor = this.hit(point) ? "grab" : row.kind === "drum" ? "crosshair" : "pointer";
      return;
    }
    const drag = this.drag, { timeline } = this.page;
    if (Math.hypot(point.x - drag.from.x, point.y - drag.from.y) > SLOP) drag.moved = true;
    if (!drag.moved) return;
    // Deleted or undone meanwhile, by a key.
    if (drag.kind === "notes" && this.page.selection() !== drag.items) return this.stop();
    if (drag.kind === "notes") this.dragNotes(point);
    if (drag.kind === "range") {
      const ends = [drag.from.x, point.x].map((x) => Math.max(0, Math.min(timeline.duration, timeline.time(x))));
      this.page.setLoop(ends.sort((a, b) => a - b));
    }
    if (drag.kind === "pan") timeline.scroll(drag.last.x - point.x);
    if (drag.kind === "frame") this.dragFrame(point);
    drag.last = point;
    this.page.redraw();
  }

  // Sideways in time, up and down from drum to drum.
  dragNotes(point) {
    const drag = this.drag, { timeline } = this.page, part = this.page.part();
    const drums = this.page.layout().rows.filter((row) => row.kind === "drum");
    const over = rowAt(this.page.layout(), point.y);
    const begun = drums.findIndex((row) => row.name === drag.name);
    const steps = over.kind === "drum" ? drums.indexOf(over) - begun : 0;
    const seconds = (point.x - drag.from.x) / timeline.scale;
    drag.origin ??= drag.items;
    const moved = part.edit(drag.items, (item) => {
      const first = drag.origin[drag.items.indexOf(item)];
      const index = drums.findIndex((row) => row.name === first.name) + steps;
      return {
        name: drums[Math.max(0, Math.min(drums.length - 1, index))].name,
        onset: first.note.onset + seconds,
      };
    }, "drag");
    drag.items = moved;
    this.page.select(moved);
  }

  dragFrame(point) {
    const { from, kept } = this.drag, { timeline } = this.page, part = this.page.part();
    const [left, right] = [from.x, point.x].sort((a, b) => a - b);
    const [top, bottom] = [from.y, point.y].sort((a, b) => a - b);
    this.frame = { x: left, y: top, width: right - left, height: bottom - top };
    if (!part) return;
    const inside = this.page.layout().rows
      .filter((row) => row.kind === "drum" && row.top < bottom && row.top + row.height > top)
      .flatMap(({ name }) => {
        const notes = part.state.notes[name];
        return notes.slice(firstAfter(notes, timeline.time(left)), firstAfter(notes, timeline.time(right)))
          .map((note) => ({ name, note }));
      });
    this.page.select([...kept, ...inside]);
  }

  up(event) {
    const drag = this.drag;
    if (drag && !drag.moved) {
      const row = rowAt(this.page.layout(), drag.from.y);
      if (drag.kind !== "notes") {
        this.page.seek(this.page.timeline.time(drag.from.x));
        if (drag.kind === "range") this.page.setLoop(null);
        if (row.kind === "drum") {
          this.page.choose(row.name);
          if (!event.shiftKey) this.page.select([]);
        }
      }
    }
    this.stop();
  }

  stop() {
    this.page.part()?.settle();
    this.drag = null;
    this.frame = null;
    this.page.redraw();
  }

  add(event) {
    const point = this.at(event), row = rowAt(this.page.layout(), point.y);
    if (row.kind !== "drum" || !this.page.part() || this.hit(point)) return;
    this.page.add(row.name, this.page.timeline.time(point.x));
  }

  wheel(event) {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.page.timeline.zoom(Math.exp(-event.deltaY / 200), this.at(event).x);
    } else if (sideways || event.shiftKey) {
      event.preventDefault();
      this.page.timeline.scroll(sideways ? event.deltaX : event.deltaY);
    }
  }
}
