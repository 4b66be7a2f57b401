"""ExpRAG: everything is appended, and the nearest tasks are read."""

from __future__ import annotations

from memdojo.agents.designs.exp_rag import ExpRAG
from memdojo.envs.types import Capacity

from .hands import Choosing, read, remember, report, texts

BOX, LAMP = report("Sort the red box.", "A"), report("Mend the old lamp.", "glue")


def test_reports_are_kept_whole_and_the_oldest_leaves():
    memory = remember(ExpRAG(), BOX, LAMP, "Hello.", capacity=Capacity(max_entries=2))
    assert texts(memory) == ["Report: Mend the old lamp.\nANSWER: glue\nVERDICT: given", "Ann: Hello."]


def test_who_leaves_is_a_choice():
    memory = remember(
        ExpRAG(), BOX, LAMP, "Hello.", capacity=Capacity(max_entries=2), decider=Choosing(leave=1)
    )
    assert [text[:12] for text in texts(memory)] == ["Report: Sort", "Ann: Hello."]


def test_the_nearest_task_is_read_first_whatever_its_answer_is():
    other = report("Write a poem.", "Mend the old lamp at once.")
    memory = remember(ExpRAG(), BOX, other, LAMP)
    first, *_ = read(ExpRAG(), memory, "Mend the old lamp at once.")
    assert first == memory.store.entries[2]
