"""Answering questions from retrieved memory: the protocol, the model-free default, and a cache."""

from __future__ import annotations

from .answerer import Answer, Answerer, AnswerRequest
from .cache import CachedAnswerer
from .extractive import ExtractiveAnswerer

__all__ = ["Answer", "AnswerRequest", "Answerer", "CachedAnswerer", "ExtractiveAnswerer"]
