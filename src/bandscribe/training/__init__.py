"""Learning: the only room with torch.

Here: batches, the training loop, schedules, export with credits, and one folder per task with its
networks, targets, losses and recipe. Not here: anything a person needs in order to use a trained
network (`runtime` runs it without torch), sound (`synthesis`), scores (`metrics`). The task folders
do not import each other; what two of them need moves up into this folder. No
module imports this package, except a command inside its function.
"""
