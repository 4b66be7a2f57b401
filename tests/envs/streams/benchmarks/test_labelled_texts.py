from collections import Counter

import pytest

from memdojo.envs.streams.benchmarks.labelled_texts import (
    LabelledText,
    LabelSettings,
    helped_by_their_label,
    streams_of_labelled,
)
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.types import Feedback, Stream, Task
from memdojo.errors import ConfigError, UnknownNameError

TEXTS = [LabelledText(f"text {number} of {label}", label) for label in "ABCDEF" for number in range(20)]


def _streams(settings: LabelSettings, **options: int) -> list[Stream]:
    return list(streams_of_labelled(TEXTS, settings, "set/test", **{"seed": 0, "num_streams": 2, **options}))


def test_a_stream_takes_some_labels_and_some_of_their_texts_once() -> None:
    one, other = _streams(LabelSettings(num_tasks=30, num_labels=3, named=True))

    for stream in (one, other):
        assert len({question.text for question in stream.questions}) == 30
        assert len({question.answers for question in stream.questions}) == 3
        assert all(question.options == stream.questions[0].options for question in stream.questions)
        assert not check_stream(stream)
    assert one.questions != other.questions


def test_a_small_set_gives_what_it_has() -> None:
    (stream,) = _streams(LabelSettings(num_tasks=500, num_labels=50), num_streams=1)

    assert len(stream.questions) == len(TEXTS)
    assert len(stream.questions[0].options or ()) == 6


def test_labels_are_numbers_unless_they_are_named() -> None:
    hidden, named = (_streams(LabelSettings(num_labels=2, named=named))[0] for named in (False, True))

    assert hidden.questions[0].options == ("class-0", "class-1")
    assert set(named.questions[0].options or ()) < set("ABCDEF")
    assert [each.text for each in hidden.questions] == [each.text for each in named.questions]


def test_streams_of_named_labels_are_one_group() -> None:
    assert {stream.group for stream in _streams(LabelSettings(named=True))} == {"set/test"}
    assert len({stream.group for stream in _streams(LabelSettings())}) == 2


def test_earlier_tasks_of_the_label_help_unless_their_feedback_is_false() -> None:
    true, false = Feedback("A"), Feedback("B", is_false=True)
    tasks = [
        Task(id, "?", (answer,), ("A", "B"), feedback=feedback)
        for id, answer, feedback in (
            ("t0", "A", true),
            ("t1", "A", false),
            ("t2", "B", true),
            ("t3", "A", true),
        )
    ]

    assert [sorted(each.helped_by) for each in helped_by_their_label(tasks)] == [[], ["t0"], [], ["t0"]]


def test_noise_reveals_another_label() -> None:
    (stream,) = _streams(LabelSettings(num_tasks=50, noise=0.3), num_streams=1)
    wrong = [
        question
        for question in stream.questions
        if question.feedback.reveals != question.answers[0]  # type: ignore[union-attr]
    ]

    assert len(wrong) == 15
    assert all(question.feedback and question.feedback.is_false for question in wrong)


def test_where_only_success_is_told_nothing_is_revealed() -> None:
    (stream,) = _streams(LabelSettings(num_tasks=50, noise=0.3, feedback="success"), num_streams=1)

    assert {each.feedback.reveals for each in stream.questions if each.feedback} == {""}
    assert Counter(each.feedback.is_false for each in stream.questions if each.feedback)[True] == 15


def test_another_order_has_the_same_tasks_and_group() -> None:
    drawn, ordered = (_streams(LabelSettings(noise=0.1, order_seed=seed))[0] for seed in (None, 4))

    assert {(each.id, each.text, each.answers, each.feedback) for each in drawn.questions} == {
        (each.id, each.text, each.answers, each.feedback) for each in ordered.questions
    }
    assert [each.id for each in drawn.questions] != [each.id for each in ordered.questions]
    assert drawn.group == ordered.group
    assert not check_stream(ordered)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_tasks": 0}, "num_tasks is 0"),
        ({"num_labels": 1}, "num_labels is 1; give a whole number of at least 2"),
        ({"noise": 2}, "noise is 2; give a number between 0 and 1"),
        ({"order_seed": "x"}, "order_seed is 'x'"),
    ],
)
def test_what_makes_no_stream_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        LabelSettings(**changes)  # type: ignore[arg-type]


def test_bad_names_and_numbers_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'success'"):
        LabelSettings(feedback="succes")
    with pytest.raises(ConfigError, match="seed is -1"):
        _streams(LabelSettings(), seed=-1)
