// What the page asks of the server, and sends back. The cookie with the token goes along by itself.

async function ask(path, options = {}) {
  const answer = await fetch(`/page/${path}`, options).catch(() => {
    throw new Error("the server does not answer; is bandscribe still running?");
  });
  if (!answer.ok) {
    const body = await answer.json().catch(() => ({}));
    const detail = typeof body.detail === "string" ? body.detail : `the server answered ${answer.status}`;
    throw new Error(detail);
  }
  return answer;
}

const send = (path, method, value) =>
  ask(path, { method, body: JSON.stringify(value), headers: { "content-type": "application/json" } });

export const getRecording = async () => (await ask("recording")).json();
export const getInstruments = async () => (await ask("instruments")).json();
export const getNotes = async () => (await ask("notes")).json();
export const saveNotes = async (part) => (await send("notes", "PUT", part)).json();
export const getDrum = async (name) => (await ask(`kit/${name}`)).arrayBuffer();

// Bins of a level of the waveform: lowest, highest, lowest, …
export const getWaveform = async (level, start, count) =>
  new Int8Array(await (await ask(`waveform/${level}?start=${start}&count=${count}`)).arrayBuffer());

// By class: threshold, onsets (frame,), velocities (frame,).
export async function getLanes(drums) {
  const all = new Float32Array(await (await ask("activations")).arrayBuffer());
  const lane = (index) => all.subarray(index * drums.frames, (index + 1) * drums.frames);
  return Object.fromEntries(drums.classes.map((name, index) => [name, {
    threshold: drums.thresholds[name],
    onsets: lane(index),
    velocities: lane(drums.classes.length + index),
  }]));
}

// Have a file of a format written, and give it to the browser to keep.
export async function exportPart(format, part) {
  const answer = await send(`export/${format}`, "POST", part);
  const name = decodeURIComponent(answer.headers.get("content-disposition").split("''")[1]);
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  return name;
}

// The score as the address of a picture, to be given back by URL.revokeObjectURL.
export const getScore = async (part) =>
  URL.createObjectURL(await (await send("score", "POST", part)).blob());
