from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from builders import Pair, make_stream
from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.limits import CapacitySettings
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.rules import EpisodeRules
from memdojo.envs.memory.retrieval.retrievers import BM25Retriever
from memdojo.envs.types import Add, Delete, Noop, Operation, Question, Update
from memdojo.rewards import NO_INFORMATION, Reward

ATTRIBUTION = Reward({"attribution": 1.0})
TEXTS = ("canoe red", "dog Rex", "canoe blue", "rain", "dog gone", "canoe green")


class Says:
    """Gives one answer to each question, whatever is remembered, and none where there is no line for it."""

    fingerprint = "says"

    def __init__(self, **answers: str) -> None:
        self._answers = answers

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        said = [self._answers.get(request.question) for request in requests]
        return [Answer(None, "timed out") if text is None else Answer(text) for text in said]


def start(*questions: Question, reward: Reward = ATTRIBUTION, **answers: str) -> ManagerEpisode:
    rules = EpisodeRules(
        reward=reward,
        capacity=CapacitySettings(max_entries=9, token_share=9.0),
        retriever=BM25Retriever(),
        answerer=Says(**answers),
    )
    return rules.manager(StreamContext(make_stream(*TEXTS, questions=questions)), seed=0)


def booked(episode: ManagerEpisode) -> list[float | None]:
    """Return what each step of an episode is paid when it has ended."""
    return [ATTRIBUTION(step).value for step in episode.outcome().steps]


def play(episode: ManagerEpisode, *steps: Sequence[Operation]) -> None:
    for operations in steps:
        episode.step(operations)


def add(turn: int) -> Add:
    return Add(TEXTS[turn], (f"t{turn}",))


CANOE = Question("boat", "canoe", ("right",))
DOG = Question("pet", "dog", ("right",), ask_after=3)


def test_an_answer_goes_in_equal_parts_to_the_steps_that_wrote_what_it_was_read_from() -> None:
    episode = start(CANOE, canoe="right")
    play(episode, [add(0)], [add(1)], [add(2)], [add(3)], [], [])
    # The dog and the rain were not read for the canoe.
    assert booked(episode) == [0.5, 0.0, 0.5, 0.0, 0.0, 0.0]


def test_the_versions_of_an_entry_share_what_it_earns() -> None:
    episode = start(CANOE, canoe="right")
    play(episode, [add(0)], [], [Update(1, TEXTS[2], ("t2",))], [], [add(5)], [])
    assert booked(episode) == [0.25, 0.0, 0.25, 0.0, 0.5, 0.0]


def test_only_what_changes_a_text_is_a_version_and_each_step_has_one() -> None:
    episode = start(CANOE, canoe="right")
    twice = [Update(1, "canoe pink"), Update(1, "canoe blue")]
    play(episode, [add(0), add(1)], twice, [Update(1, "canoe blue")], [Pair(1, 2)], [], [])
    assert booked(episode) == [0.5, 0.5, 0.0, 0.0, 0.0, 0.0]


def test_what_is_forgotten_after_its_question_keeps_what_it_earned() -> None:
    episode = start(DOG, CANOE, dog="right", canoe="wrong")
    play(episode, [], [add(1)], [], [], [Delete(1)], [])
    assert booked(episode) == [0.0, 0.5, 0.0, 0.0, 0.0, 0.0]


def test_what_no_entry_explains_is_the_steps_of_the_question() -> None:
    nothing = Question("none", "dog", (), unanswerable=True, ask_after=3)
    episode = start(nothing, dog=NO_INFORMATION)
    play(episode, [add(0)], [], [], [], [], [])
    assert booked(episode) == [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]


def test_partly_right_answers_of_several_questions_add_up_by_hand() -> None:
    both = Question("both", "dog canoe", ("right",))
    episode = start(DOG, CANOE, both, **{"dog": "right", "canoe": "right one", "dog canoe": "right"})
    play(episode, [add(0)], [add(1)], [], [Update(2, TEXTS[4])], [], [add(5)])
    # The dog: 1/3 to the steps 1 and 3 that wrote it. The canoe: F1 2/3 of 1/3 to 0 and 5. Both: the entries
    # of 0, of 1 and 3, and of 5, a ninth each.
    assert booked(episode) == pytest.approx([1 / 9 + 1 / 9, 1 / 6 + 1 / 18, 0, 1 / 6 + 1 / 18, 0, 2 / 9])


@pytest.mark.parametrize("seed", range(4))
def test_the_steps_of_an_episode_add_up_to_its_score_whatever_is_done(seed: int) -> None:
    rng = np.random.default_rng(seed)
    episode = start(DOG, CANOE, dog="right one", canoe="right")
    while not episode.ended:
        text = TEXTS[rng.integers(len(TEXTS))]
        target = int(rng.integers(1, 5))
        choices: list[Operation] = [Noop(), Add(text), Update(target, text), Delete(target)]
        episode.step([choices[int(rng.integers(4))] for _ in range(2)])
        if episode.step_index == 3:
            episode = episode.fork()
    score = Reward({"token_f1": 1.0}).episode(episode.outcome()).value
    assert score == pytest.approx((2 / 3 + 1) / 2)
    assert ATTRIBUTION.episode(episode.outcome()).value == pytest.approx(score)


def test_forks_book_apart() -> None:
    episode = start(CANOE, canoe="right")
    play(episode, [add(0)])
    fork = episode.fork()
    play(fork, [add(2)], [], [], [], [])
    play(episode, [], [], [Update(1, TEXTS[5])], [], [])
    assert booked(fork) == [0.5, 0.5, 0.0, 0.0, 0.0, 0.0]
    assert booked(episode) == [0.5, 0.0, 0.0, 0.5, 0.0, 0.0]


def test_while_an_episode_goes_on_an_answer_is_the_steps_of_its_question() -> None:
    episode = start(DOG, CANOE, dog="right", canoe="right")
    paid = [ATTRIBUTION(episode.step([add(turn)])).value for turn in range(6)]
    assert paid == [0.0, 0.0, 0.0, 0.5, 0.0, 0.5]


def test_a_missing_answer_leaves_the_step_of_its_question_without_a_score() -> None:
    episode = start(DOG, CANOE, canoe="right")
    play(episode, [add(0)], [add(1)], [], [], [], [])
    assert booked(episode) == [0.5, 0.0, 0.0, None, 0.0, 0.0]
    asked = ATTRIBUTION(episode.outcome().steps[3])
    assert asked.why == "step 3: no answer to question 'pet': timed out"
    assert asked.at_worst == 0.0


def test_nothing_is_booked_unless_a_part_pays_for_it_and_somebody_answers() -> None:
    episode = start(CANOE, reward=Reward({"token_f1": 1.0}), canoe="right")
    assert episode.step([add(0)]).attributed is None
    episode = start(CANOE, canoe="right")
    episode.answerer = None
    with pytest.raises(ValueError, match="no scores of answers are booked to step 0"):
        ATTRIBUTION(episode.step([add(0)]))
