"""Any system against a corpus: run it, keep what came out, sum it up, show it, compare it.

`systems` (a model, or files of another system) → `judge` (one track) → `run` (all of them, in
parallel, resumable) → `figures` → `report` (a page to look at and listen to); `comparison` sets
two result folders side by side. What a good estimate is, `metrics` says.
"""
