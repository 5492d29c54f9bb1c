"""Evaluation of any system on a corpus: score each track, store and summarize, show and compare.

`store` evaluates the tracks of a corpus in parallel, as a task defines it; `networks` has what the
models of all tasks share, `tables` what their results share; `page` writes the HTML report. The
tasks:

- drums: `drum_systems` (a model, or the files of another system), `drums` (a track), `drum_metrics`
  and `beat_metrics` (all tracks);
- recognition: `instrument_systems`, `recognition`;
- activity: `instrument_systems`, `activity` (a track), `activity_metrics` (all tracks), and
  `activity_reference` (the interpretation of annotations);
- hits: `hits`.

`comparison` compares two results. The metrics themselves are in `bandscribe.metrics`.
"""
