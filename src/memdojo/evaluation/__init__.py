"""Evaluation of whatever can be named: runs, checkpoints, baselines and policies of one's own."""
