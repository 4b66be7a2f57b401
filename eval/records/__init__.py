"""Recorded episodes: their schema, their files and the recorder."""
