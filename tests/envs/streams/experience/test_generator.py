from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from memdojo.envs.answering.solver import solve
from memdojo.envs.streams.cases import Case, Verdict, case_text, read_case
from memdojo.envs.streams.experience import ExperienceSettings, experience_streams, generate_experience
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.streams.splits import check_no_leak
from memdojo.envs.types import Question, Stream
from memdojo.errors import ConfigError, UnknownNameError

PLAIN = ExperienceSettings(drift=0.0, look_alikes=0.0, noise=0.0, misleading=0.0)
SPLITS = ("train", "validation", "test")


def _by_id(stream: Stream) -> dict[str, Question]:
    return {question.id: question for question in stream.questions}


def _true_case(question: Question) -> str:
    return case_text(Case(question.text, question.answers[0], Verdict.GIVEN))


def _revealed(question: Question) -> str:
    assert question.feedback is not None
    return question.feedback.reveals


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("feedback", ["answer", "success"])
def test_the_experience_that_helps_gives_the_right_answer(split: str, feedback: str) -> None:
    settings = ExperienceSettings(num_tasks=120, num_families=12, feedback=feedback)
    for stream in experience_streams(settings, split, 0, 4):
        asked = _by_id(stream)
        for question in stream.questions:
            for helper in question.evidence:
                context = [_true_case(asked[helper])]
                assert solve(question.text, question.options or (), context) == question.answers[0]


def test_other_experience_of_the_same_rule_gives_a_wrong_answer() -> None:
    (stream,) = experience_streams(PLAIN, "test", 0, 1)
    wrong = 0
    for place, question in enumerate(stream.questions):
        for other in stream.questions[:place]:
            if other.category == question.category and other.id not in question.evidence:
                wrong += 1
                answer = solve(question.text, question.options or (), [_true_case(other)])
                assert answer != question.answers[0]
    assert wrong > 100


@pytest.mark.parametrize("split", SPLITS)
def test_streams_are_sound_and_alike_for_the_same_seed(split: str) -> None:
    settings = ExperienceSettings()
    streams = list(experience_streams(settings, split, 3, 2))

    assert not [problem for stream in streams for problem in check_stream(stream)]
    assert streams == list(experience_streams(settings, split, 3, 2))
    assert streams[0].chunks != streams[1].chunks
    assert streams[0].chunks != generate_experience(settings, split, 4, 0).chunks


def test_splits_share_no_group_and_no_family() -> None:
    made = {split: list(experience_streams(PLAIN, split, 0, 8)) for split in SPLITS}
    families = {
        split: {question.category for stream in streams for question in stream.questions}
        for split, streams in made.items()
    }

    assert not families["train"] & families["test"]
    assert not families["train"] & families["validation"]
    assert not families["validation"] & families["test"]
    check_no_leak(made["train"], made["test"])


def test_tasks_are_dealt_evenly_to_the_families_of_all_kinds() -> None:
    settings = ExperienceSettings(num_tasks=48, num_families=8)
    (stream,) = experience_streams(settings, "test", 0, 1)
    counts = Counter(question.category for question in stream.questions)

    assert list(counts.values()) == [6] * 8
    assert Counter(family.partition("/")[0] for family in counts) == {
        "criteria": 2,
        "procedures": 2,
        "tools": 2,
        "preferences": 2,
    }


def test_a_drifting_family_has_other_answers_from_some_point_on() -> None:
    settings = ExperienceSettings(num_tasks=200, num_families=4, drift=1.0, look_alikes=0.0, noise=0.0)
    (stream,) = experience_streams(settings, "test", 1, 1)
    for family in {question.category for question in stream.questions}:
        places = [place for place, each in enumerate(stream.questions) if each.category == family]
        # Tasks that a helper has in common with another are under the same rule.
        met: list[set[str]] = []
        for place in places:
            question = stream.questions[place]
            group = {question.id, *question.evidence}
            met = [
                *(other for other in met if not other & group),
                group.union(*(other for other in met if other & group)),
            ]
        assert 6 <= len(met) <= 8  # Three or four keys, under two rules.
        numbers = sorted((min(ids), max(ids)) for ids in [{int(id[1:]) for id in group} for group in met])
        half = len(numbers) // 2
        assert max(last for _, last in numbers[:half]) < min(first for first, _ in numbers[half:])


def test_without_drift_a_rule_stays() -> None:
    settings = ExperienceSettings(num_tasks=200, num_families=4, drift=0.0, look_alikes=0.0, noise=0.0)
    (stream,) = experience_streams(settings, "test", 1, 1)

    # Three or four keys a family: everything else has a helper.
    assert sum(not question.evidence for question in stream.questions) in range(12, 17)


def test_look_alikes_differ_from_an_earlier_task_in_what_decides_alone() -> None:
    def num_alike(share: float) -> int:
        settings = ExperienceSettings(num_tasks=60, drift=0.0, look_alikes=share)
        (stream,) = experience_streams(settings, "test", 0, 1)
        alike = 0
        for place, question in enumerate(stream.questions):
            sentences = set(question.text.split(". "))
            near = [
                other
                for other in stream.questions[:place]
                if len(sentences ^ set(other.text.split(". "))) == 2
                and other.answers != question.answers
                and other.text.split(". ")[0] == question.text.split(". ")[0]
            ]
            alike += bool(near)
        return alike

    assert num_alike(0.0) <= 2
    assert num_alike(0.5) >= 25


def test_nothing_is_told_to_the_letter_twice() -> None:
    for stream in experience_streams(ExperienceSettings(look_alikes=1.0, misleading=0.0), "test", 0, 4):
        texts = [question.text for question in stream.questions]
        assert len(set(texts)) == len(texts)


def test_noise_reveals_another_answer_and_such_tasks_help_nobody() -> None:
    settings = ExperienceSettings(noise=0.2)
    (stream,) = experience_streams(settings, "test", 0, 1)
    false = {each.id for each in stream.questions if each.feedback and each.feedback.is_false}

    assert len(false) == 12
    for question in stream.questions:
        assert (_revealed(question) != question.answers[0]) == (question.id in false)
        assert not question.evidence & false


def test_noise_leaves_the_tasks_as_they_are() -> None:
    quiet = generate_experience(PLAIN, "test", 0, 0)
    noisy = generate_experience(ExperienceSettings(drift=0.0, look_alikes=0.0), "test", 0, 0)

    assert [(each.text, each.answers) for each in quiet.questions] == [
        (each.text, each.answers) for each in noisy.questions
    ]


def test_a_colleague_tells_cases_that_look_right_and_are_wrong() -> None:
    settings = ExperienceSettings(noise=0.0, look_alikes=0.0, drift=0.0, misleading=0.5)
    for feedback, verdict in (("answer", Verdict.GIVEN), ("success", Verdict.RIGHT)):
        made = ExperienceSettings(noise=0.0, drift=0.0, look_alikes=0.0, misleading=0.5, feedback=feedback)
        (stream,) = experience_streams(made, "test", 0, 1)
        tips = [turn for turn in stream.turns if turn.id.startswith("tip")]
        cases = [read_case(turn.text) for turn in tips]

        assert len(tips) == settings.num_tasks / 2
        assert all(case is not None and case.verdict is verdict for case in cases)
        assert {turn.speaker for turn in tips} <= {"Ismet", "Jolanda"}
        assert all(turn.reports == "" for turn in tips)


def test_tips_lower_what_their_family_answers() -> None:
    (stream,) = experience_streams(
        ExperienceSettings(noise=0.0, drift=0.0, look_alikes=0.0, misleading=1.0), "test", 0, 1
    )
    right = wrong = 0
    for place, question in enumerate(stream.questions):
        (tip,) = [turn for turn in stream.chunks[place].turns if turn.id.startswith("tip")]
        answer = solve(question.text, question.options or (), [tip.text])
        right, wrong = right + (answer == question.answers[0]), wrong + (answer != question.answers[0])

    # One in three or four by chance: another key has the answer that is wrong for this one.
    assert wrong > 2 * right


def test_where_only_success_is_told_every_task_has_options() -> None:
    (stream,) = experience_streams(ExperienceSettings(feedback="success"), "test", 0, 1)
    for question in stream.questions:
        assert question.options is not None
        assert question.answers[0] in question.options
        assert len(question.options) >= 5
        assert _revealed(question) == ""


def test_another_order_has_the_same_tasks_and_its_own_helpers() -> None:
    drawn = generate_experience(ExperienceSettings(drift=1.0), "test", 0, 0)
    orders = [
        generate_experience(ExperienceSettings(drift=1.0, order_seed=seed), "test", 0, 0) for seed in range(3)
    ]

    def told(stream: Stream) -> set[tuple[object, ...]]:
        return {(each.id, each.text, each.answers, each.feedback) for each in stream.questions}

    assert all(told(stream) == told(drawn) for stream in orders)
    assert all(stream.group == drawn.group for stream in orders)
    assert len({tuple(each.id for each in stream.questions) for stream in (drawn, *orders)}) == 4
    for stream in orders:
        assert not check_stream(stream)
        asked = _by_id(stream)
        for question in stream.questions:
            for helper in question.evidence:
                context = [_true_case(asked[helper])]
                assert solve(question.text, question.options or (), context) == question.answers[0]


def test_tasks_stay_on_their_side_of_a_change_in_every_order() -> None:
    settings = ExperienceSettings(num_tasks=120, num_families=4, drift=1.0, noise=0.0)
    drawn = generate_experience(settings, "test", 0, 0)
    shuffled = generate_experience(
        ExperienceSettings(num_tasks=120, num_families=4, drift=1.0, noise=0.0, order_seed=0), "test", 0, 0
    )
    akin = {frozenset((question.id, helper)) for question in drawn.questions for helper in question.evidence}
    assert akin == {
        frozenset((question.id, helper)) for question in shuffled.questions for helper in question.evidence
    }


def test_memory_is_worth_having_and_similarity_is_not_enough() -> None:
    (stream,) = experience_streams(PLAIN, "test", 0, 1)
    nothing = [solve(each.text, each.options or (), []) == each.answers[0] for each in stream.questions]
    last = [
        solve(two.text, two.options or (), [_true_case(one)]) == two.answers[0]
        for one, two in pairwise(stream.questions)
    ]

    assert np.mean(nothing) < 0.25
    assert np.mean(last) < 0.25


def test_bad_splits_and_numbers_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="'tests'"):
        experience_streams(PLAIN, "tests", 0, 1)
    with pytest.raises(ConfigError, match="seed is -1"):
        experience_streams(PLAIN, "test", -1, 1)
    with pytest.raises(ConfigError, match="num_streams is"):
        experience_streams(PLAIN, "test", 0, 1.5)  # type: ignore[arg-type]
