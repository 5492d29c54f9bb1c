"""Any system against a corpus: evaluate each track, store its result, sum up, show and compare.

`store` evaluates the tracks of a corpus in parallel, as a task defines it; `tables` has what the
results of all tasks share, `page` the page to look at and listen to. The tasks:

- drums: `drum_systems` (a model, or the files of another system), `drums` (a track), `drum_metrics`
  and `beat_metrics` (all tracks);
- recognition: `recognition`, of an `instrument_network` or of `recognition_estimates`;
- activity: `activity` (a track) and `activity_metrics` (all tracks), of an `instrument_network` or
  of `activity_estimates`; `activity_reference` says what an annotation means;
- hits: `hits`.

`comparison` compares two results. The metrics themselves are in `bandscribe.metrics`.
"""
