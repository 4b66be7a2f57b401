"""Compact policies: small torch networks that choose among operations or rank candidates from features."""
