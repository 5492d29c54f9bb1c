"""Questions asked of corpora and of trained models: each is run, put into a table, and drawn.

Here: one file per study, and the statistics that a study needs. Not here: features, models and
losses (a study calls them), the drawing itself (`display`), how a system scores (`evaluation`).
Nobody imports this room but a command, inside its function; it needs scipy (extra: train).
"""
