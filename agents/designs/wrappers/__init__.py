"""Wrappers: what can be put around any memory design."""
