"""Tracker modules: songs that hold their samples and their notes, and so annotate themselves.

`openmpt` plays a module, or some of its instruments, and lists the notes in it; `labels`
reads a table of what those instruments are and finds the attack of each drum; `corpus` writes
songs, with the sound of their drums apart.
"""
