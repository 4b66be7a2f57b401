"""Readers of published data sets, and the download of their files."""
