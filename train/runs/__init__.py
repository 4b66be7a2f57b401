"""Run folders: their layout, metrics, checkpoints, trackers and progress."""
