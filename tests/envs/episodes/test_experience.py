import pytest

from memdojo.envs.answering import AnswerRequest, ExtractiveAnswerer
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.experience import ExperienceEpisode, Phase
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.streams.tasks import stream_of_tasks
from memdojo.envs.types import (
    Add,
    Capacity,
    Chunk,
    Delete,
    Feedback,
    Noop,
    OperationStatus,
    Stream,
    Task,
    Turn,
)
from memdojo.errors import EpisodeStateError

OPTIONS = ("left", "middle", "right")


def tasks() -> list[Task]:
    """Boxes go to the right, which the first report tells."""
    return [
        Task(f"t{number}", f"Sort box {number}.", ("right",), OPTIONS, "boxes", Feedback("right"))
        for number in range(3)
    ]


def episode(stream: Stream | None = None, *, capacity: Capacity | None = None, top_k: int = 10):
    context = StreamContext(stream or stream_of_tasks("s", tasks()))
    beneath = ManagerEpisode(context, capacity or Capacity(), top_k=top_k, answerer=ExtractiveAnswerer())
    return ExperienceEpisode(beneath)


def answer(run: ExperienceEpisode):
    assert run.requests is not None
    return run.finish_step(ExtractiveAnswerer().answer(run.requests))


def report(run: ExperienceEpisode) -> Add:
    assert run.chunk is not None
    turn = run.chunk.turns[-1]
    return Add(f"Report: {turn.text}", (turn.id,))


def test_what_is_written_of_a_task_can_be_handed_to_the_next() -> None:
    run = episode()
    run.write([Noop()])
    assert (run.phase, run.question.id) == (Phase.HAND_OVER, "t0")  # type: ignore[union-attr]
    run.hand_over([])
    assert [request.options for request in run.requests or ()] == [OPTIONS]
    answer(run)

    run.write([report(run)])
    run.hand_over([entry.id for entry in run.store])
    outcome = answer(run)

    assert outcome.step == 1
    assert outcome.questions[0].answer == "right"
    assert [hits[0].entry.sources for hits in run.episode.hits] == [("t0",)]
    assert run.episode.store.entries == run.store.entries


def test_the_phases_follow_each_other_until_the_last_task_is_done() -> None:
    run, seen = episode(), []
    while not run.ended:
        seen.append(run.phase)
        if run.phase is Phase.WRITE:
            run.write([])
        elif run.phase is Phase.HAND_OVER:
            run.hand_over([])
        else:
            answer(run)
    assert seen == [Phase.WRITE, Phase.HAND_OVER, Phase.ANSWER] * 3
    assert len(run.outcome().questions) == 3
    assert run.phase is Phase.ENDED


def test_a_choice_that_names_what_is_not_there_hands_nothing_over_and_counts_as_malformed() -> None:
    run = episode()
    run.write([Add("one", ("start",)), Add("two", ("start",))])
    run.hand_over([1, 1, 9])

    assert run.malformed == (
        "the choice names an entry twice.",
        "the choice names an entry that does not exist.",
    )
    assert run.requests == (AnswerRequest("Sort box 0.", (), None, OPTIONS),)
    assert sum(each.malformed for each in answer(run).operations) == 2


def test_only_the_first_entries_of_a_choice_are_handed_over() -> None:
    run = episode(top_k=1)
    run.write([Add("one", ("start",)), Add("two", ("start",))])
    run.hand_over([2, 1])

    assert run.malformed == ()
    assert [request.context for request in run.requests or ()] == [("two",)]


def test_refused_and_malformed_operations_leave_the_memory_as_it_was() -> None:
    run = episode(capacity=Capacity(max_entries=1))
    run.write([Add("one", ("start",)), Delete(7)], malformed=["nonsense"])

    assert [result.status for result in run.results] == [
        OperationStatus.APPLIED,
        OperationStatus.UNKNOWN_ID,
        OperationStatus.MALFORMED,
    ]
    assert [entry.text for entry in run.store] == ["one"]
    run.hand_over([])
    assert len(answer(run).operations) == 3


def test_it_forks_between_writing_and_handing_over() -> None:
    run = episode()
    run.write([Noop()])
    run.hand_over([])
    answer(run)
    run.write([report(run)])
    fork = run.fork()
    fork.store.apply(Add("only here", ("t0",)), 1)
    run.hand_over([1])
    fork.hand_over([])

    assert len(run.store) == 1
    assert [request.context for request in fork.requests or ()] == [()]
    assert answer(run).questions[0].answer == "right"
    assert (run.episode.step_index, fork.episode.step_index) == (2, 1)


def test_a_fork_goes_on_as_its_origin_does() -> None:
    run = episode()
    run.write([Add("one", ("start",))])
    fork = run.fork()
    for each in (run, fork):
        each.hand_over([1])
        answer(each)
        each.write([report(each), Delete(1)])
        each.hand_over([2])
    assert answer(run) == answer(fork)
    assert run.store.entries == fork.store.entries


def test_what_comes_out_of_turn_is_refused() -> None:
    run = episode()
    with pytest.raises(EpisodeStateError, match="waits for 'write', not for 'hand_over'"):
        run.hand_over([])
    with pytest.raises(EpisodeStateError, match="not for 'answer'"):
        run.finish_step(())
    run.write([])
    with pytest.raises(EpisodeStateError, match="waits for 'hand_over', not for 'write'"):
        run.write([])
    run.hand_over([])
    with pytest.raises(EpisodeStateError, match="cannot fork"):
        run.fork()
    with pytest.raises(EpisodeStateError, match="half done"):
        ExperienceEpisode(run.episode)


def test_a_chunk_without_a_task_is_followed_by_the_next() -> None:
    stream = stream_of_tasks("s", tasks())
    chunks = (*stream.chunks, Chunk(3, (Turn("end", "Ann", "That was all."),)))
    run = episode(Stream("s", "s", chunks, stream.questions, ""))
    for _ in range(3):
        run.write([])
        run.hand_over([])
        answer(run)
    run.write([])

    assert run.requests == ()
    assert run.finish_step([]).questions == ()
    assert run.ended
