"""Marks of the keys that only some runs use: those of managers, of language policies, and so on."""

from __future__ import annotations

from memdojo.settings import UsedIf

MANAGER_ONLY = UsedIf(lambda run: run.writes_memory, "task is {run.task!r} and only a manager uses it")
WHOLE_MANAGER_ONLY = UsedIf(
    lambda run: run.task == "manager",
    "task is {run.task!r} and only a manager uses it that is no memory design",
)
DESIGN_ONLY = UsedIf(
    lambda run: run.task == "design", "task is {run.task!r} and only a memory design uses it"
)
NO_DESIGN = UsedIf(lambda run: run.task != "design", "task is 'design', and a memory design has its own")
RETRIEVER_ONLY = UsedIf(
    lambda run: run.task == "retriever", "task is {run.task!r} and only a retriever uses it"
)
STORE_ONLY = UsedIf(
    # Over a written memory the limits are those of the manager that writes it.
    lambda run: run.writes_memory or run.episode.written_by is not None,
    "task is {run.task!r} and only a manager uses it",
)
ARCHIVE_ONLY = (
    UsedIf(lambda run: not run.writes_memory, "task is {run.task!r}, whose questions meet its own store"),
    UsedIf(
        lambda run: run.episode.written_by is None,
        "episode.written_by is set, whose entries are what its manager wrote",
    ),
)
TIERS_ONLY = UsedIf(lambda run: bool(run.episode.tiers), "there are no episode.tiers")
VALIDATED_ONLY = UsedIf(
    lambda run: run.streams.validation is not None, "there is no streams.validation to validate on"
)
ONE_STEP_ONLY = UsedIf(lambda run: run.one_step.window_turns is not None, "there is no one_step.window_turns")
WHOLE_EPISODES = UsedIf(
    lambda run: run.one_step.window_turns is None,
    "one_step.window_turns is set, and its episodes are single steps behind windows of their own",
)
WITH_ENCODER = UsedIf(lambda run: run.encoder.tuned_layers > 0, "encoder.tuned_layers is 0")
WITH_FALLBACK = UsedIf(lambda run: run.fallback.rule is not None, "there is no fallback.rule")
WITH_PROBES = UsedIf(
    lambda run: run.algorithm.group_start == "probes",
    "algorithm.group_start is {run.algorithm.group_start!r}",
)
MIXED_STARTS = UsedIf(
    lambda run: run.algorithm.group_start == "mixed",
    "algorithm.group_start is {run.algorithm.group_start!r}",
)
WITH_ENTROPY = UsedIf(
    lambda run: run.algorithm.entropy_coefficient > 0, "algorithm.entropy_coefficient is 0, which stays 0"
)
SCHEDULED_ENTROPY = UsedIf(
    lambda run: run.algorithm.entropy_schedule != "constant", "there is no algorithm.entropy_schedule"
)
COMPACT_ONLY = UsedIf(
    lambda run: not run.is_language, "policy.kind is {run.policy.kind!r} and only a compact policy uses it"
)
LANGUAGE_ONLY = UsedIf(
    lambda run: run.is_language, "policy.kind is {run.policy.kind!r} and only a language policy uses it"
)
