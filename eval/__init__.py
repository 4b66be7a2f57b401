"""Held-out evaluation: policies on streams that training never saw, with bounds and intervals."""
