"""Sweeps of one difficulty at a time: registry, points, report and figures."""
