"""Policies that manage memory or rank what it holds, what plays episodes with them, and what deploys them."""

from .memory_agent import AgentAnswer, MemoryAgent

__all__ = ["AgentAnswer", "MemoryAgent"]
