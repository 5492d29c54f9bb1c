// The page: fetches the recording, shows and plays it, and joins the parts together.

import { drawCursor, drawLanes, drawOverview } from "./draw.js";
import { Heads } from "./heads.js";
import { Editor } from "./editor.js";
import { Inspector } from "./inspector.js";
import { fillTable, listenToKeys } from "./keys.js";
import { NAMES, layOut } from "./layout.js";
import { Outline } from "./outline.js";
import { Part } from "./part.js";
import { Player } from "./player.js";
import { Pointer } from "./pointer.js";
import * as server from "./server.js";
import { onTheme, toggleTheme } from "./theme.js";
import { Timeline, clock } from "./timeline.js";

const find = (id) => document.getElementById(id);
const STAGES = { waveform: "reading", drums: "transcribing the drums", instruments: "tracking the instruments" };

class Page extends Editor {
  timeline = new Timeline();
  scene = { layout: layOut([]), timeline: this.timeline, selection: new Set(), loop: null };
  following = true;
  dirty = { lanes: true, overview: true, score: false };

  constructor() {
    super();
    this.heads = new Heads(find("heads"), {
      choose: (name) => this.choose(name),
      sensitivity: (name, value, done) => this.setSensitivity(name, value, done),
    });
    this.scene.muted = (name) => this.heads.silent(name);
    this.heads.onUpdate = () => this.redraw();
    this.player = new Player((all) => this.audible(all), () => this.showState());
    this.pointer = new Pointer(find("view"), this);
    this.inspector = new Inspector(this);
    this.timeline.listeners.push(() => this.redraw());
    onTheme(() => { this.heads.update(); this.redraw(); });
    this.heads.build(this.scene.layout);
    this.connect();
    listenToKeys(this);
    fillTable(find("keys-table"));
    new ResizeObserver(() => this.timeline.resize(find("field").clientWidth)).observe(find("field"));
    requestAnimationFrame(() => this.frame());
  }

  connect() {
    const on = (id, event, act) => find(id).addEventListener(event, act);
    on("play", "click", () => this.playOrPause());
    on("loop", "click", () => this.toggleLoop());
    on("undo", "click", () => this.undo());
    on("redo", "click", () => this.redo());
    on("save", "click", () => this.save());
    on("theme", "click", toggleTheme);
    on("help", "click", () => this.showKeys());
    on("follow", "click", () => this.toggleFollow());
    on("zoom-in", "click", () => this.zoom(1.5));
    on("zoom-out", "click", () => this.zoom(1 / 1.5));
    on("zoom-all", "click", () => this.zoomAll());
    on("speed", "input", () => this.changeSpeed(Number(find("speed").value)));
    for (const which of ["recording", "drums"]) {
      const slider = find(`${which}-volume`);
      slider.addEventListener("input", () => this.player.setVolume(which, slider.value / 100));
    }
    on("export", "change", () => this.export());
    on("score", "toggle", () => this.drawScore());
    const overview = find("overview");
    const travel = (event) => {
      const box = overview.getBoundingClientRect();
      const time = ((event.clientX - box.left) / box.width) * this.timeline.duration;
      this.timeline.show(time - (this.timeline.end - this.timeline.start) / 2);
    };
    overview.addEventListener("pointerdown", (event) => {
      overview.setPointerCapture(event.pointerId);
      travel(event);
    });
    overview.addEventListener("pointermove", (event) => event.buttons && travel(event));
    addEventListener("beforeunload", (event) => {
      if (this.thePart?.changed) event.preventDefault();
    });
  }

  // what comes from the server ---------------------------------------------------------------------

  async load() {
    for (;;) {
      const recording = await server.getRecording();
      this.show(recording);
      if (recording.waveform && !this.scene.outline) this.openWaveform(recording.waveform);
      if (recording.drums && !this.thePart) await this.openDrums(recording);
      const last = recording.stages.instruments >= 1;
      if (last) await this.openInstruments();
      if (last || recording.error) return;
      await new Promise((done) => setTimeout(done, 400));
    }
  }

  show(recording) {
    document.title = `${recording.name} · bandscribe`;
    find("name").textContent = recording.name;
    const stage = Object.keys(STAGES).find((name) => recording.stages[name] < 1);
    const share = stage ? Math.round(100 * recording.stages[stage]) : 0;
    find("busy").textContent = stage && !recording.error ? `${STAGES[stage]} … ${share} %` : "";
    this.summary = [
      recording.waveform && clock(recording.waveform.duration, 0), recording.drums?.summary,
    ].filter(Boolean).join("  ·  ");
    const problems = [recording.error, ...recording.warnings].filter(Boolean);
    if (problems.length) this.complain(problems.join("; "));
    if (find("export").length === 1) {
      for (const [name, suffix] of Object.entries(recording.formats)) {
        find("export").add(new Option(`${name} (${suffix})`, name));
      }
    }
    this.showState();
  }

  openWaveform(description) {
    this.scene.outline = new Outline(description, () => this.redraw());
    this.timeline.duration = description.duration;
    this.timeline.show(0, Math.max(60, this.timeline.width / 20));
    this.player.open(description.duration);
    find("play").disabled = false;
  }

  async openDrums(recording) {
    const { drums } = recording;
    this.timeline.setBeats(drums.beats, drums.positions);
    const lanes = await server.getLanes(drums);
    const part = new Part(drums, lanes, recording.waveform.duration);
    const { saved, version, error } = await server.getNotes();
    part.version = version;
    if (error) this.complain(error);
    if (saved) {
      part.restore(saved);
      this.speak(`Corrections of ${recording.corrections} loaded`);
    }
    part.listeners.push(() => this.refresh());
    this.thePart = this.scene.part = part;
    this.hasScore = recording.score;
    find("score").hidden = !recording.score;
    this.refresh();
    this.drawScore();
  }

  async openInstruments() {
    const { rate, lanes } = await server.getInstruments();
    this.scene.levelRate = rate;
    // The drums have lanes of their own.
    this.scene.layout = layOut(lanes.filter((lane) => lane.class !== "dru"));
    this.heads.build(this.scene.layout);
    this.redraw();
  }

  // One after the other: each tells the server which version it replaces.
  save() {
    this.saving = Promise.resolve(this.saving).then(() => this.saveNow());
  }

  async saveNow() {
    if (!this.thePart) return;
    const state = this.thePart.state;
    try {
      const { file, version } = await server.saveNotes(this.thePart);
      this.thePart.saved = state;
      this.thePart.version = version;
      this.complain("");
      this.speak(`Saved as ${file}`);
      this.showState();
    } catch (error) {
      this.complain(`Not saved: ${error.message}`);
    }
  }

  async export() {
    const format = find("export").value;
    find("export").value = "";
    if (!format || !this.thePart) return;
    try {
      this.speak(`Exported ${await server.exportPart(format, this.thePart)}`);
    } catch (error) {
      this.complain(`Not exported: ${error.message}`);
    }
  }

  // Engraved again once no correction has come for a while; the last request counts.
  async drawScore() {
    if (!this.hasScore || !find("score").open) return;
    const turn = this.scoreTurn = (this.scoreTurn ?? 0) + 1;
    if (!find("paper").hasChildNodes()) find("paper").textContent = "The score is being engraved …";
    try {
      const address = await server.getScore(this.thePart);
      const image = new Image();
      image.onload = () => URL.revokeObjectURL(address);
      image.src = address;
      image.alt = "The drum part as a score";
      if (turn === this.scoreTurn) find("paper").replaceChildren(image);
    } catch (error) {
      if (turn === this.scoreTurn) find("paper").textContent = `No score: ${error.message}`;
    }
  }

  // what is shown and announced --------------------------------------------------------------------------

  layout() { return this.scene.layout; }
  part() { return this.thePart; }
  redraw() { this.dirty.lanes = this.dirty.overview = true; }
  speak(text) { find("spoken").textContent = text; this.announced = text; this.showState(); }

  complain(text) {
    find("problem").hidden = !text;
    find("problem").textContent = text;
  }

  frame() {
    const time = this.player.time;
    if (this.player.playing && this.following && !this.pointer.drag) this.timeline.reveal(time);
    if (this.dirty.lanes) {
      drawLanes(find("view"), this.scene);
      this.dirty.lanes = false;
      this.drawn = null;
    }
    if (this.dirty.overview || this.drawn !== time) {
      drawOverview(find("overview"), this.scene, time);
      this.dirty.overview = false;
    }
    if (this.drawn !== time || this.pointer.frame) {
      drawCursor(find("cursor"), this.scene, time, this.pointer.frame);
      const place = this.timeline.place(time);
      find("clock").textContent = clock(time) + (place ? `  ${place}` : "");
      this.drawn = time;
    }
    requestAnimationFrame(() => this.frame());
  }

  showState() {
    const part = this.thePart;
    find("play").textContent = this.player.playing ? "❚❚" : "▶";
    find("play").setAttribute("aria-label", this.player.playing ? "Pause" : "Play");
    find("undo").disabled = !part?.past.length;
    find("redo").disabled = !part?.future.length;
    find("save").disabled = !part;
    find("export").disabled = !part;
    find("note-add").disabled = !part;
    find("loop").setAttribute("aria-pressed", this.scene.loop !== null);
    find("follow").setAttribute("aria-pressed", this.following);
    const count = part ? `${part.all().length} notes${part.changed ? ", not saved" : ""}` : "";
    find("summary").textContent = [this.summary, count, this.announced].filter(Boolean).join("  ·  ");
  }

  // playing ----------------------------------------------------------------------------------------

  audible(all) {
    if (!this.thePart) return [];
    return Object.entries(this.thePart.state.notes).filter(([name]) => all || !this.heads.silent(name));
  }

  playOrPause() {
    if (this.scene.outline) this.player.toggle().catch((error) => this.cannotPlay(error));
  }

  cannotPlay(error) { this.complain(`Cannot play: ${error.message}`); }

  seek(time) {
    if (!this.scene.outline) return;
    this.player.seek(Math.max(0, Math.min(time, this.timeline.duration)));
    this.timeline.reveal(this.player.time);
    this.drawn = null;
  }

  setLoop(range) {
    this.scene.loop = range && range[1] - range[0] > 0.05 ? range : null;
    this.player.setLoop(this.scene.loop);
    this.showState();
    this.redraw();
  }

  toggleLoop() {
    if (this.scene.loop) return this.setLoop(null);
    const { beats, positions } = this.timeline;
    const first = this.timeline.barAt(this.player.time);
    let last = first + 1;
    while (last < beats.length && positions[last] !== 1) last++;
    const start = beats[first] ?? this.player.time;
    this.setLoop([start, beats[last] ?? Math.min(start + 2, this.timeline.duration)]);
  }

  silence(key) {
    const set = key === "m" ? this.heads.muted : this.heads.solo;
    this.heads.toggle(set, this.heads.current);
    this.speak(`${NAMES[this.heads.current]} ${set.has(this.heads.current) ? "" : "no longer "}${key === "m" ? "muted" : "solo"}`);
  }

  setSpeed(key) { this.changeSpeed(Math.round(50 + Math.max(0, Number(key) - 5) * 12.5)); }

  changeSpeed(percent) {
    find("speed").value = percent;
    find("speed-value").textContent = `${percent} %`;
    this.player.setSpeed(percent / 100);
  }

  zoom(factor) {
    const x = this.timeline.x(this.player.time);
    this.timeline.zoom(factor, x >= 0 && x <= this.timeline.width ? x : undefined);
  }

  zoomAll() { this.timeline.show(0, 0); }
  turn(direction) { this.timeline.scroll(direction * 0.9 * this.timeline.width); }

  toggleFollow() {
    this.following = !this.following;
    this.showState();
  }

  showKeys() { find("keys").showModal(); }
}

const page = new Page();
globalThis.bandscribe = page; // for tests, and for the curious
page.load().catch((error) => page.complain(error.message));
