"""Two or three drums struck together, out of kits that training did not hear: which are found?

    python benchmarks/overlaps.py KIT... [--examples 1000] [--model NAME]   (extra: train)

Drums of different classes are drawn alike, whichever kit has more of them, and struck within 20 ms,
at peaks up to 9 dB below the first and 6 above, without room or noise. Prints F1 of classes, by the
thresholds of the model, and how often the drums that are found are just those that are struck.
"""

import argparse

import numpy as np

from bandscribe import hits, runtime
from bandscribe.metrics import tags
from bandscribe.training.hits import clips, scenes
from bandscribe.types import Audio


def main() -> None:
    """Draw, listen and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kits", nargs="+")
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--model", default="hits")
    given = parser.parse_args()
    model = runtime.load(given.model)
    rate = hits.front_end(model.card).sample_rate
    drums = clips.from_kits(given.kits, sample_rate=rate, seconds=1.5)
    classes = model.card.classes
    struck, found = [], []
    for i in range(given.examples):
        chosen = draw(drums, np.random.default_rng(i))
        samples = scenes.play(chosen, sample_rate=rate, seconds=1.2)
        heard = hits.classify(Audio(samples[np.newaxis], rate), model=model)
        struck.append({str(stroke.clip.label) for stroke in chosen.strokes})
        found.append(set(heard.labels))
    for count in (1, 2, 3, None):
        rows = [i for i, labels in enumerate(struck) if count in (None, len(labels))]
        there, named = (tags.indicate([part[i] for i in rows], classes) for part in (struck, found))
        figures = tags.figures(there, named.astype(np.float32), classes, undefined=float("nan"))
        print(
            f"{'all' if count is None else count} drums, {len(rows)} times: "
            f"micro F1 {figures['micro.f1']:.3f}, precision {figures['micro.precision']:.3f}, "
            f"recall {figures['micro.recall']:.3f}, macro F1 {figures['macro.f1']:.3f}, "
            f"all right {figures['exact_match']:.3f}"
        )
    by_class = {name: figures[f"{name}.f1"] for name in classes}
    print(", ".join(f"{name} {f1:.2f}" for name, f1 in by_class.items() if np.isfinite(f1)))


def draw(drums: list[clips.HitClip], rng: np.random.Generator) -> scenes.Scene:
    """One, two or three strokes of different classes."""
    labels = sorted({str(clip.label) for clip in drums})
    strokes = []
    for label in rng.choice(labels, int(rng.integers(1, 4)), replace=False):
        kin = [clip for clip in drums if clip.label == label]
        strokes.append(
            scenes.PlayedClip(
                kin[int(rng.integers(len(kin)))],
                start=float(rng.uniform(0, 0.02)) if strokes else 0.0,
                amplitude=10 ** (float(rng.uniform(-9, 6)) / 20) if strokes else 1.0,
                semitones=0.0,
                seconds=9.0,
            )
        )
    return scenes.Scene(tuple(strokes), None, 0)


if __name__ == "__main__":
    main()
