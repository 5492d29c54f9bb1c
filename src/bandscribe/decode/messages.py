"""Messages about sound files that are damaged or unusual."""

from __future__ import annotations

import warnings
from pathlib import Path


class AudioWarning(UserWarning):
    """A sound file was read, with a limitation that the user should know."""


class TruncatedAudioWarning(AudioWarning):
    """A sound file broke off before its end, or has a hole; what else it holds was decoded."""


def warn(path: Path, text: str) -> None:
    """Warn of how a file was read."""
    warnings.warn(AudioWarning(f"{path}: {text}"), stacklevel=2)


def warn_truncated(path: Path, seconds: float, reason: str) -> None:
    """Warn that what follows `seconds` of a file, or a stretch there, is lost."""
    warnings.warn(
        TruncatedAudioWarning(f"{path}: broke off after {seconds:.1f} s ({reason})"), stacklevel=2
    )


def not_sound(path: Path) -> ValueError:
    """The error for a file without sound."""
    return ValueError(
        f"{path}: no sound that can be decoded; check that it is a sound file, and whole"
    )
