"""Policies without training: rules, oracles and the scripted exploits that rewards are tested against."""
