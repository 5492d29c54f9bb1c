"""Starting Ray, for searches and catalogues; what either does with it is theirs."""

from __future__ import annotations

import logging
from typing import Any

import ray

#: How often Ray may fail to start within its own half minute, which a busy machine exceeds.
_STARTS = 5


def start(address: str | None = None, **options: Any) -> None:
    """Connect to the Ray cluster at `address`, or start one; again where the machine is too busy.

    Without an address, neither a cluster that runs here nor the environment's `RAY_ADDRESS` counts.
    Raises ValueError where Ray never starts in time.
    """
    for _ in range(_STARTS):
        try:
            ray.init(
                address or "local",
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                **options,
            )
            return
        except Exception as error:  # its own class, and no other
            if type(error) is not Exception or "timed out during startup" not in str(error):
                raise
            ray.shutdown()
    raise ValueError(f"Ray did not start {_STARTS} times; try again when the machine is less busy")
