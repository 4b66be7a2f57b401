import pytest

from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode
from memdojo.envs.streams.chunking import rechunk
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.streams.jsonl.schema import StreamRow, stream_to_dict
from memdojo.envs.streams.tasks import stream_of_tasks
from memdojo.envs.types import Capacity, Feedback, Noop, Task, Turn
from memdojo.errors import DataError

SUCCESS = Feedback()


def task(number: int, feedback: Feedback = SUCCESS, **fields: object) -> Task:
    return Task(f"t{number}", f"Sort box {number}.", ("A",), ("A", "B"), "boxes", feedback, **fields)  # type: ignore[arg-type]


class SaysB:
    fingerprint = "b"

    def answer(self, requests: list[AnswerRequest]) -> list[Answer]:
        return [Answer("B") for _ in requests]


def test_a_task_is_asked_before_its_report_comes() -> None:
    stream = stream_of_tasks("s", [task(0), task(1, helped_by=frozenset({"t0"}))])

    assert [[turn.id for turn in chunk.turns] for chunk in stream.chunks] == [["start"], ["t0"]]
    assert [(each.id, each.ask_after, each.evidence) for each in stream.questions] == [
        ("t0", 0, frozenset()),
        ("t1", 1, frozenset({"t0"})),
    ]
    assert not check_stream(stream)


def test_streams_of_tasks_are_written_and_read_back() -> None:
    tasks = [task(0, Feedback("A")), task(1, Feedback("", True, True)), task(2, Feedback("", False))]
    other = Turn("tip", "Bob", "Boxes go to B.")
    stream = stream_of_tasks("s", tasks, others=[(1, other)])

    assert StreamRow.model_validate(stream_to_dict(stream)).record("") == stream
    assert [turn.id for turn in stream.chunks[1].turns] == ["tip", "t0"]


@pytest.mark.parametrize(
    ("feedback", "told", "score"),
    [
        (Feedback(), "ANSWER: B\nVERDICT: wrong", 0.0),
        (Feedback(is_false=True), "ANSWER: B\nVERDICT: right", 1.0),
        (Feedback(tells_success=False), "ANSWER: B\nVERDICT: unknown", None),
        (Feedback("A"), "ANSWER: A\nVERDICT: given", 0.0),
    ],
)
def test_an_episode_completes_reports_by_what_the_feedback_says(
    feedback: Feedback, told: str, score: float | None
) -> None:
    stream = stream_of_tasks("s", [task(0, feedback), task(1)])
    episode = ManagerEpisode(StreamContext(stream), Capacity(), answerer=SaysB())

    outcome = episode.step([Noop()])

    assert outcome.questions[0].answer == "B"
    assert episode.last_readings[0].score == score
    for each in (episode, episode.fork()):
        assert each.chunk is not None
        assert each.chunk.turns[0].text == f"Sort box 0.\n{told}"


def test_an_archive_has_the_reports_as_the_episode_completes_them() -> None:
    stream = stream_of_tasks("s", [task(0), task(1), task(2, Feedback("A"))])
    episode = RetrievalEpisode(StreamContext(stream), answerer=SaysB())
    episode.step([])
    fork = episode.fork()
    episode.step([2])

    assert [entry.text for entry in episode.store] == [
        "Report: 3 tasks begin.",
        "Report: Sort box 0.\nANSWER: B\nVERDICT: wrong",
        "Report: Sort box 1.\nANSWER: B\nVERDICT: wrong",
    ]
    assert len(fork.store) == 2


def test_reports_are_completed_however_chunks_are_cut() -> None:
    tip = Turn("tip", "Bob", "Boxes go to B.")
    stream = stream_of_tasks("s", [task(0), task(1)], others=[(1, tip)])
    episode = ManagerEpisode(StreamContext(rechunk(stream, 1)), Capacity(), answerer=SaysB())
    shown = []
    while episode.chunk is not None:
        shown += [turn.text for turn in episode.chunk.turns]
        episode.step([Noop()])

    assert shown == ["2 tasks begin.", "Boxes go to B.", "Sort box 0.\nANSWER: B\nVERDICT: wrong"]


@pytest.mark.parametrize(
    "tasks",
    [
        [],
        [task(0), task(0)],
        [task(0, helped_by=frozenset({"t1"})), task(1)],
        [Task("start", "Sort.", ("A",))],
    ],
)
def test_impossible_tasks_are_refused(tasks: list[Task]) -> None:
    with pytest.raises(DataError):
        stream_of_tasks("s", tasks)
