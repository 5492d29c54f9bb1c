"""Training of the classifier of single hits: clips, what happens to them, networks, recipe."""
