"""Training instrument activity: which instruments play in each frame of a mixture, and how loud.

Here: `pieces` of music whose players were recorded apart, remixed for every example; `targets`
and losses; the networks (`models`); `validation` on whole pieces; the way to a shipped file
(`ship`). Beside that line, the system of Neuroment (2022): `solos` that are mixed at random,
`windows` of features, `losses` on envelopes, and the line of `envelopes` from the ones to the
others. Not here: instruments of whole clips that are labelled as such (`recognition`).
"""
