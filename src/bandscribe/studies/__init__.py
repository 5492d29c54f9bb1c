"""Studies of corpora and of ways to train: literal rows, a table of results, and a plot for each.

Training runs are compared by one engine: `runs` trains rows × seeds and evaluates them, `tables`
writes what comes out. What differs is in `recognition`, `neuroment` (activity), `hits` and
`drummernet`; for drums, whose trials run in parallel, in `drum_architectures` and `drum_data`, with
one `page`. `features` and `variance` test which features distinguish instruments.

Not here: features, models and losses (a study calls them), the drawing itself (`display`), how a
system is scored (`evaluation`). Nobody imports this room but a command, inside its function; it
needs scipy (extra: train).
"""
