// What is drawn: the visible stretch and nothing else, so that an hour costs no more than a minute.

import { firstAfter } from "./part.js";
import { colour } from "./theme.js";
import { clock } from "./timeline.js";

const FONT = "11px system-ui, sans-serif";
const STEPS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600];

// Fit a canvas to its size on the screen; gives its context, in CSS pixels.
export function prepare(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

// `scene`: layout, timeline, outline, part, selection (a Set of notes), muted(name), loop, showing.
export function drawLanes(canvas, scene) {
  const { layout, timeline } = scene;
  const context = prepare(canvas, timeline.width, layout.height);
  context.font = FONT;
  for (const [index, row] of layout.rows.entries()) {
    context.fillStyle = colour(index % 2 ? "lane" : "lane-other");
    context.fillRect(0, row.top, timeline.width, row.height);
  }
  drawGrid(context, scene);
  for (const row of layout.rows) {
    if (row.kind === "wave") drawWave(context, row, scene);
    if (row.kind === "instrument") drawInstrument(context, row, scene);
    if (row.kind === "drum" && scene.part) {
      drawActivation(context, row, scene);
      drawNotes(context, row, scene);
    }
  }
  if (scene.loop) {
    const [from, to] = scene.loop.map((time) => timeline.x(time));
    context.fillStyle = colour("range");
    context.fillRect(from, 0, to - from, layout.height);
    context.fillStyle = colour("accent");
    context.fillRect(from, 0, to - from, 4);
  }
}

function drawGrid(context, { layout, timeline }) {
  const ruler = layout.rows[0];
  const bottom = layout.height;
  const step = STEPS.find((each) => each * timeline.scale >= 70) ?? 1200;
  context.fillStyle = colour("dim");
  context.textAlign = "left";
  for (let time = Math.ceil(timeline.start / step) * step; time <= timeline.end; time += step) {
    const x = timeline.x(time);
    context.fillRect(x, ruler.height - 4, 1, 4);
    context.fillText(clock(time, step < 1 ? 2 : 0), x + 3, ruler.height - 5);
  }
  const { beats, positions, bars } = timeline;
  if (!beats.length) return;
  const first = Math.max(0, timeline.beatAt(timeline.start));
  const spacing = timeline.scale * (beats.at(-1) - beats[0]) / Math.max(1, beats.length - 1);
  const perBar = Math.max(...positions.slice(first, first + 16), 1);
  let every = 1;
  while (spacing * perBar * every < 34) every *= 2;
  for (let n = first; n < beats.length && beats[n] <= timeline.end; n++) {
    const downbeat = positions[n] === 1;
    if (downbeat ? spacing * perBar < 5 && bars[n] % every : spacing < 7) continue;
    const x = Math.round(timeline.x(beats[n]));
    context.fillStyle = colour(downbeat ? "bar" : "beat");
    context.fillRect(x, downbeat ? 0 : ruler.height, 1, bottom);
    if (downbeat && (bars[n] - 1) % every === 0) {
      context.fillStyle = colour("ink");
      context.fillText(String(bars[n]), x + 4, 12);
    }
  }
}

function drawWave(context, row, { outline, timeline }) {
  if (!outline) return;
  const middle = row.top + row.height / 2, half = row.height / 2 - 4;
  fillOutline(context, outline, timeline.scale, timeline.start, timeline.width, middle, half);
}

// One shape of lowest and highest samples; gaps where these are not there yet.
function fillOutline(context, outline, scale, start, width, middle, half) {
  const level = outline.level(scale), height = (half * outline.gain) / 127;
  let bottoms = [];
  const close = () => {
    for (const [x, y] of bottoms.reverse()) context.lineTo(x, y);
    bottoms = [];
  };
  context.beginPath();
  for (let x = 0; x <= width; x++) {
    const range = outline.range(level, start + x / scale, start + (x + 1) / scale);
    if (!range) {
      close();
      continue;
    }
    const top = middle - Math.max(range[1] * height, 0.4), low = middle - Math.min(range[0] * height, -0.4);
    if (bottoms.length) context.lineTo(x, top);
    else context.moveTo(x, top);
    bottoms.push([x, low]);
  }
  close();
  context.fillStyle = colour("wave");
  context.fill();
}

function drawInstrument(context, row, { timeline, levelRate }) {
  const { segments, levels } = row.lane;
  const bottom = row.top + row.height - 2, height = row.height - 5;
  for (const [start, end] of segments) {
    if (end < timeline.start || start > timeline.end) continue;
    const from = Math.max(0, timeline.x(start)), to = Math.min(timeline.width, timeline.x(end));
    context.fillStyle = colour("instrument");
    context.globalAlpha = 0.25;
    context.fillRect(from, row.top + 3, Math.max(1, to - from), height);
    context.globalAlpha = 0.9;
    const step = Math.max(1, timeline.scale / levelRate);
    for (let x = from; x < to; x += step) {
      const share = (levels[Math.floor(timeline.time(x) * levelRate)] ?? 0) / 100;
      context.fillRect(x, bottom - share * height, Math.min(step, to - x), share * height);
    }
    context.globalAlpha = 1;
  }
}

// The curve that notes are picked from, once there is room for it.
function drawActivation(context, row, { timeline, part }) {
  if (timeline.scale < 60) return;
  const { start, frame_rate: rate, frames } = part.drums;
  const values = part.lanes[row.name].onsets;
  const first = Math.max(0, Math.floor((timeline.start - start) * rate));
  const last = Math.min(frames - 1, Math.ceil((timeline.end - start) * rate));
  const bottom = row.top + row.height - 1, height = row.height - 4;
  context.beginPath();
  context.moveTo(timeline.x(start + first / rate), bottom);
  for (let n = first; n <= last; n++) {
    context.lineTo(timeline.x(start + n / rate), bottom - values[n] * height);
  }
  context.lineTo(timeline.x(start + last / rate), bottom);
  context.fillStyle = colour(row.name);
  context.globalAlpha = 0.16;
  context.fill();
  context.globalAlpha = 1;
}

function drawNotes(context, row, { timeline, part, selection, muted }) {
  const notes = part.state.notes[row.name];
  const bottom = row.top + row.height - 3, room = row.height - 7;
  const wide = timeline.scale >= 40, widest = Math.max(3, 0.055 * timeline.scale);
  const tone = colour(row.name);
  context.globalAlpha = muted(row.name) ? 0.3 : 1;
  let lastX = -1;
  for (let n = firstAfter(notes, timeline.time(-10)); n < notes.length; n++) {
    const note = notes[n];
    const x = timeline.x(note.onset);
    if (x > timeline.width + 10) break;
    const chosen = selection.has(note);
    if (!wide) {
      if (Math.round(x) === lastX && !chosen) continue;
      lastX = Math.round(x);
      const height = 3 + note.velocity * (room - 3);
      context.fillStyle = chosen ? colour("select") : tone;
      context.fillRect(Math.round(x), bottom - height, chosen ? 2 : 1, height);
      continue;
    }
    const radius = noteRadius(note, row), across = Math.min(radius, widest);
    const y = row.top + row.height / 2;
    context.beginPath();
    context.ellipse(x, y, across, radius, 0, 0, 2 * Math.PI);
    context.fillStyle = chosen ? colour("select") : tone;
    context.fill();
    if (chosen || note.frame === null) { // a person's own has a ring, too
      context.beginPath();
      context.ellipse(x, y, across + 2.5, radius + 2.5, 0, 0, 2 * Math.PI);
      context.strokeStyle = chosen ? colour("ink") : tone;
      context.lineWidth = chosen ? 2 : 1;
      context.stroke();
    }
    context.fillRect(x - 0.5, row.top + 2, 1, row.height - 4);
  }
  context.globalAlpha = 1;
}

export const noteRadius = (note, row) => 2.5 + note.velocity * (row.height / 2 - 5.5);

// The whole recording in a strip, and what of it is visible.
export function drawOverview(canvas, { outline, timeline, loop }, time) {
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width) return;
  const context = prepare(canvas, width, height);
  const scale = width / timeline.duration;
  if (outline) fillOutline(context, outline, scale, 0, width, height / 2, height / 2 - 3);
  if (loop) {
    context.fillStyle = colour("accent");
    context.fillRect(loop[0] * scale, 0, Math.max(2, (loop[1] - loop[0]) * scale), 3);
  }
  context.strokeStyle = colour("accent");
  context.fillStyle = colour("range");
  const from = timeline.start * scale, to = Math.min(width, timeline.end * scale);
  context.fillRect(from, 0, to - from, height);
  context.strokeRect(from + 0.5, 0.5, Math.max(2, to - from - 1), height - 1);
  context.fillStyle = colour("cursor");
  context.fillRect(time * scale, 0, 1.5, height);
}

// Over the lanes: the cursor, and the frame that is drawn around notes.
export function drawCursor(canvas, { timeline, layout }, time, frame) {
  const context = prepare(canvas, timeline.width, layout.height);
  const x = timeline.x(time);
  context.fillStyle = colour("cursor");
  if (x >= 0 && x <= timeline.width) {
    context.fillRect(x - 0.75, 0, 1.5, layout.height);
    context.beginPath();
    context.moveTo(x - 5, 0);
    context.lineTo(x + 5, 0);
    context.lineTo(x, 7);
    context.fill();
  }
  if (frame) {
    context.strokeStyle = colour("accent");
    context.fillStyle = colour("range");
    context.fillRect(frame.x, frame.y, frame.width, frame.height);
    context.strokeRect(frame.x, frame.y, frame.width, frame.height);
  }
}
