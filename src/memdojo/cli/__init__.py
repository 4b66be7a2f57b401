"""The command line: `memdojo train`, `memdojo eval`, and commands that list, show and check."""

from __future__ import annotations

from .app import app, main

__all__ = ["app", "main"]
