"""The JSON of what a recording or a clip was recognized as: an entry for each file.

`bandscribe recognize`, `bandscribe classify` and the server write these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bandscribe.hits import Hit
    from bandscribe.instruments import Recognition


def describe_recognition(found: Recognition, file: str) -> dict[str, Any]:
    """The `file`, its `duration`, and each of its `instruments`.

    Seconds are rounded to the millisecond, and null where a class is absent.
    """
    rows = zip(found.tags.classes, found.tags.scores, found.present, found.spans, strict=True)
    return {
        "file": file,
        "duration": round(found.duration, 6),
        "instruments": [
            {
                "class": name,
                "probability": round(float(score), 6),
                "present": bool(present),
                "active_share": round(span.share, 4),
                "first": None if span.first is None else round(span.first, 3),
                "last": None if span.last is None else round(span.last, 3),
            }
            for name, score, present, span in rows
        ],
    }


def describe_hit(found: Hit, file: str) -> dict[str, Any]:
    """The `file` and what drum it is.

    The most probable `class`, or null; its `probability`; all `classes` that are struck together;
    the `velocity`, 0 to 1, null where the model gives none; and the probability of each class,
    `scores`.
    """
    scores = zip(found.tags.classes, found.tags.scores, strict=True)
    return {
        "file": file,
        "class": found.label,
        "probability": round(found.probability, 6),
        "classes": list(found.labels),
        "velocity": None if found.velocity is None else round(found.velocity, 4),
        "scores": {name: round(float(score), 6) for name, score in scores},
    }
