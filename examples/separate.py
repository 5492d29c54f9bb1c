"""Separate a recording into its instruments: a sound file for each that plays.

    python examples/separate.py song.mp3 -o DIR

What `track` hears starts a non-negative matrix factorization (Lee and Seung 2001; Neuroment 2022,
section 1): a spectrogram is taken to be the sum of a few spectra per instrument, each with an
activation over time. Where an instrument does not play its activations start at zero, and there
they stay; elsewhere they start at its level. Each instrument's share of the fitted spectrogram is
then its share of the recording. Instruments that always play together are not told apart.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bandscribe import audio, instruments
from bandscribe.features.spectrogram import hann
from bandscribe.types import Audio

N_FFT, HOP = 4096, 1024  # samples
SPECTRA = 12  # per instrument
ROUNDS = 60
TINY = 1e-9


def analyse(samples: np.ndarray) -> np.ndarray:
    """(sample,) to (frame, bin), complex; frame i is centred on sample i · HOP."""
    padded = np.pad(samples, (N_FFT // 2, N_FFT // 2 + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    return np.fft.rfft(frames * hann(N_FFT)).astype(np.complex64)


def synthesise(spectrum: np.ndarray, length: int) -> np.ndarray:
    """Back to (length,) samples, by overlapping frames."""
    window = hann(N_FFT)
    samples, weight = np.zeros((2, N_FFT + HOP * len(spectrum)), dtype=np.float32)
    for i, frame in enumerate(np.fft.irfft(spectrum, N_FFT)):
        here = slice(i * HOP, i * HOP + N_FFT)
        samples[here] += frame * window
        weight[here] += window**2
    return (samples / np.maximum(weight, TINY))[N_FFT // 2 : N_FFT // 2 + length]


def factorize(
    magnitude: np.ndarray, start: np.ndarray, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Each instrument's share of a spectrogram (frame, bin), from `start` (frame, instrument).

    Multiplicative updates for the Kullback-Leibler divergence.
    """
    shape = (len(magnitude), start.shape[1], SPECTRA)
    over_time = start[:, :, np.newaxis] * rng.uniform(0.5, 1.5, shape).astype(np.float32)
    over_time = over_time.reshape(len(magnitude), -1)
    spectra = rng.uniform(0.5, 1.5, (over_time.shape[1], magnitude.shape[1])).astype(np.float32)
    for _ in range(ROUNDS):
        ratio = magnitude / (over_time @ spectra + TINY)
        spectra *= (over_time.T @ ratio) / (over_time.sum(axis=0)[:, np.newaxis] + TINY)
        ratio = magnitude / (over_time @ spectra + TINY)
        over_time *= (ratio @ spectra.T) / (spectra.sum(axis=1) + TINY)
    total = over_time @ spectra + TINY
    columns = np.split(over_time, start.shape[1], axis=1)
    rows = np.split(spectra, start.shape[1])
    for here, mine in zip(columns, rows, strict=True):
        yield here @ mine / total


def separate(path: Path, folder: Path, model: str) -> None:
    """Write FOLDER/CLASS.wav for each instrument that plays."""
    activity = instruments.track(path, model=model)
    plays = activity.plays()
    heard = np.flatnonzero(plays.any(axis=0))
    if not len(heard):
        raise SystemExit(f"{path}: no instrument detected")
    sound = audio.read(path)
    spectra = [analyse(channel) for channel in sound.samples]
    magnitude = np.mean([np.abs(spectrum) for spectrum in spectra], axis=0)
    # The frame of the activity that lies nearest to each frame of the spectrum.
    seconds = np.arange(len(magnitude)) * HOP / sound.sample_rate
    frames = np.rint(seconds * activity.level.frame_rate).astype(int).clip(0, len(plays) - 1)
    amplitude = 10 ** (activity.level.values / 20) * plays
    shares = factorize(magnitude, amplitude[frames][:, heard], np.random.default_rng(0))
    folder.mkdir(parents=True, exist_ok=True)
    for column, share in zip(heard, shares, strict=True):
        channels = [synthesise(share * spectrum, sound.samples.shape[1]) for spectrum in spectra]
        target = folder / f"{activity.level.classes[column]}.wav"
        audio.write(target, Audio(np.stack(channels).astype(np.float32), sound.sample_rate))
        print(target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("-o", dest="folder", metavar="DIR", type=Path, default=Path())
    parser.add_argument("--model", metavar="NAME", default=instruments.MODEL)
    given = parser.parse_args()
    separate(given.file, given.folder, given.model)
