from pathlib import Path
from typing import Any

import pytest

from builders import write_json
from memdojo.envs.streams import check_stream, load_streams
from memdojo.envs.streams.benchmarks.memoryagentbench_tasks import load_test_time_learning
from memdojo.errors import ConfigError, DataError, UnknownNameError

CONTEXT = (
    "Who ran?\nlabel: 3\n\nWhere is it?\nOr was it?\nlabel: 4\n\nWho fell?\nlabel: 3\n\nWhen?\nlabel: 5\n\n"
)


def _row(source: str, context: str = CONTEXT) -> dict[str, Any]:
    return {
        "context": context,
        "questions": ["Who slept?", "Where was it?"],
        "answers": [["3"], ["4"]],
        "metadata": {"source": source, "qa_pair_ids": ["a", "b"]},
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rows = [_row("icl_trec_coarse_6600shot_balance"), _row("icl_nlu_8296shot_balance"), _row("recsys_x")]
    return write_json(tmp_path / "rows.json", rows)


def test_examples_come_first_and_questions_behind_them(path: Path) -> None:
    (stream,) = load_test_time_learning("trec_coarse", path=path)

    assert [(each.id, each.text, each.answers) for each in stream.questions] == [
        ("e0", "Who ran?", ("3",)),
        ("e1", "Where is it?\nOr was it?", ("4",)),
        ("e2", "Who fell?", ("3",)),
        ("e3", "When?", ("5",)),
        ("a", "Who slept?", ("3",)),
        ("b", "Where was it?", ("4",)),
    ]
    assert {each.options for each in stream.questions} == {("3", "4", "5")}
    assert [sorted(each.evidence) for each in stream.questions[2:]] == [["e0"], [], ["e0", "e2"], ["e1"]]
    assert all(each.feedback and each.feedback.reveals == each.answers[0] for each in stream.questions)
    assert stream.group == "icl_trec_coarse_6600shot_balance"
    assert not check_stream(stream)


def test_without_a_split_all_sets_of_the_file_are_read(path: Path) -> None:
    assert [stream.id for stream in load_streams("memoryagentbench_tasks", path=str(path))] == [
        "icl_trec_coarse_6600shot_balance",
        "icl_nlu_8296shot_balance",
    ]


def test_a_stream_may_take_fewer_examples_and_questions_in_another_order(path: Path) -> None:
    (few,) = load_test_time_learning("nlu", path=path, num_examples=2, num_questions=1)
    (other,) = load_test_time_learning("nlu", path=path, order_seed=2)

    assert [each.id for each in few.questions] == ["e0", "e2", "a"]
    assert sorted(each.id for each in other.questions) == ["a", "b", "e0", "e1", "e2", "e3"]
    assert [each.id for each in other.questions][:4] != ["e0", "e1", "e2", "e3"]
    assert [each.id for each in other.questions][4:] == ["a", "b"]


def test_noise_reveals_wrong_labels(path: Path) -> None:
    (stream,) = load_test_time_learning("nlu", path=path, noise=0.5)

    assert sum(each.feedback.reveals != each.answers[0] for each in stream.questions if each.feedback) == 3


def test_bad_files_and_options_are_refused(tmp_path: Path, path: Path) -> None:
    with pytest.raises(UnknownNameError, match="trec_fine"):
        list(load_test_time_learning("trec", path=path))
    with pytest.raises(ConfigError, match="num_examples is 0"):
        list(load_test_time_learning("nlu", path=path, num_examples=0))
    with pytest.raises(ConfigError, match="noise is 3"):
        list(load_test_time_learning("nlu", path=path, noise=3))
    with pytest.raises(DataError, match="no data set that begins with icl_banking77"):
        list(load_test_time_learning("banking77", path=path))
    bare = write_json(tmp_path / "bare.json", [_row("icl_nlu_1shot", "No examples here.")])
    with pytest.raises(DataError, match="no examples of two labels"):
        list(load_test_time_learning("nlu", path=bare))
