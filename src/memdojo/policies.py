"""Policies out of runs and checkpoints, whatever they are, and a memory that works with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass
