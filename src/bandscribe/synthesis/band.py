"""A band without drums to hide the drums in: songs re-arranged and played through a SoundFont.

Each song (POP909's three tracks: melody, bridge, piano) gets a bass line, and often rhythm guitars,
of its own, other instruments, another key and tempo. `write_band` renders songs into a folder;
`Backing` holds such a folder in memory and cuts excerpts from it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import soundfile
from numpy.typing import NDArray

from bandscribe import audio
from bandscribe.synthesis import voice
from bandscribe.types import Audio

SAMPLE_RATE = 44100

#: General MIDI programs (from 0) by the part they may play.
MELODY = (52, 53, 54, 85, 91, 64, 65, 66, 56, 59, 73, 40, 42, 22, 26, 27, 29, 80, 81, 11, 0, 4)
BRIDGE = (48, 49, 50, 51, 61, 62, 63, 60, 56, 68, 71, 45, 46, 11, 12, 24, 25, 7, 81, 88, 89, 90)
CHORDS = (0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 21, 24, 25, 26, 27, 28, 48, 50, 88, 89, 95)
BASS = (32, 33, 33, 34, 34, 35, 36, 36, 37, 38, 39)
GUITARS = (28, 28, 29, 30, 30, 27, 25)


@dataclass(frozen=True)
class Note:
    """One note of a band part: seconds, MIDI pitch, velocity 1 to 127."""

    start: float
    end: float
    pitch: int
    velocity: int


def read_song(midi: mido.MidiFile) -> dict[str, list[Note]]:
    """The notes of each named track of a song, in seconds."""
    tempo = next((m.tempo for t in midi.tracks for m in t if m.type == "set_tempo"), 500_000)
    parts: dict[str, list[Note]] = {}
    for track in midi.tracks:
        now, open_notes = 0, dict[int, tuple[float, int]]()
        notes: list[Note] = []
        for message in track:
            now += message.time
            seconds = mido.tick2second(now, midi.ticks_per_beat, tempo)
            if message.type == "note_on" and message.velocity:
                open_notes[message.note] = (seconds, message.velocity)
            elif message.type in ("note_on", "note_off") and message.note in open_notes:
                start, velocity = open_notes.pop(message.note)
                notes.append(Note(start, max(seconds, start + 0.02), message.note, velocity))
        if notes:
            parts[track.name.strip().upper()] = notes
    return parts


def arrange(parts: dict[str, list[Note]], rng: np.random.Generator) -> list[tuple[int, list[Note]]]:
    """(program, notes) of each part of a new arrangement of a song."""
    shift = int(rng.integers(-5, 6))
    stretch = float(rng.uniform(0.85, 1.2))
    chords = _roots(parts.get("PIANO") or next(iter(parts.values())))
    beat = float(rng.uniform(0.38, 0.62)) / stretch
    new: list[tuple[int, list[Note]]] = []
    if "MELODY" in parts and rng.random() < 0.8:
        new.append((int(rng.choice(MELODY)), parts["MELODY"]))
    if "BRIDGE" in parts and rng.random() < 0.7:
        new.append((int(rng.choice(BRIDGE)), parts["BRIDGE"]))
    if "PIANO" in parts and rng.random() < 0.8:
        new.append((int(rng.choice(CHORDS)), parts["PIANO"]))
    if rng.random() < 0.85:
        new.append((int(rng.choice(BASS)), list(_bass(chords, beat, rng))))
    new += [
        (int(rng.choice(GUITARS)), list(_guitar(chords, beat, rng)))
        for _ in range(int(rng.choice([0, 1, 1, 2])))
    ]
    if not new:
        new.append((0, next(iter(parts.values()))))
    return [(program, [_moved(n, shift, stretch) for n in notes]) for program, notes in new]


def _moved(note: Note, shift: int, stretch: float) -> Note:
    pitch = int(np.clip(note.pitch + shift, 0, 127))
    return Note(note.start * stretch, note.end * stretch, pitch, note.velocity)


def _roots(notes: list[Note]) -> list[tuple[float, int]]:
    """(time, lowest pitch) about twice a second: a rough line of chord roots."""
    roots: list[tuple[float, int]] = []
    for note in sorted(notes, key=lambda n: n.start):
        if not roots or note.start - roots[-1][0] > 0.9:
            roots.append((note.start, note.pitch))
        elif note.pitch < roots[-1][1]:
            roots[-1] = (roots[-1][0], note.pitch)
    return roots


def _steps(
    chords: list[tuple[float, int]], beat: float, rng: np.random.Generator
) -> Iterator[tuple[float, float, int]]:
    """(start, length, root) of the strokes of a rhythm that is drawn per song."""
    division = float(rng.choice([1.0, 0.5, 0.5, 0.25]))
    density = float(rng.uniform(0.5, 1.0))
    mask = rng.random(16) < density
    mask[0] = True
    for (start, root), (end, _) in zip(chords, [*chords[1:], (chords[-1][0] + 2, 0)], strict=True):
        step = beat * division
        for i in range(max(1, min(64, int((min(end, start + 8) - start) / step)))):
            if mask[i % 16]:
                yield start + i * step, step, root


def _bass(chords: list[tuple[float, int]], beat: float, rng: np.random.Generator) -> Iterator[Note]:
    hold = float(rng.uniform(0.4, 1.0))
    walk = float(rng.uniform(0, 0.4))
    for start, length, root in _steps(chords, beat, rng):
        pitch = 28 + (root - 28) % 12 + (12 if rng.random() < 0.15 else 0)
        if rng.random() < walk:
            pitch += int(rng.choice([3, 4, 5, 7, 10, 12]))
        yield Note(start, start + hold * length, pitch, int(rng.integers(70, 127)))


def _guitar(
    chords: list[tuple[float, int]], beat: float, rng: np.random.Generator
) -> Iterator[Note]:
    hold = float(rng.choice([0.25, 0.6, 1.0]))
    shape = ((0, 7, 12), (0, 7), (0, 4, 7, 12), (0, 3, 7, 12))[int(rng.integers(4))]
    for start, length, root in _steps(chords, beat, rng):
        base = 40 + (root - 40) % 12
        velocity = int(rng.integers(60, 120))
        for string, interval in enumerate(shape):
            at = start + 0.006 * string
            yield Note(at, at + hold * length, base + interval, velocity)


def write_midi(parts: list[tuple[int, list[Note]]], path: Path) -> None:
    """A type 1 MIDI file at 120 bpm, one channel per part (never channel 10)."""
    midi = mido.MidiFile(ticks_per_beat=480)
    for index, (program, notes) in enumerate(parts):
        channel = index if index < 9 else index + 1
        events = [(n.start, 1, n.pitch, n.velocity) for n in notes]
        events += [(n.end, 0, n.pitch, 0) for n in notes]
        track = mido.MidiTrack()
        track.append(mido.Message("program_change", channel=channel, program=program))
        ticks = 0
        for seconds, on, pitch, velocity in sorted(events):
            at = round(seconds * 960)
            kind = "note_on" if on else "note_off"
            track.append(
                mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=at - ticks)
            )
            ticks = at
        midi.tracks.append(track)
    midi.save(str(path))


def write_band(
    songs: Path, soundfont: Path, out: Path, *, hours: float, seed: int
) -> Iterator[tuple[Path, float]]:
    """Render arrangements out of a zip of MIDI songs until there are `hours`.

    Yields each mono flac as it is done, and the hours so far. File `i` depends on the seed and on
    `i` alone, and those that are there are kept. Raises ValueError without fluidsynth or songs.
    """
    if shutil.which("fluidsynth") is None:
        raise ValueError("fluidsynth: not found; install it (Debian: apt install fluidsynth)")
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(songs) as archive:
        names = sorted(n for n in archive.namelist() if n.endswith(".mid"))
        if not names:
            raise ValueError(f"{songs}: no MIDI songs in it")
        done, index = 0.0, 0
        while done < hours:
            path = out / f"band_{index:04d}.flac"
            if not path.exists():
                rng = np.random.default_rng([seed, index])
                with archive.open(names[int(rng.integers(len(names)))]) as file:
                    arrangement = arrange(read_song(mido.MidiFile(file=file)), rng)
                samples = _play(arrangement, soundfont, rng)
                audio.write(path, Audio(samples[None], SAMPLE_RATE))
            done += soundfile.info(path).duration / 3600
            index += 1
            yield path, done


def _play(
    arrangement: list[tuple[int, list[Note]]], soundfont: Path, rng: np.random.Generator
) -> NDArray[np.float32]:
    """An arrangement through a SoundFont, half of the time sung to, (n,) with a peak of 0.7."""
    with tempfile.TemporaryDirectory() as scratch:
        midi, wav = Path(scratch, "band.mid"), Path(scratch, "band.wav")
        write_midi(arrangement, midi)
        reverb = str(int(rng.random() < 0.5))
        done = subprocess.run(
            ["fluidsynth", "-ni", "-q", "-R", reverb, "-C", "0", "-g", "0.5",
             "-r", str(SAMPLE_RATE), "-F", str(wav), str(soundfont), str(midi)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode or not wav.exists():
            raise ValueError(f"{soundfont}: fluidsynth cannot play it ({done.stderr.strip()})")
        samples, _ = soundfile.read(wav, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if rng.random() < 0.5:
        mono = _with_voice(mono, arrangement, rng)
    return np.asarray(0.7 * mono / (np.abs(mono).max() + 1e-9), dtype=np.float32)


def _with_voice(
    mono: NDArray[np.float32], arrangement: list[tuple[int, list[Note]]], rng: np.random.Generator
) -> NDArray[np.float32]:
    """The band with somebody singing its first part."""
    notes = [(n.start, n.end, n.pitch) for n in arrangement[0][1]]
    singing = voice.sing(notes, len(mono) / SAMPLE_RATE, rng, SAMPLE_RATE)
    level = np.sqrt(np.mean(mono**2)) / (np.sqrt(np.mean(singing**2)) + 1e-9)
    return mono + singing * np.float32(level * 10 ** (rng.uniform(-9, 6) / 20))


@dataclass(frozen=True)
class Backing:
    """Drumless recordings in memory, (n,) int16 at 44.1 kHz each."""

    songs: tuple[NDArray[np.int16], ...]

    @classmethod
    def load(cls, folders: Sequence[Path]) -> Backing:
        """All mono 44.1 kHz flac files of some folders. Raises ValueError when there are none."""
        songs = []
        for path in [path for folder in folders for path in sorted(folder.glob("*.flac"))]:
            samples, rate = soundfile.read(path, dtype="int16")
            if rate != SAMPLE_RATE or samples.ndim != 1:
                raise ValueError(f"{path}: expected mono audio at {SAMPLE_RATE} Hz")
            songs.append(samples)
        if not songs:
            names = ", ".join(map(str, folders))
            raise ValueError(f"{names}: no .flac of a band; make one: bandscribe synthesize band")
        return cls(tuple(songs))

    def draw(self, rng: np.random.Generator, length: int) -> NDArray[np.float32]:
        """A random passage of (length,) samples; short songs are padded with silence."""
        song = self.songs[rng.integers(len(self.songs))]
        start = int(rng.integers(max(1, len(song) - length)))
        out = np.zeros(length, dtype=np.float32)
        passage = song[start : start + length]
        out[: len(passage)] = passage / np.float32(32768)
        return out
