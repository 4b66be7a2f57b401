from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from builders import make_stream
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.features.manager import (
    ADD,
    AGED_PAIR_FEATURES,
    FRESHNESS_TURNS,
    NOOP,
    PAIR_FEATURES,
    STORE_FEATURES,
    FeatureSettings,
    ManagerFeatures,
    ManagerObservation,
)
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.streams.turn_features import COLUMN, TURN_FEATURES
from memdojo.envs.types import (
    Add,
    Capacity,
    Chunk,
    Delete,
    Noop,
    Question,
    Stream,
    Update,
    WhenFull,
)
from memdojo.errors import EpisodeStateError

K = 3
SAID = (
    ("Ann", "I moved to Boston."),
    ("Bob", "Why did you?"),
    ("Ann", "I adopted a dog called Oscar."),
    ("Bob", "Wow, a dog."),
    ("Ann", "I bought a red canoe."),
    ("Bob", "Fine weather for it."),
)
# Cosines of turn j with turn i are those of the angle between them.
ANGLES = (0, 90, 20, 30, 10, 80)


class Compass:
    """Embeds the turns of `SAID` as directions in a plane."""

    name = "compass"
    dim = 2

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        angles = {f"{who}: {text}": angle for (who, text), angle in zip(SAID, ANGLES, strict=True)}
        radians = np.radians([angles[text] for text in texts])
        return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def _stream(said: Sequence[tuple[str, str]] = SAID, questions: tuple[Question, ...] | None = None) -> Stream:
    if questions is None:
        questions = (Question("q", "What is the dog called?", ("Oscar",), evidence=frozenset({"t2"})),)
    return make_stream(*said, questions=questions, session="s1", time=datetime(2023, 5, 1))


def _episode(max_entries: int | None = None, stream: Stream | None = None, **capacity: Any) -> ManagerEpisode:
    return ManagerEpisode(StreamContext(stream or _stream()), Capacity(max_entries, **capacity))


def _features(num_candidates: int = K, *, embedding_inputs: bool = False) -> ManagerFeatures:
    return ManagerFeatures(
        FeatureSettings(num_candidates, "compass", embedding_inputs=embedding_inputs), Compass()
    )


def _play(episode: ManagerEpisode, *actions: int, features: ManagerFeatures | None = None) -> None:
    features = features or _features()
    for action in actions:
        episode.step([features.operation(episode, features.observe(episode), action)])


def _allowed(observation: ManagerObservation) -> list[int]:
    return np.flatnonzero(observation.arrays["action_mask"]).tolist()


def _pair(observation: ManagerObservation, name: str) -> list[float]:
    column = len(TURN_FEATURES) + PAIR_FEATURES.index(name)
    return observation.arrays["candidates"][:, column].tolist()


def _store_features(observation: ManagerObservation) -> dict[str, float]:
    return dict(zip(STORE_FEATURES, observation.arrays["store"].tolist(), strict=True))


def test_each_action_means_its_operation_on_the_candidate_shown() -> None:
    episode, features = _episode(max_entries=2), _features()
    _play(episode, ADD, ADD)
    observation = features.observe(episode)
    assert observation.candidate_ids == (1, 2)
    turn = episode.context.turns[2]
    text = "Ann: I adopted a dog called Oscar."
    operations = [features.operation(episode, observation, action) for action in _allowed(observation)]
    assert operations == [
        Noop(),
        Update(1, text, ("t2",), turn.time),
        Update(2, text, ("t2",), turn.time),
        Delete(1),
        Delete(2),
        Add(text, ("t2",), turn.time, "turn", evicts=(1,)),
        Add(text, ("t2",), turn.time, "turn", evicts=(2,)),
    ]
    assert all(episode.fork().step([operation]).operations[0].applied for operation in operations)


def test_the_meaning_of_an_action_is_the_kind_and_the_entry_of_its_operation() -> None:
    episode, features = _episode(max_entries=2), _features()
    _play(episode, ADD, ADD)
    observation = features.observe(episode)
    for action in _allowed(observation):
        kind, entry = features.meaning(observation, action)
        operation = features.operation(episode, observation, action)
        assert operation.kind is kind
        named = operation.evicts[0] if isinstance(operation, Add) else getattr(operation, "id", None)
        assert named == entry


def test_an_add_with_room_names_nobody_to_leave() -> None:
    episode, features = _episode(max_entries=2), _features()
    assert features.operation(episode, features.observe(episode), ADD) == Add(
        "Ann: I moved to Boston.", ("t0",), datetime(2023, 5, 1), "turn"
    )


def test_an_add_in_place_lets_only_the_chosen_entry_leave() -> None:
    episode = _episode(max_entries=3)
    _play(episode, ADD, ADD, ADD)
    _play(episode, 2 + 2 * K + 1)
    assert [entry.id for entry in episode.store] == [1, 3, 4]


def test_what_does_not_fit_under_a_bound_in_tokens_is_masked() -> None:
    said = (("A", "b"), ("A", "c d e f"), ("A", "g h i"), ("A", "1 2 3 4 5 6 7 8 9 10"))
    episode = _episode(max_tokens=10, stream=_stream(said, questions=()))
    features = ManagerFeatures(FeatureSettings(K))
    _play(episode, ADD, ADD, features=features)
    observation = features.observe(episode)
    # Nine of ten tokens are taken, and the new turn has five: it fits in place of the six, not of the three.
    replacements = [2 + 2 * K, 3 + 2 * K]
    assert _allowed(observation) == [NOOP, 3, 2 + K, 3 + K, *replacements]
    for action in _allowed(observation):
        assert episode.fork().step([features.operation(episode, observation, action)]).operations[0].applied
    _play(episode, NOOP, features=features)
    # Twelve tokens fit nowhere.
    assert _allowed(features.observe(episode)) == [NOOP, 2 + K, 3 + K]


def test_a_long_turn_takes_the_room_of_further_candidates_oldest_first() -> None:
    said = (("A", "b"), ("A", "c"), ("A", "d"), ("A", "e f g"))
    # Three tokens each ("A", ":" and a word), then five.
    episode = _episode(max_tokens=10, stream=_stream(said, questions=()))
    features = ManagerFeatures(FeatureSettings(K))
    _play(episode, ADD, ADD, ADD, features=features)
    observation = features.observe(episode)
    _play(episode, 2 + 2 * K + 2, features=features)
    # An UPDATE lets nobody leave, so none makes room for it.
    assert _allowed(observation) == [NOOP, 5, 6, 7, 8, 9, 10]
    assert [entry.id for entry in episode.store] == [2, 4]


def test_a_long_turn_takes_the_room_of_the_candidates_that_a_policy_gives_up_next() -> None:
    said = (("A", "b"), ("A", "c"), ("A", "d"), ("A", "e f g"))
    episode = _episode(max_tokens=10, stream=_stream(said, questions=()))
    features = ManagerFeatures(FeatureSettings(K))
    _play(episode, ADD, ADD, ADD, features=features)
    scores = np.zeros(features.num_actions)
    scores[2 + 2 * K :] = (0.1, 0.6, 0.3)
    observation = features.observe(episode)
    operation = features.operation(episode, observation, 2 + 2 * K, scores)
    assert isinstance(operation, Add)
    assert operation.evicts == (1, 2)


@pytest.mark.parametrize(
    ("num_added", "expected"),
    [
        (0, [NOOP, ADD]),
        (1, [NOOP, ADD, 2, 2 + K]),
        (2, [NOOP, 2, 3, 2 + K, 3 + K, 2 + 2 * K, 3 + 2 * K]),
    ],
)
def test_the_mask_follows_the_store(num_added: int, expected: list[int]) -> None:
    episode = _episode(max_entries=2)
    _play(episode, *[ADD] * num_added)
    assert _allowed(_features().observe(episode)) == expected


def test_room_is_counted_in_tokens_of_the_new_turn() -> None:
    # "Ann: I moved to Boston." is 7 tokens, "Bob: Why did you?" 6 and the third turn 9.
    for max_tokens, has_room in ((12, False), (13, True)):
        episode = _episode(max_tokens=max_tokens)
        _play(episode, ADD)
        assert (ADD in _allowed(_features().observe(episode))) is has_room


def test_a_turn_longer_than_an_empty_store_holds_can_only_be_passed_over() -> None:
    assert _allowed(_features().observe(_episode(max_tokens=6))) == [NOOP]


def test_no_masked_action_becomes_an_operation() -> None:
    features = _features()
    for capacity, num_added in ((None, 0), (None, 2), (2, 1), (2, 2)):
        episode = _episode(max_entries=capacity)
        _play(episode, *[ADD] * num_added)
        observation = features.observe(episode)
        for action in {*range(-1, features.num_actions + 1)} - {*_allowed(observation)}:
            with pytest.raises(ValueError, match=f"action {action} is masked"):
                features.operation(episode, observation, action)


def test_of_a_large_store_the_nearest_and_the_least_rare_are_shown() -> None:
    features = _features(2)
    episode = _episode(max_entries=5)
    rarities = episode.context.rarities
    rarities[:] = [0.5, 0.1, 0.9, 0.2, 0.3, 0.4]  # By turn.
    _play(episode, *[ADD] * 5, features=features)
    # The sixth turn is nearest to the second one (80 and 90 degrees), which is also the least rare, so that
    # the fourth is shown as the least rare of the others.
    observation = features.observe(episode)
    assert observation.candidate_ids == (2, 4)
    np.testing.assert_allclose(_pair(observation, "similarity"), np.cos(np.radians([10, 50])), rtol=1e-6)
    assert _store_features(observation)["rarity_rank"] == 1.0  # Rarer than both.


def test_with_one_candidate_the_least_rare_entry_is_shown() -> None:
    features = _features(1)
    episode = _episode(max_entries=5)
    _play(episode, *[ADD] * 5, features=features)
    lowest = int(np.argmin(episode.context.rarities[:5]))
    assert features.observe(episode).candidate_ids == (lowest + 1,)


def test_a_store_of_at_most_k_entries_is_shown_whole_in_order_of_ids() -> None:
    episode = _episode()
    _play(episode, ADD, NOOP, ADD, ADD)
    assert _features(3).observe(episode).candidate_ids == (1, 2, 3)


def test_showing_more_keeps_the_features_and_the_meaning_of_the_rows() -> None:
    episode, few = _episode(), _features(2)
    _play(episode, *[ADD] * 4)
    many = few.showing(4)
    assert (many.settings.num_candidates, many.num_actions, many.candidate_dim) == (4, 14, few.candidate_dim)
    assert many.embedder is few.embedder
    assert few.showing(1) is few
    assert many.observe(episode).candidate_ids == (1, 2, 3, 4)
    np.testing.assert_array_equal(many.observe(episode).arrays["turn"], few.observe(episode).arrays["turn"])
    padded, whole = few.showing(7).observe(episode), many.observe(episode)
    np.testing.assert_array_equal(padded.arrays["candidates"][:4], whole.arrays["candidates"])
    assert not padded.arrays["candidates"][4:].any()


def test_candidates_carry_what_is_known_of_their_turn_and_of_the_new_one() -> None:
    features, episode = _features(), _episode()
    _play(episode, ADD, ADD, ADD)  # Ann, Bob, Ann; now Bob says "Wow, a dog."
    observation = features.observe(episode)
    table = episode.context.turn_features
    np.testing.assert_array_equal(observation.arrays["turn"], table[3])
    np.testing.assert_array_equal(observation.arrays["candidates"][:, : len(TURN_FEATURES)], table[:3])
    np.testing.assert_allclose(
        _pair(observation, "freshness"), np.exp(-np.array([3, 2, 1]) / FRESHNESS_TURNS), rtol=1e-6
    )
    cosines = np.cos(np.radians([30, 60, 10]))  # Of turns at 0, 90 and 20 degrees with one at 30.
    np.testing.assert_allclose(_pair(observation, "similarity"), cosines, rtol=1e-6)
    assert _pair(observation, "same_speaker") == [0, 1, 0]
    assert _pair(observation, "similarity_same_speaker") == pytest.approx([0, cosines[1], 0])
    assert _pair(observation, "is_newest") == [0, 0, 1]
    settings = dataclasses.replace(features.settings, entry_ages=True)
    aged = ManagerFeatures(settings, features.embedder).observe(episode).arrays["candidates"]
    column = len(TURN_FEATURES) + AGED_PAIR_FEATURES.index("age_rank")
    assert aged[:3, column].tolist() == [1, 0.5, 0]
    np.testing.assert_array_equal(np.delete(aged, column, axis=1), observation.arrays["candidates"])


def test_a_candidate_is_superseded_by_newer_candidates_only() -> None:
    features, episode = _features(), _episode()
    _play(episode, ADD, ADD, ADD)
    # Turns at 0, 90 and 20 degrees: the first is like the third, the second a little like the third.
    expected = [math.cos(math.radians(20)), math.cos(math.radians(70)), 0]
    assert _pair(features.observe(episode), "superseded") == pytest.approx(expected, rel=1e-5)


def test_the_reply_to_a_candidate_is_the_turn_that_followed_it() -> None:
    features, episode = _features(), _episode()
    _play(episode, ADD, ADD, ADD)
    observation = features.observe(episode)
    # The replies are "Why did you?", Ann's dog and Bob's "Wow, a dog.", which is the new turn itself.
    assert _pair(observation, "reply_known") == [1, 1, 1]
    assert _pair(observation, "reply_is_question") == [1, 0, 0]
    assert _pair(observation, "reply_starts_with_reaction") == [0, 0, 1]
    novelty = episode.context.turn_features[1:4, COLUMN["novelty"]]
    assert _pair(observation, "reply_shared_words") == pytest.approx((1 - novelty).tolist())


def test_an_updated_entry_is_described_by_the_turn_that_its_text_came_from() -> None:
    features, episode = _features(), _episode()
    _play(episode, ADD, 2, NOOP)  # The entry now says what Bob asked.
    observation = features.observe(episode)
    assert observation.candidate_ids == (1,)
    assert _pair(observation, "same_speaker")[0] == 1
    np.testing.assert_array_equal(
        observation.arrays["candidates"][0, : len(TURN_FEATURES)], episode.context.turn_features[1]
    )


def test_a_text_that_nobody_said_is_described_by_its_last_source() -> None:
    features, episode = _features(), _episode()
    episode.step([Add("Ann lives in Boston.", ("t0",))])
    observation = features.observe(episode)
    np.testing.assert_array_equal(
        observation.arrays["candidates"][0, : len(TURN_FEATURES)], episode.context.turn_features[0]
    )


def test_turns_of_the_same_text_are_told_apart_by_their_sources() -> None:
    said = (("Ann", "Yes."), ("Bob", "Is it?"), ("Ann", "Yes."), ("Bob", "Good."))
    episode = _episode(stream=_stream(said, questions=()))
    features = ManagerFeatures(FeatureSettings(K))
    _play(episode, ADD, NOOP, ADD, features=features)
    table = episode.context.turn_features
    candidates = features.observe(episode).arrays["candidates"]
    np.testing.assert_array_equal(candidates[:2, : len(TURN_FEATURES)], table[[0, 2]])


def test_the_store_is_described() -> None:
    features, episode = _features(), _episode(max_entries=4)
    assert _store_features(features.observe(episode)) == {
        "fill": 0,
        "is_full": 0,
        "is_early": 1,
        "max_similarity": 0,
        "rarity_rank": 0,
    }
    episode.context.rarities[:] = [0.1, 0.3, 0.2, 0.2, 0.2, 0.2]
    _play(episode, ADD, ADD)
    store = _store_features(features.observe(episode))
    assert (store["fill"], store["is_full"]) == (0.5, 0)
    assert store["is_early"] == pytest.approx(math.exp(-2 / FRESHNESS_TURNS))
    assert store["max_similarity"] == pytest.approx(math.cos(math.radians(20)))
    assert store["rarity_rank"] == 0.5
    _play(episode, ADD, ADD)
    assert [_store_features(features.observe(episode))[name] for name in ("fill", "is_full")] == [1, 1]


def test_fill_counts_tokens_where_entries_are_without_limit() -> None:
    episode = _episode(max_tokens=14)
    _play(episode, ADD)
    assert _store_features(_features().observe(episode))["fill"] == 0.5
    unlimited = _episode()
    _play(unlimited, ADD)
    assert _store_features(_features().observe(unlimited))["fill"] == 0


def test_embeddings_are_inputs_only_if_asked_for() -> None:
    features, episode = _features(embedding_inputs=True), _episode()
    _play(episode, ADD, ADD)
    plain = _features()
    assert (features.turn_dim, features.candidate_dim) == (plain.turn_dim + 2, plain.candidate_dim + 2)
    observation, without = features.observe(episode), plain.observe(episode)
    assert observation.arrays["turn"][-2:].tolist() == pytest.approx(
        [math.cos(math.radians(20)), math.sin(math.radians(20))]
    )
    np.testing.assert_allclose(observation.arrays["candidates"][:2, -2:], [[1, 0], [0, 1]], atol=1e-6)
    np.testing.assert_array_equal(observation.arrays["candidates"][:, :-2], without.arrays["candidates"])


@pytest.mark.parametrize(
    "capacity",
    [
        Capacity(),
        Capacity(1),
        Capacity(5),
        Capacity(max_tokens=60),
        Capacity(4, max_tokens=60, when_full=WhenFull.EVICT_OLDEST),
    ],
)
@pytest.mark.parametrize(
    "settings", [FeatureSettings(4), FeatureSettings(1), FeatureSettings(3, embedding_inputs=True)]
)
def test_every_observation_lies_in_the_declared_space(capacity: Capacity, settings: FeatureSettings) -> None:
    (stream,) = load_streams("synthetic:train", num_streams=1, num_sessions=2, num_facts=6, num_questions=4)
    features = ManagerFeatures(settings)
    episode = ManagerEpisode(StreamContext(stream), capacity, seed=1)
    space = features.observation_space
    assert features.empty_observation() in space
    while not episode.ended:
        observation = features.observe(episode)
        assert observation.arrays in space
        assert len(observation.candidate_ids) <= settings.num_candidates
        action = int(episode.rng.choice(_allowed(observation)))
        episode.step([features.operation(episode, observation, action)])


def test_questions_and_answers_do_not_reach_the_features() -> None:
    (stream,) = load_streams("synthetic:train", num_streams=1, num_sessions=2, num_facts=6, num_questions=4)
    bare = dataclasses.replace(
        stream,
        questions=(
            Question("q", "Who?", ("nobody",), evidence=frozenset({stream.turns[-1].id}), ask_after=3),
        ),
        oracle={},
        group="another",
    )
    features = ManagerFeatures(FeatureSettings(4))
    episodes = [ManagerEpisode(StreamContext(each), Capacity(6), seed=0) for each in (stream, bare)]
    while not episodes[0].ended:
        observations = [features.observe(episode) for episode in episodes]
        for name in observations[0].arrays:
            np.testing.assert_array_equal(observations[0].arrays[name], observations[1].arrays[name])
        action = int(episodes[0].rng.choice(_allowed(observations[0])))
        for episode, observation in zip(episodes, observations, strict=True):
            episode.step([features.operation(episode, observation, action)])


def test_turns_to_come_do_not_reach_the_features() -> None:
    futures = (("Bob", "Forget it?"), ("Ann", "Wow, I won 3 canoes in Boston!"))
    features = ManagerFeatures(FeatureSettings(K))
    seen = []
    for future in futures:
        episode = _episode(stream=_stream((*SAID[:4], future), questions=()))
        _play(episode, ADD, ADD, ADD, features=features)
        seen.append(features.observe(episode).arrays)
    for name in seen[0]:
        np.testing.assert_array_equal(seen[0][name], seen[1][name])


def test_what_is_no_single_turn_or_no_turn_at_all_is_refused() -> None:
    features, episode = _features(), _episode()
    _play(episode, *[NOOP] * len(SAID))
    with pytest.raises(EpisodeStateError, match="the stream has ended"):
        features.observe(episode)
    stream = _stream()
    pair = Chunk(0, stream.turns[:2])
    both = dataclasses.replace(stream, chunks=(pair,), questions=())
    with pytest.raises(EpisodeStateError, match="chunk 0 has 2 turns; features need one"):
        features.observe(_episode(stream=both))


def test_no_candidates_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="num_candidates is 0"):
        FeatureSettings(0)
