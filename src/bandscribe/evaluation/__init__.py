"""Any system against a corpus: run it, keep what came out, sum it up, show it, compare it.

`tracks` has a task judge every track of a corpus, in parallel, and keeps what it said. The tasks:

- drums: `systems` (a model, or files of another system) → `judge` (one track) → `run` → `figures`
  → `results` → `report`;
- recognition: `listeners` or `tag_files` → `recognition` → `recognition_figures`;
- activity: `listeners` or `curve_files` → `activity` → `activity_figures` → `activity_tables`.
  `presence` says what an annotation means, `joining` counts several classes as one.

`pages`, `report` and `instruments_page` make pages to look at and listen to; `comparison` sets two
result folders side by side. What a good estimate is, `metrics` says.
"""
