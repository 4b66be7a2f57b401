import json
from pathlib import Path
from typing import Any

import pytest

from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.streams.jsonl.task_streams import check_task_file, find_task_problems
from memdojo.envs.streams.registry import check_spec, load_streams
from memdojo.envs.types import Feedback
from memdojo.errors import ConfigError, DataError


def _record(**changes: object) -> dict[str, Any]:
    tasks = [
        {
            "id": "t1",
            "text": "Sort the red box.",
            "answers": ["left"],
            "options": ["left", "right"],
            "family": "boxes",
            "feedback": {"reveals": "left"},
        },
        {"id": "t2", "text": "Sort the red bag.", "answers": ["left"], "helped_by": ["t1"], **changes},
    ]
    return {"id": "s1", "tasks": tasks}


def _write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def test_a_line_is_a_stream_of_tasks(tmp_path: Path) -> None:
    path = _write(tmp_path / "tasks.jsonl", _record(), {**_record(), "id": "s2", "group": "g"})
    one, two = load_streams(f"tasks:{path}")

    assert (one.id, one.group, one.source, two.group) == ("s1", "s1", f"tasks:{path}", "g")
    first, second = one.questions
    assert (first.answers, first.options, first.category) == (("left",), ("left", "right"), "boxes")
    assert first.feedback == Feedback("left")
    assert (second.options, second.feedback, second.evidence) == ((), Feedback(), frozenset({"t1"}))
    assert not check_stream(one)
    assert check_spec(f"tasks:{path}") == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"answers": []}, "tasks[1].answers: the list is empty; give at least one of 'answers'"),
        ({"answers": ["up"], "options": ["left"]}, "tasks[1].answers: 'up' is none of the options; add it"),
        ({"helped_by": ["t9"]}, "tasks[1].helped_by: 't9' names no task before it; correct or remove it"),
        ({"helped_by": ["t2"]}, "tasks[1].helped_by: 't2' names no task before it"),
        ({"id": "t1"}, "tasks[1].id: the task id 't1' is also that of tasks[0]; give every task"),
        ({"id": "start"}, "tasks[1].id: 'start' is the id of the turn that begins the stream"),
        ({"text": " "}, "tasks[1].text: the text is blank"),
        ({"hint": "x"}, "tasks[1].hint: the field is unknown; remove it or correct its name"),
        ({"feedback": {"reveal": "x"}}, "tasks[1].feedback.reveal: the field is unknown"),
        ({"feedback": {"is_false": "no"}}, "tasks[1].feedback.is_false: 'no' is a text, not true or false"),
    ],
)
def test_a_rule_that_is_broken_is_named_with_its_field_and_remedy(
    changes: dict[str, object], said: str
) -> None:
    (problem,) = [str(each) for each in find_task_problems(_record(**changes), 3)]

    assert problem.startswith(f"line 3: {said}")


def test_what_is_no_stream_of_tasks_is_said() -> None:
    assert [str(each) for each in find_task_problems({"id": "s"})] == [
        "tasks: the field is missing; add 'tasks'"
    ]
    assert "not an object" in str(find_task_problems([1])[0])


def test_the_check_lists_all_problems_and_the_reader_stops_at_the_first(tmp_path: Path) -> None:
    path = _write(tmp_path / "tasks.jsonl", _record(), _record(answers=[], hint=1), {"id": "s3", "tasks": 3})

    assert [problem.line for problem in check_task_file(path)] == [2, 2, 2, 3]
    assert check_spec(f"tasks:{path}") == check_task_file(path)
    with pytest.raises(DataError, match=r"tasks\.jsonl: line 2: .*2 more: `memdojo data check` lists all"):
        load_streams(f"tasks:{path}")


def test_a_missing_file_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the file does not exist"):
        load_streams(f"tasks:{tmp_path / 'nothing.jsonl'}")
    with pytest.raises(ConfigError, match="write tasks:PATH"):
        load_streams("tasks")
