from __future__ import annotations

import hashlib
import pickle
import tracemalloc
from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest

from memdojo.envs.memory.analysis import count_tokens
from memdojo.envs.streams.digests import stream_digest
from memdojo.envs.streams.synthetic import (
    CATEGORIES,
    SPLITS,
    SyntheticSettings,
    generate_stream,
    recommended_capacity,
    synthetic_streams,
)
from memdojo.envs.types import Add, Delete, Noop, Question, Stream, Update
from memdojo.errors import ConfigError, UnknownNameError

SETTINGS = SyntheticSettings()


@pytest.fixture(scope="module")
def streams() -> list[Stream]:
    return [stream for split in SPLITS for stream in synthetic_streams(SETTINGS, split, 7, 15)]


def seen_turns(stream: Stream, question: Question) -> set[str]:
    last = len(stream.chunks) - 1 if question.ask_after is None else question.ask_after
    return {turn.id for chunk in stream.chunks[: last + 1] for turn in chunk.turns}


def kinds(stream: Stream) -> Counter[str]:
    return Counter(operation.kind for planned in stream.oracle.values() for operation in planned)


def questions_by_category(settings: SyntheticSettings, num_streams: int = 10) -> Counter[str]:
    streams = synthetic_streams(settings, "train", 3, num_streams)
    return Counter(question.category for stream in streams for question in stream.questions)


def mean_age(settings: SyntheticSettings) -> float:
    """Mean distance of a question's newest evidence from its asking point, as a share of the stream."""
    ages = []
    for stream in synthetic_streams(settings, "train", 3, 15):
        places = {turn.id: place for place, turn in enumerate(stream.turns)}
        for question in stream.questions:
            if question.ask_after is None:
                newest = max(places[turn] for turn in question.evidence)
                ages.append((len(places) - newest) / len(places))
    return sum(ages) / len(ages)


def test_equal_arguments_give_equal_streams() -> None:
    first = generate_stream(SETTINGS, "train", 5, 2)
    again = generate_stream(SETTINGS, "train", 5, 2)
    assert first == again
    assert dict(first.oracle) == dict(again.oracle)


@pytest.mark.parametrize(
    ("split", "seed", "index", "digest", "digest_of_a_hard_one"),
    [
        ("train", 0, 0, "5afd0061da6ad73c", "c9b30b79a0854c17"),
        ("train", 7, 3, "5c7e8f2b1e4e76a9", "3c756753d0e3e611"),
        ("validation", 1, 2, "a097986efba0316c", "59b53a583f23d89e"),
        ("test", 5, 4, "13028b364d67521e", "85901e85b6135ade"),
    ],
)
def test_streams_stay_as_they_are(
    split: str, seed: int, index: int, digest: str, digest_of_a_hard_one: str
) -> None:
    hard = SyntheticSettings(
        num_sessions=40,
        turns_per_session=15,
        num_facts=60,
        update_rate=0.8,
        retraction_rate=0.2,
        distractor_rate=1.5,
        multi_hop_share=0.4,
        fact_age=0.7,
        turns_per_chunk=3,
    )
    assert stream_digest(generate_stream(SETTINGS, split, seed, index)) == digest
    assert stream_digest(generate_stream(hard, split, seed, index)) == digest_of_a_hard_one


def test_a_stream_does_not_depend_on_those_before_it() -> None:
    assert list(synthetic_streams(SETTINGS, "test", 1, 4))[3] == generate_stream(SETTINGS, "test", 1, 3)


@pytest.mark.parametrize(
    ("split", "expected"), [("validation", "34864422021b7a94"), ("test", "cce2ff0d4785bb74")]
)
def test_held_out_streams_are_those_of_all_published_figures(split: str, expected: str) -> None:
    digests = "".join(map(stream_digest, synthetic_streams(SETTINGS, split, 0, 24)))
    assert hashlib.sha256(digests.encode()).hexdigest()[:16] == expected


@pytest.mark.parametrize(("split", "seed", "index"), [("validation", 5, 2), ("train", 6, 2), ("train", 5, 3)])
def test_another_split_seed_or_index_gives_another_stream(split: str, seed: int, index: int) -> None:
    assert (
        generate_stream(SETTINGS, "train", 5, 2).turns != generate_stream(SETTINGS, split, seed, index).turns
    )


def test_streams_are_generated_one_at_a_time() -> None:
    endless = synthetic_streams(SETTINGS, "train", 0, 10**9)
    assert [stream.id for stream in islice(endless, 2)] == ["synthetic:train:0:0", "synthetic:train:0:1"]


def test_a_long_stream_is_not_in_memory_twice() -> None:
    settings = replace(SETTINGS, num_sessions=150, turns_per_session=20, num_facts=100, num_questions=60)
    generate_stream(SETTINGS, "train", 0, 0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        stream = generate_stream(settings, "train", 0, 0)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(count_tokens(turn.text) for turn in stream.turns) > 40_000
    assert peak - before < 1.3 * (after - before)


def test_ids_and_chunk_indices_are_in_order_and_unique(streams: list[Stream]) -> None:
    for stream in streams:
        ids = [turn.id for turn in stream.turns]
        assert len(set(ids)) == len(ids) == SETTINGS.num_turns
        assert [chunk.index for chunk in stream.chunks] == list(range(len(stream.chunks)))
        assert len({question.id for question in stream.questions}) == SETTINGS.num_questions
    assert len({stream.id for stream in streams}) == len({stream.group for stream in streams}) == len(streams)


def test_turns_carry_the_time_of_their_session_and_sessions_follow_each_other(streams: list[Stream]) -> None:
    for stream in streams:
        times = {}
        for chunk in stream.chunks:
            assert {turn.time for turn in chunk.turns} == {chunk.time}
            times.setdefault(chunk.session, chunk.time)
            assert times[chunk.session] == chunk.time
        assert len(times) == SETTINGS.num_sessions
        assert list(times.values()) == sorted(set(times.values()))


def test_the_two_speakers_take_turns_within_a_session(streams: list[Stream]) -> None:
    for stream in streams:
        assert len({turn.speaker for turn in stream.turns}) == 2
        for first, second in zip(stream.turns, stream.turns[1:], strict=False):
            assert first.time != second.time or first.speaker != second.speaker


def test_texts_are_filled_in_and_start_with_a_capital_or_digit(streams: list[Stream]) -> None:
    for stream in streams:
        for text in [turn.text for turn in stream.turns] + [question.text for question in stream.questions]:
            assert not any(mark in text for mark in ("{", "}", "  "))
            assert text[0].isupper() or text[0].isdigit()
            assert text[-1] in ".?!", text


def test_evidence_lies_before_the_asking_point(streams: list[Stream]) -> None:
    for stream in streams:
        for question in stream.questions:
            assert question.evidence
            assert question.evidence <= seen_turns(stream, question)
            assert question.ask_after is None or question.ask_after < len(stream.chunks) - 1


def test_an_answer_is_said_in_an_evidence_turn_unless_it_is_a_count(streams: list[Stream]) -> None:
    for stream in streams:
        texts = {turn.id: turn.text.lower() for turn in stream.turns}
        for question in stream.questions:
            assert question.category in CATEGORIES
            if question.answers and question.category != "count":
                assert any(question.answers[0].lower() in texts[turn] for turn in question.evidence)


def test_answers_are_short(streams: list[Stream]) -> None:
    for question in (question for stream in streams for question in stream.questions):
        assert all(1 <= len(answer.split()) <= 4 for answer in question.answers)


def test_only_retracted_facts_are_unanswerable(streams: list[Stream]) -> None:
    for stream in streams:
        for question in stream.questions:
            assert question.unanswerable == (question.category == "retracted") == (not question.answers)
            if question.unanswerable:
                (turn,) = question.evidence
                assert stream.oracle[turn][0].kind == Delete.kind


def test_multi_hop_questions_need_two_turns_and_counts_one_per_thing_counted(streams: list[Stream]) -> None:
    for question in (question for stream in streams for question in stream.questions):
        if question.category == "multi_hop":
            assert len(question.evidence) == 2
        elif question.category == "count":
            assert question.answers[0] == str(len(question.evidence))
        else:
            assert len(question.evidence) == 1


def test_the_latest_value_is_that_of_the_newest_update_seen(streams: list[Stream]) -> None:
    for stream in streams:
        for question in stream.questions:
            if question.category != "latest":
                continue
            (current,) = question.evidence
            assert stream.oracle[current][0].kind == Update.kind
            later = [stream.oracle[turn] for turn in seen_turns(stream, question)]
            assert not any(planned[0].target == current for planned in later)


def test_no_evidence_has_been_superseded_at_the_asking_point(streams: list[Stream]) -> None:
    for stream in streams:
        for question in stream.questions:
            seen = seen_turns(stream, question)
            assert not question.evidence & {
                planned.target for turn in seen for planned in stream.oracle[turn]
            }


def test_the_oracle_speaks_of_every_turn_and_aims_at_earlier_live_ones(streams: list[Stream]) -> None:
    for stream in streams:
        live: set[str] = set()
        assert list(stream.oracle) == [turn.id for turn in stream.turns]
        for turn in stream.turns:
            (planned,) = stream.oracle[turn.id]
            if planned.kind in (Update.kind, Delete.kind):
                assert planned.target in live
                live.discard(str(planned.target))
            else:
                assert planned.target is None
            if planned.kind in (Add.kind, Update.kind):
                assert planned.text == f"{turn.speaker}: {turn.text}"
                live.add(turn.id)
            else:
                assert planned.text == ""


def test_an_oracle_memory_holds_the_evidence_of_every_answerable_question_at_the_end(
    streams: list[Stream],
) -> None:
    for stream in streams:
        live = {turn for turn, planned in stream.oracle.items() if planned[0].text}
        live -= {str(planned.target) for (planned,) in stream.oracle.values()}
        for question in stream.questions:
            if question.ask_after is None and question.answers:
                assert question.evidence <= live


def test_no_turn_holds_the_text_of_a_question(streams: list[Stream]) -> None:
    for stream in streams:
        dialogue = "\n".join(turn.text for turn in stream.turns).lower()
        assert not any(question.text.lower() in dialogue for question in stream.questions)


def test_a_stream_survives_pickling() -> None:
    stream = generate_stream(SETTINGS, "train", 0, 0)
    copy = pickle.loads(pickle.dumps(stream))
    assert copy == stream
    assert dict(copy.oracle) == dict(stream.oracle)


def test_all_categories_occur_by_default() -> None:
    assert set(questions_by_category(SETTINGS)) == set(CATEGORIES)


def test_facts_are_no_longer_than_small_talk(streams: list[Stream]) -> None:
    facts, others = [], []
    for stream in streams:
        for turn in stream.turns:
            told = stream.oracle[turn.id][0].kind != Noop.kind
            (facts if told else others).append(count_tokens(turn.text))
    longest = sorted(others)[-len(facts) :]
    assert sum(longest) > 1.3 * sum(facts)
    assert min(facts) <= 8


def test_sessions_and_turns_set_the_length() -> None:
    stream = generate_stream(replace(SETTINGS, num_sessions=11, turns_per_session=17), "train", 0, 0)
    assert len(stream.turns) == 187
    assert len({chunk.session for chunk in stream.chunks}) == 11


def test_num_facts_is_the_number_of_additions() -> None:
    for num_facts in (20, 31, 40):
        stream = generate_stream(replace(SETTINGS, num_facts=num_facts, distractor_rate=0.0), "train", 0, 0)
        assert kinds(stream)[Add.kind] == num_facts


def test_update_rate_is_the_share_of_updates() -> None:
    for rate in (0.0, 0.25, 0.5):
        stream = generate_stream(replace(SETTINGS, update_rate=rate), "train", 0, 0)
        assert kinds(stream)[Update.kind] == round(24 * rate)


def test_retraction_rate_is_the_share_of_deletions() -> None:
    for rate in (0.0, 0.125, 0.25):
        stream = generate_stream(replace(SETTINGS, retraction_rate=rate), "train", 0, 0)
        assert kinds(stream)[Delete.kind] == round(24 * rate)
    assert "retracted" not in questions_by_category(replace(SETTINGS, retraction_rate=0.0))


def test_distractor_rate_adds_strangers_that_the_oracle_leaves_alone() -> None:
    heads = (
        "a woman",
        "some guy",
        "the man",
        "a lady",
        "the girl",
        "a fellow",
        "an old man",
        "the new woman",
    )

    def strangers(rate: float) -> int:
        stream = generate_stream(replace(SETTINGS, distractor_rate=rate, turns_per_session=20), "train", 0, 0)
        found = [turn.id for turn in stream.turns if any(head in turn.text.lower() for head in heads)]
        return sum(stream.oracle[turn][0].kind == Noop.kind for turn in found)

    assert strangers(0.0) + 30 < strangers(1.5)


def test_fact_age_moves_the_evidence_away_from_the_asking_point() -> None:
    young, even, old = (mean_age(replace(SETTINGS, fact_age=age)) for age in (0.15, 0.5, 0.85))
    assert young + 0.1 < even < old - 0.1


def test_multi_hop_share_is_the_share_of_two_turn_questions() -> None:
    for share, expected in ((0.0, 0), (0.25, 50), (0.5, 100)):
        assert questions_by_category(replace(SETTINGS, multi_hop_share=share))["multi_hop"] == expected


def test_mid_stream_share_is_the_share_of_early_questions() -> None:
    for share, expected in ((0.0, 0), (0.5, 10), (1.0, 20)):
        stream = generate_stream(replace(SETTINGS, mid_stream_share=share), "train", 0, 1)
        assert sum(question.ask_after is not None for question in stream.questions) == expected


def test_num_questions_is_the_number_of_questions() -> None:
    for number in (1, 12, 24):
        stream = generate_stream(replace(SETTINGS, num_questions=number), "test", 0, 0)
        assert len(stream.questions) == number


def test_turns_per_chunk_cuts_sessions_into_steps() -> None:
    stream = generate_stream(replace(SETTINGS, turns_per_chunk=4), "train", 0, 0)
    assert [len(chunk.turns) for chunk in stream.chunks] == [4, 4, 4, 2] * 8
    assert stream.turns == generate_stream(SETTINGS, "train", 0, 0).turns


def test_capacity_pressure_is_the_recommended_store_as_a_share_of_the_turns() -> None:
    stream = generate_stream(SETTINGS, "train", 0, 0)
    assert recommended_capacity(stream) == 22
    assert recommended_capacity(stream, replace(SETTINGS, capacity_pressure=0.1)) == 11
    assert recommended_capacity(stream, replace(SETTINGS, capacity_pressure=0.001)) == 1


@pytest.mark.parametrize("split", SPLITS)
def test_the_largest_number_of_facts_can_be_told_in_every_split(split: str) -> None:
    settings = replace(SETTINGS, num_sessions=40, num_facts=150, num_questions=150)
    stream = generate_stream(settings, split, 0, 0)
    assert kinds(stream)[Add.kind] == 150
    assert len(stream.questions) == 150


@pytest.mark.parametrize("num_facts", [1, 2, 3, 5])
def test_tiny_streams_work(num_facts: int) -> None:
    settings = SyntheticSettings(
        num_sessions=2,
        turns_per_session=10,
        num_facts=num_facts,
        num_questions=num_facts,
        multi_hop_share=1.0,
    )
    for stream in synthetic_streams(settings, "test", 0, 20):
        assert len(stream.questions) == num_facts


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_sessions": 0}, "num_sessions is 0; give a whole number of at least 1."),
        ({"turns_per_session": 3}, "turns_per_session is 3; give a whole number of at least 4."),
        ({"num_facts": 2.5}, "num_facts is 2.5; give a whole number of at least 1."),
        ({"num_facts": True}, "num_facts is True; give a whole number of at least 1."),
        ({"num_facts": 500}, "num_facts is 500; a stream holds at most 150."),
        (
            {"num_questions": 30},
            "num_questions is 30 for num_facts = 24; ask at most one question per fact.",
        ),
        ({"update_rate": -0.1}, "update_rate is -0.1; it lies between 0 and 2."),
        ({"mid_stream_share": 1.5}, "mid_stream_share is 1.5; it lies between 0 and 1."),
        ({"fact_age": float("nan")}, "fact_age is nan; give a number between 0 and 1."),
        ({"capacity_pressure": 0.0}, "capacity_pressure is 0; a store needs room for at least one entry."),
        (
            {"distractor_rate": 4.0},
            "128 facts, revisions and distractors do not fit into 112 turns (each speaker has 48 turns "
            "for 66); add sessions or turns, or lower num_facts, update_rate, "
            "retraction_rate or distractor_rate.",
        ),
    ],
)
def test_bad_settings_are_one_clear_sentence(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        replace(SETTINGS, **changes)
    assert str(error.value) == message


def test_an_unknown_split_names_the_near_ones_before_anything_is_generated() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'validation'"):
        synthetic_streams(SETTINGS, "valid", 0, 1)


def test_negative_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match="seed is -1; give 0 or more"):
        synthetic_streams(SETTINGS, "train", -1, 1)
    with pytest.raises(ConfigError, match="num_streams is -2; give 0 or more"):
        synthetic_streams(SETTINGS, "train", 0, -2)
    with pytest.raises(ConfigError, match="index is -3; give 0 or more"):
        generate_stream(SETTINGS, "train", 0, -3)
