import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders import write_json
from memdojo.envs.streams import load_streams
from memdojo.envs.streams.benchmarks.beam import CHATS_OF_TIER, SPLITS, load_beam, parse_date, part_of
from memdojo.envs.streams.benchmarks.beam_files import beam_files
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.types import Question
from memdojo.errors import ConfigError, DataError, UnknownNameError


def _message(id: int, role: str, content: str, **more: object) -> dict[str, object]:
    return {"role": role, "id": id, "content": content, **more}


def _chat() -> list[dict[str, Any]]:
    """Two batches, three requests; a note with a remark behind it, and a reply that repeats its note."""
    return [
        {
            "batch_number": 1,
            "time_anchor": None,
            "turns": [
                [
                    _message(0, "user", "I keep two hens. ->-> 1,1", time_anchor="March-15-2024"),
                    _message(1, "assistant", "How nice!"),
                    _message(2, "user", "Are they noisy?"),
                    _message(3, "assistant", "A little. ->-> 1,1\nShall I go on?"),
                ],
                [
                    _message(4, "user", "I sold a hen. ->-> 1,(N/A, said before\nnothing new)"),
                    _message(5, "assistant", "Noted."),
                ],
            ],
        },
        {
            "batch_number": 2,
            "time_anchor": None,
            "turns": [
                [
                    _message(6, "user", "I built a coop. ->-> 2,N/A", time_anchor="April-2-2024"),
                    _message(7, "assistant", "Well done."),
                ]
            ],
        },
    ]


def _questions() -> dict[str, list[dict[str, Any]]]:
    return {
        "abstention": [
            {
                "question": "Which breed are my hens?",
                "ideal_response": "You did not tell.",
                "rubric": ["There is no information about the breed"],
            }
        ],
        "knowledge_update": [
            {
                "question": " How many hens do I keep? ",
                "answer": "One.",
                "source_chat_ids": {"original_info": [0], "updated_info": [4]},
                "rubric": ["LLM response should state: one hen"],
            }
        ],
        "event_ordering": [
            {
                "question": "In which order did I do these?",
                "answer": "Sold, then built.",
                "source_chat_ids": [[4, 5], 6],
                "rubric": ["Sold a hen", "Built a coop"],
            }
        ],
    }


def _write(
    folder: Path, tier: str = "100K", number: int = 1, *, chat: object = None, questions: object = None
) -> Path:
    place = folder / tier / str(number)
    write_json(place / "chat.json", _chat() if chat is None else chat)
    write_json(place / "probing_questions" / "probing_questions.json", questions or _questions())
    return folder


def _load(folder: Path, split: str = "100K", **options: Any) -> list[Any]:
    with pytest.warns(UserWarning, match="chats are missing"):
        return list(load_beam(split, path=folder, **options))


def test_a_batch_is_a_session_and_a_request_with_its_replies_a_chunk(tmp_path: Path) -> None:
    [stream] = _load(_write(tmp_path))
    assert (stream.id, stream.group, stream.source) == ("100K-1", "100K-1", "beam:100K")
    assert [(chunk.session, chunk.time, len(chunk.turns)) for chunk in stream.chunks] == [
        ("session_1", datetime(2024, 3, 15), 4),
        ("session_1", datetime(2024, 3, 15), 2),
        ("session_2", datetime(2024, 4, 2), 2),
    ]
    assert [(turn.id, turn.speaker, turn.text) for turn in stream.turns] == [
        ("m0", "User", "I keep two hens."),
        ("m1", "Assistant", "How nice!"),
        ("m2", "User", "Are they noisy?"),
        ("m3", "Assistant", "A little.\nShall I go on?"),
        ("m4", "User", "I sold a hen."),
        ("m5", "Assistant", "Noted."),
        ("m6", "User", "I built a coop."),
        ("m7", "Assistant", "Well done."),
    ]
    assert {turn.time for turn in stream.chunks[2].turns} == {datetime(2024, 4, 2)}
    assert check_stream(stream) == []


def test_rubrics_are_nuggets_and_the_named_messages_evidence(tmp_path: Path) -> None:
    [stream] = _load(_write(tmp_path))
    abstention, update, order = stream.questions
    assert update == Question(
        "100K-1/knowledge_update/0",
        "How many hens do I keep?",
        ("One.",),
        "knowledge_update",
        frozenset({"m0", "m4"}),
        metric="beam_judge",
        nuggets=("LLM response should state: one hen",),
    )
    assert (abstention.unanswerable, abstention.evidence) == (True, frozenset())
    assert (order.evidence, order.nuggets) == ({"m4", "m5", "m6"}, ("Sold a hen", "Built a coop"))


def test_the_published_scorer_and_smaller_chunks_can_be_asked_for(tmp_path: Path) -> None:
    [stream] = _load(_write(tmp_path), published=True, turns_per_chunk=1)
    assert {question.metric for question in stream.questions} == {"beam_published_judge"}
    assert [len(chunk.turns) for chunk in stream.chunks] == [1] * 8


def test_the_chat_that_was_cut_to_its_length_counts(tmp_path: Path) -> None:
    folder = _write(tmp_path)
    write_json(folder / "100K" / "1" / "chat_trunecated.json", _chat()[:1])
    questions = _questions()
    questions["event_ordering"][0]["source_chat_ids"] = [4]
    write_json(folder / "100K" / "1" / "probing_questions" / "probing_questions.json", questions)
    [stream] = _load(folder)
    assert len(stream.turns) == 6


def test_splits_take_chats_by_their_numbers_in_every_tier_alike(tmp_path: Path) -> None:
    for tier in ("100K", "500K"):
        for number in (1, 2, 7, 10, 11):
            _write(tmp_path, tier, number)
    (tmp_path / "100K" / "notes").mkdir()
    ids = {split: [stream.id for stream in _load(tmp_path, split)] for split in SPLITS if "1M" not in split}
    assert ids["100K"] == ["100K-1", "100K-2", "100K-7", "100K-10", "100K-11"]
    assert ids["100K/train"] == ["100K-1", "100K-2", "100K-11"]
    assert ids["validation"] == ["100K-7", "500K-7"]
    assert ids["500K/test"] == ["500K-10"]
    assert sorted(ids["all"]) == sorted(ids["train"] + ids["validation"] + ids["test"])
    assert [part_of(number) for number in (6, 16, 8, 20)] == ["train", "train", "test", "test"]


def test_a_whole_tier_is_no_reason_to_warn(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    for number in range(1, CHATS_OF_TIER["100K"] + 1):
        _write(tmp_path, number=number)
    assert len(load_streams("beam", path=tmp_path)) == 20
    assert not recwarn.list


def _broken(change: Any) -> tuple[Any, Any]:
    chat, questions = _chat(), _questions()
    change(chat, questions)
    return chat, questions


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c, q: c[0].pop("turns"), "field 'turns' is None"),
        (lambda c, q: c[0]["turns"].append("hi"), "'hi' is not a list of messages"),
        (lambda c, q: c[0]["turns"][0][1].update(id=0), "two messages have the id 0"),
        (lambda c, q: c[0]["turns"][0][1].update(id="1"), "field 'id' is '1'"),
        (lambda c, q: c[0]["turns"][0][1].update(role="tool"), "role is 'tool'"),
        (lambda c, q: c[0]["turns"][0][1].update(content=None), "message 1: field 'content' is None"),
        (lambda c, q: c[0]["turns"][0][0].update(time_anchor="15 March"), "'15 March' is not a date"),
        (lambda c, q: (c[0].update(turns=[]), c.pop()), "it has no message"),
        (lambda c, q: q.update(riddles=[]), "it has 'riddles' in place of"),
        (lambda c, q: q.update(abstention={}), "field 'abstention' is {}"),
        (lambda c, q: q["abstention"][0].pop("question"), "abstention 0: field 'question' is None"),
        (lambda c, q: q["abstention"][0].pop("ideal_response"), "it has none of the fields answer"),
        (lambda c, q: q["abstention"][0].update(rubric=[]), r"rubric is \[\], not a list of texts"),
        (lambda c, q: q["abstention"][0].update(rubric=[1]), r"rubric is \[1\]"),
        (
            lambda c, q: q["event_ordering"][0].update(source_chat_ids=[8]),
            "source_chat_ids has 8, no message",
        ),
        (lambda c, q: q["event_ordering"][0].update(source_chat_ids=["4"]), "source_chat_ids has '4'"),
    ],
)
def test_a_damaged_chat_is_told(change: Any, message: str, tmp_path: Path) -> None:
    chat, questions = _broken(change)
    with pytest.raises(DataError, match=message) as caught:
        list(load_beam(path=_write(tmp_path, chat=chat, questions=questions)))
    assert str(tmp_path / "100K" / "1") in str(caught.value)


def test_a_chat_without_its_questions_is_told(tmp_path: Path) -> None:
    write_json(tmp_path / "100K" / "1" / "chat.json", _chat())
    with pytest.raises(DataError, match=r"probing_questions\.json was not found"):
        list(load_beam(path=tmp_path))
    write_json(tmp_path / "100K" / "1" / "probing_questions" / "probing_questions.json", [{}, {}])
    with pytest.raises(DataError, match="it has a list in place of"):
        list(load_beam(path=tmp_path))


def test_options_and_missing_files_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path))
    with pytest.raises(UnknownNameError, match="split of beam '100k'"):
        load_beam("100k")
    with pytest.raises(ConfigError, match="turns_per_chunk is 0"):
        load_beam(turns_per_chunk=0)
    with pytest.raises(ConfigError, match="published is 'yes'"):
        load_beam(published="yes")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"no chat of the split '500K' at .*500K/NUMBER.*data fetch beam"):
        load_beam("500K")
    with pytest.raises(DataError, match="no chat of the split '100K/test'"):
        load_beam("100K/test", path=_write(tmp_path / "chats"))


def test_dates_are_read_whatever_the_locale() -> None:
    assert parse_date("March-05-2024") == datetime(2024, 3, 5)


def test_what_is_fetched_is_what_is_looked_for(tmp_path: Path) -> None:
    for tier, num_chats in CHATS_OF_TIER.items():
        files = beam_files(tier)
        assert len(files) == 2 * num_chats
        for file in files:
            content = _questions() if "questions" in file.path else _chat()
            path = tmp_path / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content), "utf-8")
    assert len(list(load_beam("all", path=tmp_path / "beam"))) == sum(CHATS_OF_TIER.values())
