from pathlib import Path
from typing import Any

import pytest

from builders import write_json
from memdojo.envs.streams import check_no_leak, check_stream, load_streams
from memdojo.envs.streams.benchmarks.haystack import SHARES, SPLITS, load_haystack, split_of
from memdojo.envs.types import Question
from memdojo.errors import ConfigError, DataError, LeakError, UnknownNameError


def _hotpot(number: int, num_others: int = 3) -> dict[str, Any]:
    """A question that needs two sentences of articles of its own, with others around them."""
    titles = [f"Gold {number}a", f"Gold {number}b", *(f"Other {number}.{n}" for n in range(num_others))]
    return {
        "_id": f"id{number}",
        "question": f"What is {number}?",
        "answer": f"answer {number}",
        "type": "bridge",
        "supporting_facts": [[titles[0], 1], [titles[1], 0]],
        "context": [[title, [f"{title} begins.", " It goes on. ", ""]] for title in titles],
    }


def _write(tmp_path: Path, content: object, name: str = "file.json") -> Path:
    return write_json(tmp_path / name, content)


def test_sentences_are_turns_and_supporting_facts_are_evidence(tmp_path: Path) -> None:
    (stream,) = load_haystack(path=_write(tmp_path, [_hotpot(0)]))
    texts = {turn.id: (turn.speaker, turn.text) for turn in stream.turns}
    (question,) = stream.questions
    assert {texts[id] for id in question.evidence} == {
        ("Gold 0a", "It goes on."),
        ("Gold 0b", "Gold 0b begins."),
    }
    assert len(texts) == 10
    assert question == Question(
        "id0", "What is 0?", ("answer 0",), "bridge", question.evidence, metric="substring_exact_match"
    )
    assert (stream.id, stream.source, stream.group) == ("haystack/all/0", "haystack:all", "haystack")
    assert not check_stream(stream)


def test_paragraphs_may_be_turns(tmp_path: Path) -> None:
    path = _write(tmp_path, [_hotpot(0)])
    (stream,) = load_haystack(path=path, unit="paragraph", session_tokens=1, turns_per_chunk=4)
    texts = {turn.id: turn.text for turn in stream.turns}
    assert sorted(texts.values())[0] == "Gold 0a begins. It goes on."
    assert {texts[id][:7] for id in stream.questions[0].evidence} == {"Gold 0a", "Gold 0b"}
    # Sessions of one token hold one turn each, and no chunk crosses a session.
    assert len(stream.chunks) == len(stream.turns) == 5


def test_questions_are_packed_with_as_many_paragraphs_as_fit(tmp_path: Path) -> None:
    path = _write(tmp_path, [_hotpot(number) for number in range(7)])
    streams = list(load_haystack(path=path, num_paragraphs=8, questions_per_stream=3))
    assert [len(stream.questions) for stream in streams] == [3, 3, 1]
    titles = [{turn.speaker for turn in stream.turns} for stream in streams]
    # Three questions need six paragraphs, so two others fit; one needs two, and has three around.
    assert [len(each) for each in titles] == [8, 8, 5]
    assert [sum("Gold" in title for title in each) for each in titles] == [6, 6, 2]
    assert len(list(load_haystack(path=path, questions_per_stream=3, num_streams=2))) == 2
    # What the questions need is there, whatever the number says.
    assert {len({turn.speaker for turn in s.turns}) for s in load_haystack(path=path, num_paragraphs=1)} == {
        14
    }


def test_the_same_seed_makes_the_same_streams_and_another_one_others(tmp_path: Path) -> None:
    path = _write(tmp_path, [_hotpot(number) for number in range(9)])
    first, again, other = (list(load_haystack(path=path, seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert [turn.text for turn in first[0].turns] != [turn.text for turn in other[0].turns]


def test_an_article_is_in_one_stream_only(tmp_path: Path) -> None:
    rows = [_hotpot(number) for number in range(6)]
    # Around every question stands the same article, and two questions need the same one.
    for row in rows:
        row["context"].append(["Shared", ["Everywhere."]])
    rows.append(_hotpot(0) | {"_id": "again"})
    path = _write(tmp_path, rows)
    streams = list(load_haystack(path=path, questions_per_stream=2))
    titles = [{turn.speaker for turn in stream.turns} for stream in streams]
    assert sum("Shared" in each for each in titles) == 1
    assert sum(map(len, titles)) == len(set().union(*titles))
    asked = [question.id for stream in streams for question in stream.questions]
    assert len(asked) == len(set(asked))


def test_splits_share_no_title_even_across_files(tmp_path: Path) -> None:
    path = _write(tmp_path, [_hotpot(number) for number in range(200)])
    parts = {split: list(load_haystack(split, path=path)) for split in SHARES}
    titles = {split: {t.speaker for s in streams for t in s.turns} for split, streams in parts.items()}
    assert all(titles.values())
    for split, each in titles.items():
        assert {split_of(title) for title in each} == {split}
    check_no_leak(parts["train"], [*parts["validation"], *parts["test"]])
    assert parts["test"][0].group == "haystack/test/0"
    other = _write(tmp_path, [_hotpot(number) for number in range(50, 60)], "other.json")
    with pytest.raises(LeakError):
        check_no_leak(parts["train"], load_haystack("all", path=other))


SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "Super_Bowl",
            "paragraphs": [
                {
                    "context": "Denver won. The game was in Santa Clara! Who knew?",
                    "qas": [
                        {
                            "id": "a",
                            "question": "Where was it?",
                            "answers": [{"text": "Santa Clara", "answer_start": 28}] * 2,
                        },
                        {"id": "b", "question": "Why?", "answers": [], "is_impossible": True},
                    ],
                },
                {
                    "context": "Carolina lost.",
                    "qas": [{"id": "c", "question": "Who lost?", "answers": [{"text": "Carolina"}]}],
                },
            ],
        }
    ],
}


def test_files_like_squad_are_read_too(tmp_path: Path) -> None:
    (stream,) = load_haystack(path=_write(tmp_path, SQUAD))
    texts = {turn.id: turn.text for turn in stream.turns}
    assert set(texts.values()) == {
        "Denver won.",
        "The game was in Santa Clara!",
        "Who knew?",
        "Carolina lost.",
    }
    assert {turn.speaker for turn in stream.turns} == {"Super Bowl"}
    by_id = {question.id: question for question in stream.questions}
    assert by_id.keys() == {"a", "c"}
    assert by_id["a"].answers == ("Santa Clara",)
    assert [texts[id] for id in by_id["a"].evidence] == ["The game was in Santa Clara!"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"rows": []}, "is neither a list of questions nor an object with 'data'"),
        ([_hotpot(0) | {"context": [["Title", "text"]]}], r"question 0: context is not a list of"),
        ([_hotpot(0) | {"answer": 3}], "field 'answer' is 3"),
        ([_hotpot(0) | {"supporting_facts": [["Gold 0a", 2]]}], "has no question whose answer lies in"),
        ({"data": [{"title": "T"}]}, "article 0: field 'paragraphs' is None"),
    ],
)
def test_damaged_files_are_told(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_haystack(path=_write(tmp_path, content))


def test_impossible_options_are_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = _write(tmp_path, [_hotpot(0)])
    for options, message in (
        ({"unit": "word"}, "unknown unit of haystack 'word'"),
        ({"num_paragraphs": 0}, "num_paragraphs is 0"),
        ({"seed": -1}, "seed is -1"),
    ):
        with pytest.raises((ConfigError, UnknownNameError), match=message):
            load_streams("haystack", path=path, **options)
    with pytest.raises(UnknownNameError, match="Did you mean 'train'"):
        load_streams("haystack:trains", path=path)
    with pytest.raises(DataError, match=r"hotpot_dev_distractor_v1.json was not found.*data fetch hotpotqa"):
        load_streams("haystack:test")
    path.write_text("[{", "utf-8")
    with pytest.raises(DataError, match="is not valid JSON"):
        load_streams("haystack", path=path)
    assert set(SPLITS) == {"all", "train", "validation", "test"}


def test_supporting_facts_that_name_no_sentence_are_counted(tmp_path: Path) -> None:
    dangling = [["Gold 0a", 9], ["Gold 0a", 2], ["Nobody", 0], ["Gold 0a"]]
    first = _hotpot(0) | {"supporting_facts": [["Gold 0a", 1], *dangling]}
    second = _hotpot(1) | {"supporting_facts": [["Gold 1a", -1]]}
    message = r"5 supporting facts of 2 questions .* 1 of these questions are left out.* first is 'id0'"
    with pytest.warns(UserWarning, match=message):
        (stream,) = load_haystack(path=_write(tmp_path, [first, second, _hotpot(2)]))
    assert {question.id: len(question.evidence) for question in stream.questions} == {"id0": 1, "id2": 2}


def test_an_answer_that_no_sentence_holds_is_counted(tmp_path: Path) -> None:
    asked = [
        {"id": "1", "question": "What is A?", "answers": [{"text": "a fish"}]},
        {"id": "2", "question": "What is it?", "answers": [{"text": "fish. It swims"}]},
        {"id": "3", "question": "Why?", "answers": []},
    ]
    squad = {"data": [{"title": "A", "paragraphs": [{"context": "A is a fish. It swims.", "qas": asked}]}]}
    with pytest.warns(UserWarning, match=r"1 supporting facts of 1 questions .* first is '2'"):
        (stream,) = load_haystack(path=_write(tmp_path, squad))
    assert [question.id for question in stream.questions] == ["1"]
