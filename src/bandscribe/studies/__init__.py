"""Studies of corpora and of ways to train: literal rows, a table of results, and a plot for each.

Training runs are compared by one engine: `runs` trains rows × seeds and evaluates them, `tables`
writes the results. The studies are `recognition`, `neuroment` (activity), `hits` and
`drummernet`; for drums, whose trials run in parallel, in `drum_architectures` and `drum_data`, with
one `page`. `features` and `variance` test which features distinguish instruments.

Not here: features, models and losses (a study calls them), plots (`display`), the evaluation of a
system (`evaluation`). Only commands import this package, inside their functions; it needs scipy
(extra: train).
"""
