"""The command line: `memdojo train`, `memdojo eval` and what lists, shows and checks."""

from __future__ import annotations

from .app import app, main

__all__ = ["app", "main"]
