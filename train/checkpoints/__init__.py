"""Checkpoints of compact and language policies, and how their policies are loaded."""
