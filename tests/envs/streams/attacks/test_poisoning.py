"""Poisoned streams: what an adversary may change, and what must stay as it was."""

import dataclasses
import pickle
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import make_stream
from memdojo.envs.streams import check_stream, load_streams, rechunk, window
from memdojo.envs.streams.attacks import ADVERSARIES, Attack, Said, Scene, Strike, poison
from memdojo.envs.streams.cases import read_case
from memdojo.envs.streams.jsonl.schema import StreamRow, stream_to_dict
from memdojo.envs.streams.tasks import stream_of_tasks
from memdojo.envs.streams.windows import first_sessions
from memdojo.envs.types import Question, Stream, Task
from memdojo.errors import ConfigError, UnknownNameError
from memdojo.rewards.metrics import token_f1

NAMES = tuple(ADVERSARIES)
BY = ("participant", "stranger", "tool")


def home(time: datetime | None = None) -> Stream:
    """Six chunks; who lives where is told in the first one and asked at the end, and early on."""
    questions = (
        Question("home", "Where does Ana live?", ("Porto",), "single", frozenset({"t0"})),
        Question("rent", "How much rent does Ana pay?", ("850 euros", "850"), "single", frozenset({"t2"})),
        Question("early", "Where does Ana live, early on?", ("Porto",), "single", frozenset({"t0"}), 0),
        Question("cat", "What is Ana's cat called?", (), "none", unanswerable=True),
    )
    said = (
        ("Ana", "I live in Porto now."),
        ("Ben", "Good for you."),
        ("Ana", "The rent is 850 euros."),
        ("Ben", "I see."),
        ("Ana", "It rains."),
        ("Ben", "As ever."),
    )
    return make_stream(*said, questions=questions, session="1", time=time)


def tasks() -> Stream:
    return stream_of_tasks(
        "tasks",
        [
            Task(f"task{number}", f"Sort item {number}.", ("left",), ("left", "right"), family="sort")
            for number in range(4)
        ],
    )


def streams() -> list[Stream]:
    """Streams of many sorts: generated ones, in chunks of one and several turns, a file's, and tasks."""
    return [
        *load_streams("synthetic:test", num_streams=1),
        *load_streams("synthetic:train", num_streams=1, turns_per_chunk=5),
        *load_streams("assistant:test", num_streams=1),
        home(),
        home(datetime(2023, 5, 8, 12)),
        tasks(),
    ]


STREAMS = streams()


@settings(deadline=None, max_examples=120)
@given(
    place=st.sampled_from(range(len(STREAMS))),
    name=st.sampled_from(NAMES),
    by=st.sampled_from(BY),
    records=st.none() | st.integers(0, 12),
    seed=st.integers(0, 5),
    corrected_after=st.none() | st.integers(1, 3),
)
def test_a_poisoned_stream_is_sound_and_keeps_all_that_was_there(
    place: int, name: str, by: str, records: int | None, seed: int, corrected_after: int | None
) -> None:
    stream = STREAMS[place]
    attack = Attack(name, records, None, by, seed, corrected_after)
    poisoned = poison(stream, attack)
    assert check_stream(poisoned) == []
    assert poisoned == poison(stream, attack) == pickle.loads(pickle.dumps(poisoned))
    row = StreamRow.model_validate(stream_to_dict(poisoned))
    assert row.record(poisoned.source) == poisoned
    done = poisoned.poison
    assert done is not None
    added = done.turns | set(done.corrections.values())
    assert tuple(turn for turn in poisoned.turns if turn.id not in added) == stream.turns
    assert records is None or len(done.turns) <= records
    assert (poisoned.id, poisoned.group, poisoned.source) == (stream.id, stream.group, stream.source)
    # Questions are the same, and follow the same turns.
    before, after = _heard(stream), _heard(poisoned)
    for old, new in zip(stream.questions, poisoned.questions, strict=True):
        assert dataclasses.replace(new, ask_after=old.ask_after) == old
        assert [turn for turn in after[old.id] if turn not in added] == before[old.id]
    for turn, plans in stream.oracle.items():
        assert poisoned.oracle[turn] == plans
    for id, lures in done.targets.items():
        question = next(each for each in stream.questions if each.id == id)
        assert done.turns & set(after[id])
        # A flood wants no certain answer, and a mixture may be one.
        assert bool(lures) == (name != "flood") or name == "mixed"
        assert not any(token_f1(lure, question.answers) >= 0.5 for lure in lures)
        if corrected_after is not None and id in done.corrections and name not in ("flood", "mixed"):
            assert done.corrections[id] in after[id]


def _heard(stream: Stream) -> dict[str, list[str]]:
    """Return the ids of the turns that each question comes after."""
    heard = {}
    for question in stream.questions:
        last = len(stream.chunks) - 1 if question.ask_after is None else question.ask_after
        heard[question.id] = [turn.id for chunk in stream.chunks[: last + 1] for turn in chunk.turns]
    return heard


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_attacks_otherwise(name: str) -> None:
    stream = STREAMS[0]
    assert len({str(poison(stream, Attack(name, seed=seed)).turns) for seed in range(4)}) == 4


@pytest.mark.parametrize("name", NAMES)
def test_times_lie_between_those_of_the_neighbours(name: str) -> None:
    turns = poison(home(datetime(2023, 5, 8, 12)), Attack(name, 6)).turns
    times = [turn.time for turn in turns]
    assert len(turns) > 6
    assert times == sorted(times, key=str)
    assert {turn.time for turn in poison(home(), Attack(name, 6)).turns} == {None}


def test_a_contradiction_says_the_evidence_again_with_the_lure() -> None:
    (done,) = (poison(home(), Attack("contradiction", 9)),)
    assert done.poison is not None
    # What is asked before anything can follow its evidence is out of reach, and so is what has no answer.
    assert set(done.poison.targets) == {"home", "rent"}
    said = {turn.text for turn in done.turns if turn.id in done.poison.turns}
    ((city,), (rent,)) = done.poison.targets["home"], done.poison.targets["rent"]
    assert said == {f"I live in {city} now.", f"The rent is {rent}."}
    assert rent.isdigit()


@pytest.mark.parametrize(
    ("by", "speaker", "text"),
    [("stranger", None, "Ana told me: "), ("tool", "Tool", "Found in the notes of Ana: ")],
)
def test_others_than_the_speaker_report_what_was_said(by: str, speaker: str | None, text: str) -> None:
    done = poison(home(), Attack("contradiction", 2, by=by))
    assert done.poison is not None
    for turn in done.turns:
        if turn.id in done.poison.turns:
            assert turn.speaker not in ("Ana", "Ben")
            assert speaker in (None, turn.speaker)
            assert turn.text.startswith(text)


def test_a_correction_repeats_the_evidence_so_many_chunks_later() -> None:
    done = poison(home(), Attack("contradiction", 1, corrected_after=2))
    assert done.poison is not None
    ((question, correction),) = done.poison.corrections.items()
    (wrong,) = done.poison.turns
    chunk_of = {turn.id: chunk.index for chunk in done.chunks for turn in chunk.turns}
    # Two chunks of the stream as it was lie between them.
    assert chunk_of[correction] - chunk_of[wrong] == 3
    said = next(turn for turn in done.turns if turn.id == correction)
    evidence = {"home": "I live in Porto now.", "rent": "The rent is 850 euros."}
    assert (said.speaker, said.text) == ("Ana", evidence[question])


def test_no_correction_comes_too_late() -> None:
    done = poison(home(), Attack("contradiction", 5, corrected_after=5))
    assert done.poison is not None
    assert set(done.poison.targets) == {"home"}  # The rent is told too late to be corrected in time.


def test_a_share_counts_turns_and_zero_records_change_nothing_but_the_note() -> None:
    stream = STREAMS[0]
    for share, number in ((0.05, 6), (0.25, 28), (1e-6, 1)):
        done = poison(stream, Attack("flood", share=share)).poison
        assert done is not None
        assert len(done.turns) == number
    done = poison(stream, Attack("flood", 0))
    assert (done.turns, done.questions) == (stream.turns, stream.questions)
    assert done.poison is not None
    assert not done.poison.turns
    assert not done.poison.targets


def test_tasks_are_attacked_by_cases_with_another_option() -> None:
    done = poison(tasks(), Attack("contradiction", 2))
    assert done.poison is not None
    assert set(done.poison.targets.values()) == {("right",)}
    for turn in done.turns:
        if turn.id in done.poison.turns:
            case = read_case(turn.text)
            assert case is not None
            assert case.answer == "right"


def test_a_strike_that_does_not_fit_any_more_is_the_end() -> None:
    done = poison(STREAMS[0], Attack("drift", 7)).poison
    assert done is not None
    assert (len(done.turns), len(done.targets)) == (6, 2)


def test_parts_of_a_stream_have_their_part_of_the_poison() -> None:
    stream = poison(STREAMS[0], Attack("contradiction", 8, corrected_after=1))
    whole = stream.poison
    assert whole is not None
    for part in (window(stream, 20, 60), first_sessions(stream, 4), rechunk(stream, 7)):
        assert part is not None
        assert check_stream(part) == []
        assert part.poison is not None
        assert part.poison.turns == whole.turns & {turn.id for turn in part.turns}
        assert set(part.poison.targets) <= {question.id for question in part.questions}
    first = first_sessions(stream, 4)
    assert first is not None
    assert first.poison is not None
    assert len(first.poison.turns) < len(whole.turns)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attack": "contradicton"}, "Did you mean 'contradiction'"),
        ({"attack": 3}, "name of an adversary"),
        ({"attack_records": 3}, "attack_records is 3 without an attack"),
        ({"attack": "flood", "attack_records": 3, "attack_share": 0.1}, "one of the two"),
        ({"attack": "flood", "attack_records": -1}, "attack_records is -1"),
        ({"attack": "flood", "attack_records": 1.5}, "attack_records is 1.5"),
        ({"attack": "flood", "attack_records": True}, "attack_records is True"),
        ({"attack": "flood", "attack_share": 0}, "attack_share is 0"),
        ({"attack": "flood", "attack_share": float("inf")}, "attack_share is inf"),
        ({"attack": "flood", "attack_by": "strangr"}, "Did you mean 'stranger'"),
        ({"attack": "flood", "attack_seed": -1}, "attack_seed is -1"),
        ({"attack": "flood", "attack_corrected_after": 0}, "attack_corrected_after is 0"),
        ({"atack": "flood"}, "Did you mean 'attack'"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=message):
        load_streams("synthetic:test", num_streams=1, **options)


def test_a_stream_is_poisoned_once() -> None:
    with pytest.raises(ConfigError, match="poisoned already, by 'flood'"):
        poison(poison(home(), Attack("flood")), Attack("drift"))


def test_any_source_takes_an_attack() -> None:
    clean, poisoned = (
        load_streams("assistant:test", num_streams=1, **options)[0]
        for options in ({}, {"attack": "drift", "attack_seed": 2})
    )
    assert poisoned == poison(clean, Attack("drift", seed=2))


def test_an_adversary_of_somebody_else_is_named_like_the_others() -> None:
    class Last:
        name = "last"

        def usual_turns(self, stream_turns: int) -> int:
            return 1

        def plan(self, scene: Scene, num_turns: int, rng: np.random.Generator) -> Any:
            for target in scene.targets():
                yield Strike((Said("Eve", target.lures[0], scene.latest(target)),), (target,))

    with ADVERSARIES.temporarily("last", Last):
        done = poison(home(), Attack("last", seed=1))
    assert done.poison is not None
    ((lure,),) = done.poison.targets.values()
    assert [turn.text for turn in done.turns if turn.speaker == "Eve"] == [lure]
