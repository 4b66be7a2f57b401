"""Streams of tasks of families whose rules only experience can tell, from a seed."""

from .generator import experience_streams, generate_experience
from .settings import ExperienceSettings

__all__ = ["ExperienceSettings", "experience_streams", "generate_experience"]
