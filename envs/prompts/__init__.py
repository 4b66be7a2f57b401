"""Prompt formats: how a text policy is shown an observation, and how its completion is parsed."""
