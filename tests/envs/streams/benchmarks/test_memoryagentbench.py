import json
from pathlib import Path
from typing import Any

import pytest

from builders import write_json
from memdojo.envs.streams import check_stream, load_streams
from memdojo.envs.streams.benchmarks.memoryagentbench import METRICS, load_memoryagentbench, metric_of
from memdojo.errors import ConfigError, DataError, UnknownNameError
from memdojo.rewards.grading import question_metric_names


def _row(source: str, context: str, *asked: tuple[str, list[str]]) -> dict[str, Any]:
    return {
        "context": context,
        "questions": [question for question, _ in asked],
        "answers": [answers for _, answers in asked],
        "metadata": {"source": source},
    }


NOVEL = "It was a grey day in the small town by the sea, as it is so often in that part of the country. " * 6
ROWS = [
    _row("eventqa_full", f"{NOVEL}\n\nThen Ann left.", ("What happened then?", ["Ann left"])),
    _row("eventqa_65536", f"{NOVEL}\n\nThen", ("What happened?", ["It rained", "it rained"])),
    _row("icl_trec_coarse_6600shot_balance", "Who ran?\nlabel: 3\nWhere?\nlabel: 4", ("When?", ["5"])),
]


def test_a_context_is_cut_into_passages_and_asked_at_its_end(tmp_path: Path) -> None:
    path = write_json(tmp_path / "rows.json", ROWS)
    streams = list(load_memoryagentbench("", path=path, turn_tokens=5, turns_per_chunk=10))
    last = streams[2]
    assert [turn.text for turn in last.turns] == ["Who ran?", "label: 3", "Where?", "label: 4"]
    assert (last.id, last.source, len(last.chunks)) == (
        "icl_trec_coarse_6600shot_balance",
        "memoryagentbench",
        1,
    )
    (question,) = last.questions
    assert (question.id, question.answers, question.metric) == (f"{last.id}/q0", ("5",), "answer_line_match")
    assert (question.category, question.evidence, question.ask_after) == ("icl", frozenset(), None)
    assert not any(check_stream(stream) for stream in streams)


def test_contexts_that_begin_alike_are_one_group(tmp_path: Path) -> None:
    full, short, other = load_memoryagentbench("", path=write_json(tmp_path / "rows.json", ROWS))
    assert full.group == short.group != other.group
    facts = [_row(f"factconsolidation_sh_{size}", f"0. {size}", ("A?", ["b"])) for size in ("6k", "32k")]
    streams = load_memoryagentbench("", path=write_json(tmp_path / "facts.json", facts))
    assert {stream.group for stream in streams} == {"factconsolidation"}


def test_splits_are_files_and_sources_are_chosen_by_how_they_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMDOJO_DATA", str(tmp_path))
    write_json(tmp_path / "memoryagentbench" / "Accurate_Retrieval.json", ROWS)
    assert len(load_streams("memoryagentbench:accurate_retrieval")) == 3
    (stream,) = load_streams("memoryagentbench:accurate_retrieval", sources=["eventqa_f"])
    assert (stream.id, stream.source) == ("eventqa_full", "memoryagentbench:accurate_retrieval")
    with pytest.raises(UnknownNameError, match="unknown data set of this file 'eventqa_6k'"):
        load_streams("memoryagentbench:accurate_retrieval", sources=["eventqa_6k"])
    with pytest.raises(ConfigError, match=r"sources is 'icl'; give a list, such as \['icl'\]"):
        load_streams("memoryagentbench:accurate_retrieval", sources="icl")
    with pytest.raises(ConfigError, match="needs a split or the option path"):
        load_streams("memoryagentbench")
    with pytest.raises(DataError, match=r"Test_Time_Learning.* was not found.*memdojo data fetch"):
        load_streams("memoryagentbench:test_time_learning")


def test_rows_of_one_data_set_have_ids_of_their_own(tmp_path: Path) -> None:
    rows = [_row("infbench_sum", text, ("Sum up?", ["x"])) for text in ("One.", "Two.")]
    streams = list(load_memoryagentbench("", path=write_json(tmp_path / "rows.json", rows)))
    assert [stream.id for stream in streams] == ["infbench_sum", "infbench_sum/1"]
    assert streams[0].questions[0].metric == "rouge_l"


def test_recommended_films_are_told_by_their_titles(tmp_path: Path) -> None:
    path = write_json(tmp_path / "rows.json", [_row("recsys_redial_full", "Talk.", ("Which?", ["12", "7"]))])
    with pytest.raises(DataError, match=r"entity2id.json was not found"):
        list(load_memoryagentbench("", path=path))
    films = {"<http://x.org/resource/Jaws_(film)>": 12, "<http://x.org/resource/Spider-Man_2>": 7}
    (tmp_path / "entity2id.json").write_text(json.dumps(films), "utf-8")
    (stream,) = load_memoryagentbench("", path=path)
    assert stream.questions[0].answers == ("Jaws", "Spider Man 2")
    assert stream.questions[0].metric == "recommendation_recall"
    (tmp_path / "entity2id.json").write_text('{"a/b": 12}', "utf-8")
    with pytest.raises(DataError, match="there is no film '7'"):
        list(load_memoryagentbench("", path=path))


def test_every_metric_is_one_that_grades_questions() -> None:
    assert {metric for _, metric in METRICS} <= set(question_metric_names())
    assert metric_of("ruler_qa1_197K") == "squad_substring_match"
    assert metric_of("something_else") == ""
