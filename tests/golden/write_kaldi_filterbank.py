"""Writes kaldi_filterbank.npz anew, out of two implementations that this project does not install.

    pip install kaldi-native-fbank transformers numpy
    python tests/golden/write_kaldi_filterbank.py

`kaldi_*`: kaldi-native-fbank 1.22.5, Kaldi's own C++, in single precision. `transformers_*`:
transformers 5.23.0, the NumPy arithmetic of its reader for AST, in double precision.
"""

from pathlib import Path

import numpy as np


def signal() -> np.ndarray:
    """A fifth of a second at 16 kHz: a decaying tone with its overtones, a little noise, a rest."""
    seconds = np.arange(3300) / 16000
    tone = sum(np.sin(2 * np.pi * 311 * k * seconds) / k for k in range(1, 20))
    samples = 0.2 * tone * np.exp(-8 * seconds) + 0.01
    samples += 0.003 * np.random.default_rng(5).standard_normal(3300)
    samples[2200:2900] = 0
    return samples.astype(np.float32)


def _kaldi(window: str) -> np.ndarray:
    import kaldi_native_fbank as knf

    options = knf.FbankOptions()
    options.frame_opts.samp_freq = 16000
    options.frame_opts.window_type = window
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = 128
    options.mel_opts.low_freq = 20
    options.energy_floor = 0
    computer = knf.OnlineFbank(options)
    computer.accept_waveform(16000, signal().tolist())
    computer.input_finished()
    return np.array([computer.get_frame(i) for i in range(computer.num_frames_ready)])


def _transformers(window: str) -> np.ndarray:
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    filters = mel_filter_bank(
        257, 128, 20, 8000, 16000, mel_scale="kaldi", triangularize_in_mel_space=True
    )
    bands = spectrogram(
        signal(),
        window_function(400, window, periodic=False),
        400,
        160,
        512,
        center=False,
        power=2.0,
        preemphasis=0.97,
        mel_filters=filters,
        log_mel="log",
        mel_floor=float(np.finfo(np.float32).eps),
        remove_dc_offset=True,
    )
    return bands.T


if __name__ == "__main__":
    np.savez_compressed(
        Path(__file__).with_name("kaldi_filterbank.npz"),
        kaldi_hamming=_kaldi("hamming").astype(np.float32),
        kaldi_hanning=_kaldi("hanning").astype(np.float32),
        transformers_hamming=_transformers("hamming").astype(np.float32),
        transformers_hanning=_transformers("hann").astype(np.float32),
    )
