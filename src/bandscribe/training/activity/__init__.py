"""Training instrument activity: which instruments play in each frame of a mixture, and how loud.

The tracker: `pieces` of music in stems and `scenes` of single players, remixed for every example;
`targets` and loss; the networks (`models`); `validation` on whole pieces. The system of Neuroment
(2022): random mixtures of `solos`, `windows` of features, `losses` on envelopes, `envelopes`. Not
here: instruments of whole clips (`recognition`).
"""
