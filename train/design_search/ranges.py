"""`RANGES`: within what a search varies the parameters of each memory design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..config.tuning import Range, Span

Ranges = Mapping[str, Range]
"""Ranges by the name of a parameter."""


@dataclass(frozen=True, slots=True)
class DesignRanges:
    """What is varied of a design, the defaults included. Any two values go together.

    Attributes:
        write: Parameters that matter where it writes, or where it does both.
        read: Those that matter where it reads.
    """

    write: Ranges = field(default_factory=dict)
    read: Ranges = field(default_factory=dict)


def _span(low: float, high: float) -> Span:
    return Span(low=low, high=high)


def _log(low: float, high: float) -> Span:
    return Span(low=low, high=high, log=True)


RANGES: Mapping[str, DesignRanges] = MappingProxyType(
    {
        "a_mem": DesignRanges(
            write={"num_neighbours": _span(1, 10), "num_keywords": _span(3, 16)},
            read={"keyword_weight": _span(0.0, 1.0), "linked_share": _span(0.0, 0.6)},
        ),
        "ada_mem": DesignRanges(
            write={"num_working": _span(0, 12), "related": _span(0.3, 0.8), "max_links": _span(0, 6)}
        ),
        "adapt_llm": DesignRanges(read={"min_nearness": _span(0.0, 0.6)}),
        "ama": DesignRanges(
            write={
                "topic_nearness": _span(0.0, 0.3),
                "max_turns": _span(6, 30),
                "summary_tokens": _log(24, 128),
                "fact_nearness": _span(0.1, 0.6),
            },
            read={"max_retries": _span(0, 4)},
        ),
        "case_selector": DesignRanges(
            write={"step_size": _span(0.05, 1.0)},
            read={
                "order": ("support", "similarity"),
                "max_cases": _span(1, 8),
                "min_support": _span(0.0, 0.5),
            },
        ),
        "evolver": DesignRanges(write={"min_score": _span(0.0, 0.5), "alike": _span(0.6, 1.0)}),
        "himem": DesignRanges(
            write={
                "topic_nearness": _span(0.0, 0.3),
                "surprise": _span(2.0, 6.0),
                "max_turns": _span(6, 30),
                "note_nearness": _span(0.1, 0.6),
            }
        ),
        "hymem": DesignRanges(
            write={"line_tokens": _log(16, 96), "max_lines": _span(1, 8)},
            read={"num_light": _span(3, 20), "num_deep": _span(10, 60)},
        ),
        "karma": DesignRanges(
            write={"max_slots": _log(20, 200), "near": _span(0.2, 0.6), "same": _span(0.7, 0.95)}
        ),
        "mem_agent": DesignRanges(write={"max_tokens": _log(128, 2048), "turns_per_chunk": (1, 2, 4, 8)}),
        "mem_os": DesignRanges(
            write={"related": _span(0.5, 0.85), "alike": _span(0.88, 0.98), "max_working": _span(5, 40)}
        ),
        "mem_rl": DesignRanges(
            write={"step_size": _span(0.05, 1.0), "same_key": _span(0.7, 1.0)},
            read={"min_nearness": _span(0.0, 0.6), "max_keys": _span(3, 12), "max_cases": _span(1, 8)},
        ),
        "memento": DesignRanges(
            write={"step_size": _log(0.03, 1.0)},
            read={"parametric": (True, False), "max_cases": _span(1, 12)},
        ),
        "memgas": DesignRanges(
            write={
                "min_sessions": _span(2, 10),
                "num_associated": _span(5, 40),
                "summary_tokens": _log(24, 128),
            },
            read={
                "num_sessions": _span(1, 8),
                "num_seeds": _span(5, 30),
                "damping": _span(0.0, 0.5),
            },
        ),
        "nemori": DesignRanges(
            write={
                "min_turns": _span(1, 4),
                "max_turns": _span(6, 30),
                "min_relevance": _span(0.0, 0.3),
                "merge_nearness": _span(0.6, 0.95),
                "fact_nearness": _span(0.6, 0.95),
            }
        ),
        "plug_mem": DesignRanges(
            write={
                "same_episode": _span(0.4, 0.9),
                "comparable": _span(0.3, 0.8),
                "num_tags": _span(1, 6),
            },
            read={"near_tag": _span(0.5, 0.95), "min_votes": _span(0.0, 6.0)},
        ),
        "re_me": DesignRanges(
            write={"duplicate": _span(0.4, 1.0), "min_reads": _span(2, 10), "min_share": _span(0.1, 0.9)}
        ),
        "re_mem": DesignRanges(
            write={"repeated": _span(0.8, 1.0), "min_reads": _span(1, 6), "min_share": _span(0.1, 0.9)}
        ),
        "scm": DesignRanges(
            write={"long_tokens": _log(20, 400), "summary_tokens": _log(20, 200)},
            read={"num_similar": _span(1, 12), "max_tokens": _log(100, 4000)},
        ),
        "sirllm": DesignRanges(
            write={"num_first": _span(0, 8), "num_recent": _span(0, 32), "decay": _span(0.9, 1.0)}
        ),
        "three_pools": DesignRanges(read={"per_pool": _span(1, 20)}),
    }
)
"""By the name of the design; of one that is not here only budgets and partners are varied, unless ranges are
given for it."""
