"""The limits of a server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of a server, which refuses what exceeds them.

    `bytes` and `seconds` of one recording; `jobs` that run at the same time; recordings that are
    `queued` besides, uploads in progress included. Up to `kept` results are kept for
    `keep_seconds`. After `upload_seconds` without a byte an upload is aborted.

    Raises ValueError for a limit below 1 (`queued` may be 0).
    """

    bytes: int = 512 << 20
    seconds: float = 4 * 3600.0
    jobs: int = 1
    queued: int = 16
    kept: int = 100
    keep_seconds: float = 3600.0
    upload_seconds: float = 30.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = 0 if name == "queued" else 1
            if not value >= least:
                raise ValueError(f"{name}: expected {least} or more, got {value}")
