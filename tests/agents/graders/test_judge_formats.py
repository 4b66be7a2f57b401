from dataclasses import replace

import pytest

from memdojo.agents.engines.chat import Reply
from memdojo.agents.graders.answerer import ChatJudge
from memdojo.agents.graders.judge_formats import JUDGE_MAX_TOKENS, judge_messages, judge_task, read_verdict
from memdojo.envs.streams.benchmarks.longmemeval import CATEGORIES
from memdojo.rewards.outcomes import QuestionOutcome

QUESTION = QuestionOutcome(
    question_id="q1",
    category="multi-session",
    references=("two cats",),
    unanswerable=False,
    answer="Two.",
    answer_error="",
    evidence=frozenset(),
    stored=frozenset(),
    retrieved=(),
    text="How many cats?",
    metric="longmemeval_judge",
)


def instructions(category: str, unanswerable: bool = False) -> str:
    system, _ = judge_messages("?", ["a"], "b", "longmemeval_judge", category, unanswerable)
    return system.content


def test_longmemeval_has_five_prompts() -> None:
    rules = {category: instructions(category) for category in CATEGORIES}
    generic = ("single-session-user", "single-session-assistant", "multi-session")
    assert len({rules[category] for category in generic}) == 1
    assert len({*rules.values(), instructions("multi-session", unanswerable=True)}) == 5
    # An abstention question has the rule of abstention, of whatever kind it is.
    assert len({instructions(category, unanswerable=True) for category in CATEGORIES}) == 1
    assert "one too large or too small" in rules["temporal-reasoning"]
    assert "how things were before does no harm" in rules["knowledge-update"]


def test_a_judge_sees_question_reference_and_answer() -> None:
    task = judge_task(QUESTION)
    assert task is not None
    assert task.messages[1].content == (
        "Question: How many cats?\n\nReference answer:\n- two cats\n\nReply: Two.\n\nRight (yes or no)?"
    )
    wish = judge_task(replace(QUESTION, category="single-session-preference"))
    assert wish is not None
    assert "\nDescription:\n- two cats\n" in wish.messages[1].content
    marked = judge_task(replace(QUESTION, metric="realmem_judge"))
    assert marked is not None
    assert marked.messages[1].content.endswith("Reply to be marked: Two.\n\nMark (0 to 3)?")


def test_only_longmemevals_judge_reads_why_a_question_cannot_be_answered() -> None:
    why = replace(QUESTION, unanswerable=True, references=("Dogs were never told of.",))
    task = judge_task(why)
    assert task is not None
    assert "\nReason:\n- Dogs were never told of.\n" in task.messages[1].content
    assert judge_task(replace(why, metric="judge")) is None
    assert judge_task(replace(why, references=())) is None
    assert judge_task(replace(QUESTION, answer=None)) is None


def test_the_same_words_are_the_same_task() -> None:
    assert judge_task(QUESTION) == judge_task(replace(QUESTION, question_id="q2"))
    assert judge_task(QUESTION) != judge_task(replace(QUESTION, metric="judge"))


@pytest.mark.parametrize(
    ("reply", "longmemeval", "realmem", "other"),
    [
        ("yes", 1.0, None, 1.0),
        ("Yes.", 1.0, None, 1.0),
        ("The answer is YES", 1.0, None, None),
        ("No, it is not.", 0.0, None, 0.0),
        ("maybe", 0.0, None, None),
        ("2", 0.0, 2 / 3, None),
        ("Mark: 3/3", 0.0, 1.0, None),
        ("10", 0.0, None, None),
        ("", 0.0, None, None),
        (None, None, None, None),
    ],
)
def test_replies_are_read_by_the_rule_of_the_metric(
    reply: str | None, longmemeval: float | None, realmem: float | None, other: float | None
) -> None:
    assert read_verdict(reply, "longmemeval_judge") == longmemeval
    assert read_verdict(reply, "realmem_judge") == realmem
    assert read_verdict(reply) == other


def test_a_judge_may_write_ten_tokens() -> None:
    limits = []

    class Chat:
        fingerprint = "scripted"

        def reply(self, conversations: object, max_tokens: int) -> list[Reply]:
            limits.append(max_tokens)
            return [Reply("yes")]

    assert ChatJudge(Chat()).grade(["?"], [("a",)], ["a"]) == [1.0]  # type: ignore[arg-type]
    assert limits == [JUDGE_MAX_TOKENS] == [10]


@pytest.mark.parametrize(
    ("reply", "longmemeval", "realmem", "other"),
    [
        ("<think>\nOkay, yes the reference", None, None, None),
        ("<think>\nIs it 2?", None, None, None),
        ("<think>No, yes, 1?</think>", None, None, None),
        ("<think>\nYes? No.\n</think>\n\nno", 0.0, None, 0.0),
        ("Is it 2? No.</think>yes, 3", 1.0, 1.0, 1.0),
        ("[THINK]no[/THINK]Yes", 1.0, None, 1.0),
        ("◁think▷yes, 3◁/think▷2", 0.0, 2 / 3, None),
    ],
)
def test_thoughts_are_no_verdict(
    reply: str, longmemeval: float | None, realmem: float | None, other: float | None
) -> None:
    assert read_verdict(reply, "longmemeval_judge") == longmemeval
    assert read_verdict(reply, "realmem_judge") == realmem
    assert read_verdict(reply) == other


@pytest.mark.parametrize(
    ("reply", "longmemeval", "realmem", "other"),
    [
        ("Okay, so the user asks where Ann", None, None, None),
        ("Okay, yes, but", None, None, None),
        ("Yes. The reply says the same", 1.0, None, 1.0),
        ("**No**, it leaves out", 0.0, None, 0.0),
        ("3, because it uses", None, 1.0, None),
        ("Mark: 2 because", None, 2 / 3, None),
        ("Of the 3 facts", None, None, None),
        ("1", None, None, None),
    ],
)
def test_a_reply_that_was_cut_off_counts_if_it_begins_with_the_verdict(
    reply: str, longmemeval: float | None, realmem: float | None, other: float | None
) -> None:
    assert read_verdict(reply, "longmemeval_judge", is_cut=True) == longmemeval
    assert read_verdict(reply, "realmem_judge", is_cut=True) == realmem
    assert read_verdict(reply, is_cut=True) == other


def test_the_judge_of_locomo_plus_sees_what_was_told_and_says_yes_or_no() -> None:
    task = judge_task(replace(QUESTION, metric="locomo_plus_judge"))
    assert task is not None
    assert task.messages[1].content == (
        "Told before:\n- two cats\n\nThe user: How many cats?\n\nReply: Two.\n\n"
        "Takes it into account (yes or no)?"
    )
    assert (task.read("Yes"), task.read("no"), task.read("perhaps")) == (1, 0, None)
