from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from builders import ScriptedChat
from memdojo.agents.engines.chat import Reply
from memdojo.agents.graders.judging import Judging, operation_messages
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.types import Add, Capacity, Chunk, Delete, Noop, Rewrite, Stream, Turn, Update
from memdojo.rewards import NO_INFORMATION, QuestionOutcome, StepOutcome

QUESTION = QuestionOutcome(
    "q1", "", ("Oslo",), False, "In Oslo", "", frozenset(), frozenset(), (), text="Where does Ana live?"
)
STEP = StepOutcome(0, (QUESTION,), (), 1, 0, 1, 0, 10, 0.0, 0.0, True)
CHUNK = Chunk(0, (Turn("t1", "Ana", "I moved to\nOslo."),), time=datetime(2023, 5, 8))


def _yes(asked: str) -> Reply:
    return Reply("Yes" if "Oslo" in asked.partition("Answer:")[2] else "no.")


def _verdicts(judging: Judging, *outcomes: StepOutcome) -> list[list[float | None]]:
    async def judge() -> list[StepOutcome]:
        return list(await asyncio.gather(*map(judging.judge, outcomes)))

    return [[question.verdict for question in outcome.questions] for outcome in asyncio.run(judge())]


def test_answers_get_their_verdicts_and_rollouts_that_agree_are_judged_once() -> None:
    chat = ScriptedChat(_yes)
    judging = Judging(chat)
    wrong = replace(STEP, questions=(replace(QUESTION, answer="Rome"),))
    assert _verdicts(judging, STEP, wrong, STEP, STEP) == [[1], [0], [1], [1]]
    assert len(chat.asked) == 2
    assert {temperature for _, temperature in chat.limits} == {0.0}
    assert judging.counts == (2, 2)


def test_where_there_is_nothing_to_compare_with_no_model_is_asked() -> None:
    chat = ScriptedChat(_yes)
    unanswerable = replace(QUESTION, unanswerable=True, answer=NO_INFORMATION)
    missing = replace(QUESTION, answer=None, answer_error="timed out")
    asked = (unanswerable, replace(unanswerable, answer="Oslo"), missing)
    assert _verdicts(Judging(chat), replace(STEP, questions=asked)) == [[1, 0, None]]
    assert chat.asked == []


def test_a_grade_that_could_not_be_had_stays_none_and_is_asked_for_anew() -> None:
    replies = [Reply(None, "timed out"), Reply("perhaps"), Reply("yes")]
    chat = ScriptedChat(lambda asked: replies.pop(0))
    judging = Judging(chat)
    assert [_verdicts(judging, STEP)[0][0] for _ in range(4)] == [None, None, 1, 1]
    assert len(chat.asked) == 3


def test_only_questions_that_want_a_judge_are_put_to_one_where_it_is_told_so() -> None:
    chat = ScriptedChat(_yes)
    judged = replace(QUESTION, metric="longmemeval_judge")
    step = replace(STEP, questions=(QUESTION, judged))
    assert _verdicts(Judging(chat, all_answers=False), step)[0][0] is None
    assert len(chat.asked) == 1
    assert _verdicts(Judging(chat, all_answers=False), STEP) == [[None]]


def test_an_evaluation_gets_the_same_grades_without_an_event_loop() -> None:
    chat = ScriptedChat(_yes)
    judging = Judging(chat)
    assert judging.grade([QUESTION, replace(QUESTION, answer="Rome"), QUESTION]) == [1, 0, 1]
    judging.grade([QUESTION])
    assert len(chat.asked) == 2
    assert judging.grade([]) == []


def _episode() -> ManagerEpisode:
    stream = Stream("s", "g", (CHUNK, replace(CHUNK, index=1)), ())
    return ManagerEpisode(StreamContext(stream), Capacity())


def test_operations_that_were_applied_are_graded() -> None:
    episode = _episode()
    chat = ScriptedChat(lambda asked: Reply("yes" if "episodic" in asked else "no"))
    judging = Judging(chat, operations=True)
    operations = (Add("Ana moved", ("t1",), entry_kind="episodic"), Rewrite("Ana"), Noop(), Delete(9))
    episode.begin_step(operations, malformed=["hm"])
    changes = judging.changes(episode)
    outcome = asyncio.run(judging.judge(episode.finish_step(()), changes))
    assert [each.valid for each in outcome.operations] == [1, 0, None, None, None]
    assert len(chat.asked) == 2
    # Without the switch nobody is asked.
    assert Judging(chat).changes(episode) == ()
    assert judging.changes(object()) == ()


def test_a_change_is_put_with_what_was_said_before_and_after() -> None:
    episode = _episode()
    first = (Add("Ana moved", entry_kind="episodic"), Rewrite("Ana"))
    episode.step(first)
    added, wrote = (operation_messages(result, CHUNK)[1].content for result in episode.results)
    assert added == (
        "Newly said on 2023-05-08:\n- Ana: I moved to Oslo.\n\nWrite a new episodic note: Ana moved\n\n"
        "Right (yes or no)?"
    )
    assert "Write the core: Ana\n" in wrote
    episode.begin_step((Update(1, "Ana moved to Oslo"), Delete(2)))
    changed, deleted = (operation_messages(result, CHUNK)[1].content for result in episode.results)
    assert "Change the episodic note.\nIt read: Ana moved\nIt now reads: Ana moved to Oslo\n" in changed
    assert "Delete the core: Ana\n" in deleted


def test_the_fingerprint_names_the_model_and_the_prompts() -> None:
    assert Judging(ScriptedChat(_yes)).fingerprint == "chat-judge-2(scripted)"


def test_a_cache_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="max_entries is 0"):
        Judging(ScriptedChat(_yes), max_entries=0)
