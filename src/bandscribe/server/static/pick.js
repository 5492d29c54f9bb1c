// From activations to notes: the twin of bandscribe.peaks and of the picking in bandscribe.drums.
//
// The same sums in the same order, in doubles, so that the notes are the same to the last bit.

// Frames of a lane's activation `values` that are onsets; `windows` as in the model's card.
export function pickFrames(values, threshold, windows) {
  const { max_frames, mean_frames, wait_frames } = windows;
  const count = values.length;
  const fulfils = (n) => {
    const value = values[n];
    for (let step = 1; step <= max_frames; step++) {
      if (n >= step && values[n - step] > value) return false;
      if (n + step < count && values[n + step] > value) return false;
    }
    let total = value, members = 1;
    for (let step = 1; step <= mean_frames; step++) {
      if (n >= step) { total += values[n - step]; members++; }
      if (n + step < count) { total += values[n + step]; members++; }
    }
    return value >= total / members + threshold;
  };
  const frames = [];
  let last = -Infinity, before = false;
  for (let n = 0; n < count; n++) {
    const found = values[n] >= threshold && fulfils(n);
    // A plateau is one peak: its first frame stands for it.
    const repeats = before && values[n] === values[n - 1];
    before = found;
    if (found && !repeats && n >= last + wait_frames) {
      frames.push(n);
      last = n;
    }
  }
  return frames;
}

// The position of a peak between the frames: the top of a parabola.
export function refine(values, n) {
  if (n <= 0 || n >= values.length - 1) return n;
  const left = values[n - 1], middle = values[n], right = values[n + 1];
  const curvature = left - 2 * middle + right;
  if (!(curvature < 0)) return n;
  return n + Math.max(-0.5, Math.min(0.5, (left - right) / (2 * curvature)));
}

// The threshold of a lane when its sensitivity, 0 to 1, is moved from 0.5.
export function moveThreshold(threshold, sensitivity) {
  const logit = Math.log(threshold / (1 - threshold)) + 8 * (0.5 - sensitivity);
  return 1 / (1 + Math.exp(-logit));
}

// A stroke on the snare drum is one of these; both within as many frames are one stroke.
const SNARE = ["SD", "SS"], SNARE_FRAMES = 2;

// The detections of some classes, and of those that depend on them: by class, rows of
// { frame, onset, velocity }.
export function detect(names, lanes, drums, duration, sensitivity) {
  const found = {}, thresholds = {};
  const dependent = names.flatMap((name) => SNARE.includes(name) ? SNARE : [name]);
  for (const name of new Set(dependent)) {
    const { threshold, onsets, velocities } = lanes[name];
    thresholds[name] = moveThreshold(threshold, sensitivity[name]);
    found[name] = pickFrames(onsets, thresholds[name], drums.peaks).map((frame) => {
      const onset = drums.start + refine(onsets, frame) / drums.frame_rate;
      return { frame, onset: Math.max(0, Math.min(duration, onset)), velocity: velocities[frame] };
    });
  }
  const [first, second] = SNARE;
  if (found[first]) {
    const height = (name, { frame }) => lanes[name].onsets[frame] / thresholds[name];
    const dropped = new Set();
    for (const one of found[first]) {
      const near = found[second].filter(({ frame }) => Math.abs(frame - one.frame) <= SNARE_FRAMES);
      const highest = Math.max(0, ...near.map((other) => height(second, other)));
      for (const lower of highest > height(first, one) ? [one] : near) dropped.add(lower);
    }
    for (const name of SNARE) found[name] = found[name].filter((note) => !dropped.has(note));
  }
  return found;
}
