"""The warning that a file broke off before its end."""

from __future__ import annotations

import warnings
from pathlib import Path


class TruncatedAudioWarning(UserWarning):
    """A sound file broke off before its end; what came before was decoded."""


def warn(path: Path, seconds: float, reason: str) -> None:
    """Warn that what follows `seconds` of a file is lost."""
    warnings.warn(
        TruncatedAudioWarning(f"{path}: broke off after {seconds:.1f} s ({reason})"), stacklevel=2
    )
