// Sound: the recording through an <audio> element (which keeps the pitch at any speed), the drums of
// the transcription through Web Audio, placed ahead of time on the clock of the recording.

import { firstAfter } from "./part.js";
import { getDrum } from "./server.js";

const AHEAD = 0.2; // seconds that drums are placed ahead
const EVERY = 50; // milliseconds between looking ahead
const MEASURED = 15; // readings of the clock whose median counts
// Slowed down by Chromium, the recording sounds this many seconds (times 1 - speed) before its clock
// says so: measured with clicks, 33 ms at 75 % and 66 ms at 50 %.
const EARLY = navigator.userAgentData ? 0.132 : 0;

export class Player {
  // `lanes()` gives [[name, notes]] of the drums to be played.
  constructor(lanes, onState) {
    this.lanes = lanes;
    this.onState = onState;
    this.element = new Audio();
    this.element.preload = "auto";
    this.loop = null;
    this.volumes = { recording: 0.8, drums: 0.7 };
    this.speed = 1;
    this.drums = {};
    this.loads = {};
    this.sounding = new Set();
    this.readings = [];
    this.requested = false; // plays, or will as soon as it can
    this.timer = null; // while it plays
    this.element.addEventListener("ended", () => this.end());
    // By a media key, say; at the end, "ended" follows.
    this.element.addEventListener("pause", () => {
      if (this.timer !== null && this.element.paused && !this.element.ended) this.pause();
    });
  }

  open(duration) {
    this.duration = duration;
    this.element.src = "/page/sound.wav";
  }

  get playing() { return !this.element.paused; }
  get time() { return this.element.currentTime; }

  async play() {
    this.requested = true;
    try {
      await this.wake();
      if (!this.requested) return; // paused meanwhile
      if (this.element.currentTime >= this.duration - 0.01) this.seek(0);
      if (this.loop && !this.within(this.time)) this.seek(this.loop[0]);
      await this.element.play();
    } catch (error) {
      if (error.name !== "AbortError") { // AbortError: paused before it began
        this.requested = false;
        throw error;
      }
    }
    if (!this.playing) return;
    this.placed = this.time;
    this.readings = [];
    clearInterval(this.timer);
    this.timer = setInterval(() => this.tick(), EVERY);
    this.onState();
  }

  pause() {
    this.requested = false;
    this.element.pause();
    clearInterval(this.timer);
    this.timer = null;
    this.silence();
    this.onState();
  }

  async toggle() {
    if (this.requested) this.pause();
    else await this.play();
  }

  // At the end of the recording, where a loop may end, too.
  async end() {
    if (!this.loop) return this.pause();
    this.seek(this.loop[0]);
    await this.play();
  }

  seek(time) {
    this.element.currentTime = Math.max(0, Math.min(time, this.duration));
    this.silence();
    this.placed = this.element.currentTime;
    this.readings = [];
  }

  setSpeed(speed) {
    this.speed = speed;
    this.element.preservesPitch = true;
    this.element.playbackRate = speed;
    this.silence();
    this.placed = this.time;
    this.readings = [];
  }

  setVolume(which, volume) {
    this.volumes[which] = volume;
    const gain = which === "recording" ? this.recordingGain : this.drumsGain;
    gain?.gain.setTargetAtTime(volume, this.context.currentTime, 0.01);
  }

  setLoop(range) { this.loop = range; }

  within(time) { return time >= this.loop[0] - 0.01 && time < this.loop[1]; }

  // One stroke, now: what a note sounds like.
  async strike(name, velocity) {
    await this.wake();
    this.sound(name, velocity, this.context.currentTime);
  }

  // Browsers play no sound before the user has pressed something.
  async wake() {
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.recordingGain = new GainNode(this.context, { gain: this.volumes.recording });
      this.drumsGain = new GainNode(this.context, { gain: this.volumes.drums });
      this.context.createMediaElementSource(this.element).connect(this.recordingGain);
      this.output = new GainNode(this.context);
      this.recordingGain.connect(this.output);
      this.drumsGain.connect(this.output);
      this.output.connect(this.context.destination);
    }
    if (this.context.state !== "running") await this.context.resume();
    await Promise.all(this.lanes(true).map(([name]) => this.loads[name] ??= this.load(name)));
  }

  async load(name) {
    try {
      this.drums[name] = await this.context.decodeAudioData(await getDrum(name));
    } catch (error) {
      delete this.loads[name]; // the next stroke tries again
      throw error;
    }
  }

  tick() {
    if (this.loop && this.time >= this.loop[1]) {
      this.seek(this.loop[0]);
      return;
    }
    // The element's clock moves in small steps: the median of some readings is steady.
    this.readings.push(this.element.currentTime - this.speed * this.context.currentTime);
    if (this.readings.length > MEASURED) this.readings.shift();
    const offset = [...this.readings].sort((a, b) => a - b)[this.readings.length >> 1];
    const now = offset + this.speed * this.context.currentTime;
    let until = now + AHEAD * this.speed;
    if (this.loop) until = Math.min(until, this.loop[1]);
    if (until <= this.placed) return;
    for (const [name, notes] of this.lanes(false)) {
      for (let n = firstAfter(notes, this.placed); n < notes.length && notes[n].onset < until; n++) {
        const at = (notes[n].onset - offset) / this.speed - EARLY * (1 - this.speed);
        this.sound(name, notes[n].velocity, Math.max(at, this.context.currentTime));
      }
    }
    this.placed = until;
  }

  sound(name, velocity, at) {
    const buffer = this.drums[name];
    if (!buffer) return;
    const source = new AudioBufferSourceNode(this.context, { buffer });
    const gain = new GainNode(this.context, { gain: 10 ** (1.5 * (velocity - 1)) });
    source.connect(gain).connect(this.drumsGain);
    source.start(at);
    this.sounding.add(source);
    source.onended = () => this.sounding.delete(source);
  }

  silence() {
    for (const source of this.sounding) source.stop();
    this.sounding.clear();
  }
}
