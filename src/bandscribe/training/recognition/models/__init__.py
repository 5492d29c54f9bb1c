"""Networks for instrument recognition.

They take features `(batch, frame, bin)` of a window of music and give logits `(batch, class)`,
whose sigmoid is the probability that the class is heard. Samples are features of one bin, a frame
each. Any batch size; any number of frames above a network's least. Features go in normalised as
section 3.3 says (see `normalisation`). `MODELS` lists the choices; every entry is called with
`bins`, `classes` and options by name. `head` holds the layers that replace a pretrained
classifier, for a learning rate of their own.

    choice     features                        bins    parameters with 11 classes
    audio      samples at 44.1 kHz                1       180,427
    mfcc       cepstral coefficients             40       879,275
    features   audio features                    40       114,859
    resnet50   mel spectrogram                  256    23,530,571
    ast        filterbank at 16 kHz             128    86,197,259

Source: Harmony Is All You Need 2023, chapter 4.
"""

from __future__ import annotations

from torch import nn

from bandscribe.training.recognition.models.audio import AudioCNN
from bandscribe.training.recognition.models.features import FeatureCNN
from bandscribe.training.recognition.models.mfcc import MfccCNN
from bandscribe.training.recognition.models.resnet import ResNet50
from bandscribe.training.recognition.models.transformer import AST

MODELS: dict[str, type[nn.Module]] = {
    "audio": AudioCNN,
    "mfcc": MfccCNN,
    "features": FeatureCNN,
    "resnet50": ResNet50,
    "ast": AST,
}

__all__ = ["AST", "MODELS", "AudioCNN", "FeatureCNN", "MfccCNN", "ResNet50"]
