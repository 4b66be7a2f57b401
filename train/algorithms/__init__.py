"""Advantages and losses as pure functions, for both kinds of policies."""
