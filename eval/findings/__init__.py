"""Findings from recorded episodes: why questions fail, and how a policy differs from the plan."""
