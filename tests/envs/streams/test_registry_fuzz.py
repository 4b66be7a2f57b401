"""Damaged data files: every loader refuses them in a sentence, or gives streams that can be played."""

import json
import random
import warnings
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from fuzzing import num_inputs
from memdojo.envs.streams import check_file, check_stream, load_streams
from memdojo.envs.types import Stream
from memdojo.errors import DataError
from mutations import damaged_bytes, mutations

_TURNS = [
    {"speaker": "Ann", "dia_id": "D1:1", "text": "I live in Oslo."},
    {"speaker": "Ben", "dia_id": "D1:2", "text": "", "blip_caption": "a photo of a dog"},
]
_LOCOMO = [
    {
        "sample_id": "mine",
        "conversation": {
            "speaker_a": "Ann",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": _TURNS,
        },
        "qa": [
            {"question": "Where does Ann live?", "answer": "Oslo", "evidence": ["D1:1; D1:2"], "category": 4},
            {"question": "How many?", "answer": 2, "evidence": [], "category": 1},
        ],
    }
]
_LONGMEMEVAL = [
    {
        "question_id": "q_1",
        "question_type": "multi-session",
        "question": "How many cats do I have?",
        "question_date": "2023/05/30 (Tue) 23:40",
        "answer": 2,
        "answer_session_ids": ["a"],
        "haystack_dates": ["2023/05/21 (Sun) 03:24", "2023/05/20 (Sat) 02:21"],
        "haystack_session_ids": ["a", "b"],
        "haystack_sessions": [
            [{"role": "user", "content": "I have two cats.", "has_answer": True}],
            [{"role": "assistant", "content": "Hello."}],
        ],
    }
]
_REALMEM = {
    "_metadata": {"person_name": "Ann"},
    "dialogues": [
        {
            "session_uuid": "a",
            "current_time": "2025-12-15 (Monday)",
            "dialogue_turns": [{"speaker": "User", "content": "My knee hurts.", "is_query": False}],
            "extracted_memory": [{"index": "1", "content": "Knee hurts.", "source_turn": 1}],
        },
        {
            "session_uuid": "b",
            "current_time": "2025-12-16 (Tuesday)",
            "dialogue_turns": [
                {
                    "speaker": "User",
                    "content": "What now?",
                    "is_query": True,
                    "query_id": "Q1",
                    "category_name": "x",
                },
                {
                    "speaker": "Assistant",
                    "content": "Swim.",
                    "memory_used": [{"session_uuid": "a", "content": "Knee hurts."}],
                },
            ],
            "extracted_memory": [],
        },
    ],
}
_HOTPOTQA = [
    {
        "_id": "1",
        "question": "What is it?",
        "answer": "a fish",
        "type": "bridge",
        "supporting_facts": [["A", 1], ["B", 0]],
        "context": [["A", ["A begins.", " It goes on.", ""]], ["B", ["B is a fish."]], ["C", ["C."]]],
    }
]
_SQUAD = {
    "data": [
        {
            "title": "A_B",
            "paragraphs": [
                {
                    "context": "A is a fish. It swims.",
                    "qas": [{"id": "1", "question": "What is A?", "answers": [{"text": "a fish"}]}],
                },
                {"context": "B.", "qas": []},
            ],
        }
    ]
}
_MEM_ALPHA = [
    {
        "data_source": "squad",
        "chunks": json.dumps(["[Dialogue on 2024-01-03 00:00]\nAnn lives in Rome.", "B."]),
        "questions_and_answers": json.dumps([{"question": "Where?", "answer": ["Rome"]}]),
    },
    {"data_source": "x", "chunks": ["A."], "questions_and_answers": [{"question": "Who?", "answer": "A"}]},
]
_FACTS = [
    {
        "context": "Here is a list of facts:\n0. Ann is a citizen of France.\n1. Ann is a citizen of Peru.\n",
        "questions": ["What is the country of citizenship of Ann?"],
        "answers": [["Peru"]],
        "metadata": {"source": "factconsolidation_sh_6k", "qa_pair_ids": ["q0"]},
    }
]
_PASSAGES = [
    {
        "context": "Ann left. It rained.\n\nThen she came.",
        "questions": ["What happened?"],
        "answers": [["It rained", 3]],
        "metadata": {"source": "eventqa_full"},
    }
]
_FILMS = [{"context": "A", "questions": ["A?"], "answers": [["1"]], "metadata": {"source": "recsys_redial"}}]
_JSONL = [
    {
        "id": "s",
        "group": "g",
        "chunks": [
            {
                "index": 0,
                "session": "one",
                "time": "2023-05-08T13:56:00",
                "turns": [{"id": "t0", "speaker": "Ann", "text": "Hi."}],
            },
            {"turns": [{"id": "t1", "speaker": "Ben", "text": "Oslo.", "time": "2023-05-08T13:56:00"}]},
        ],
        "questions": [
            {"id": "q", "text": "Where?", "answers": ["Oslo"], "evidence": ["t1"], "ask_after": 1},
            {"id": "r", "text": "Who?", "unanswerable": True, "metric": "locomo", "category": "5"},
        ],
        "oracle": {"t1": [{"kind": "UPDATE", "text": "Oslo", "target": "t0"}]},
    }
]

_FILES: dict[str, tuple[str, str, Any, bool]] = {
    "locomo": ("locomo", "locomo10.json", _LOCOMO, False),
    "longmemeval": ("longmemeval", "longmemeval.json", _LONGMEMEVAL, False),
    "longmemeval lines": ("longmemeval", "longmemeval.jsonl", _LONGMEMEVAL, True),
    "realmem": ("realmem", "Ann_dialogues_256k.json", _REALMEM, False),
    "hotpotqa": ("haystack", "hotpot.json", _HOTPOTQA, False),
    "squad": ("haystack", "squad.json", _SQUAD, False),
    "mem_alpha": ("mem_alpha", "train.json", _MEM_ALPHA, False),
    "factconsolidation": ("factconsolidation", "facts.json", _FACTS, False),
    "memoryagentbench": ("memoryagentbench", "rows.json", _PASSAGES, False),
    "films": ("memoryagentbench", "rows.json", _FILMS, False),
    "jsonl": ("jsonl", "streams.jsonl", _JSONL, True),
}
"""For each format its source, the name of its file, what a good one holds, and whether it is of lines."""


@pytest.mark.fuzz
@pytest.mark.parametrize("name", _FILES)
def test_a_damaged_file_is_refused_in_a_sentence_or_gives_good_streams(name: str, tmp_path: Path) -> None:
    source, file, content, lines = _FILES[name]
    path = tmp_path / file
    (tmp_path / "entity2id.json").write_text('{"<http://dbpedia.org/resource/Jaws_(film)>": 1}', "utf-8")
    for data in islice(mutations(content, seed=0, lines=lines), num_inputs(60)):
        path.write_bytes(data)
        _require_good_or_told(source, path)
        if source == "jsonl":
            for problem in check_file(path):
                str(problem).encode()


@pytest.mark.parametrize("name", _FILES)
def test_the_good_files_of_the_fuzz_tests_are_read(name: str, tmp_path: Path) -> None:
    source, file, content, lines = _FILES[name]
    (tmp_path / "entity2id.json").write_text('{"<http://dbpedia.org/resource/Jaws_(film)>": 1}', "utf-8")
    (tmp_path / file).write_bytes(next(mutations(content, seed=0, lines=lines)))
    assert _load(source, tmp_path / file)


@pytest.mark.fuzz
def test_a_damaged_list_of_films_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps(_FILMS), "utf-8")
    films = {"<http://dbpedia.org/resource/Jaws_(film)>": 1, "<http://dbpedia.org/resource/>": 2}
    for data in islice(mutations(films, seed=0), num_inputs(60)):
        (tmp_path / "entity2id.json").write_bytes(data)
        _require_good_or_told("memoryagentbench", tmp_path / "rows.json")


def _require_good_or_told(source: str, path: Path) -> None:
    """Load a file; only `DataError` may come, which names a file in its folder."""
    try:
        streams = _load(source, path)
    except DataError as error:
        message = str(error)
    else:
        for problem in (problem for stream in streams for problem in check_stream(stream)):
            # Published files have turns without a word, and conversations that nothing is asked about.
            assert problem.what in ("the text is blank", "the list is empty"), problem
        return
    assert str(path.parent) in message
    message.encode()


def _load(source: str, path: Path) -> list[Stream]:
    with warnings.catch_warnings():
        # Evidence that is not there is told in a warning, and the stream is good without it.
        warnings.simplefilter("ignore", UserWarning)
        return load_streams(f"jsonl:{path}") if source == "jsonl" else load_streams(source, path=path)


@pytest.mark.fuzz
def test_a_damaged_parquet_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path, rng = tmp_path / "train.parquet", random.Random(0)
    parquet.write_table(pyarrow.Table.from_pylist(_MEM_ALPHA[:1] * 3), path)
    whole = path.read_bytes()
    for _ in range(num_inputs(60)):
        path.write_bytes(damaged_bytes(whole, rng))
        _require_good_or_told("mem_alpha", path)


@pytest.mark.parametrize(
    "source", ["locomo", "longmemeval", "realmem", "haystack", "mem_alpha", "factconsolidation"]
)
def test_a_path_that_leads_nowhere_is_told(source: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in ("missing.json", "folder", "null\0.json", "a" * 5000, "~nobody-here/x.json", ""):
        for load in (partial(load_streams, source, path=path), partial(load_streams, f"jsonl:{path or '.'}")):
            with pytest.raises(DataError):
                load()
