from datetime import datetime

import numpy as np

from memdojo.deploy.context import KeptTurn, LiveContext
from memdojo.deploy.episode import LiveEpisode
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.memory import HashedNgramEmbedder, MemoryStore
from memdojo.envs.streams import load_streams, render_turn
from memdojo.envs.streams.turn_features import TurnFeaturizer
from memdojo.envs.types import Add, Capacity, Chunk, Delete, Turn, Update

EMBEDDER = HashedNgramEmbedder(32)


def turns_of_a_stream() -> tuple[Turn, ...]:
    (stream,) = load_streams("synthetic:train", num_streams=1)
    return stream.turns


def play(context: LiveContext, store: MemoryStore, turns: tuple[Turn, ...], first: int = 0) -> None:
    """Keep every third turn, and of those the last ten."""
    for index, turn in enumerate(turns, start=first):
        context.tidy()
        context.append(turn, render_turn(turn))
        if index % 3 == 0:
            leaving = tuple(entry.id for entry in store.entries[:1])
            context.note(store.apply(Add(render_turn(turn), (turn.id,), turn.time, evicts=leaving), index))


def test_what_is_kept_is_told_as_in_the_context_of_the_whole_stream() -> None:
    turns = turns_of_a_stream()
    (stream,) = load_streams("synthetic:train", num_streams=1)
    whole, live, store = StreamContext(stream), LiveContext(), MemoryStore(Capacity(10))
    play(live, store, turns)
    rows = live.origins(store)
    assert live.positions[rows].tolist() == list(range(111, 111 - 30, -3))[::-1]
    places = live.positions[rows]
    assert (live.turn_features[rows] == whole.turn_features[places]).all()
    assert (live.following_features[rows] == whole.following_features[places]).all()
    assert (live.rarities[rows] == whole.rarities[places]).all()
    assert [live.turns[row] for row in rows] == [turns[place] for place in places]
    codes, all_codes = live.speaker_codes[rows], whole.speaker_codes[places]
    assert ((codes[:, None] == codes) == (all_codes[:, None] == all_codes)).all()
    last = len(live.turns) - 1
    np.testing.assert_allclose(
        live.similarities(EMBEDDER, last, rows), whole.similarities(EMBEDDER, 111, places), atol=1e-6
    )


def test_turns_that_no_entry_came_from_go() -> None:
    live, store = LiveContext(), MemoryStore(Capacity(10))
    turns = tuple(Turn(f"t{index}", "Ann", f"word{index} and more") for index in range(1000))
    play(live, store, turns)
    assert live.num_turns == 1000
    assert len(live.turns) <= 2 * 11 + 64 + 1
    assert len(live.turn_index) == len(live.turns) == len(live.turn_features)


def test_superseded_agrees_with_the_whole_stream_while_turns_come_and_go() -> None:
    rng = np.random.default_rng(0)
    (stream,) = load_streams("synthetic:train", num_streams=1)
    whole, live, store = StreamContext(stream), LiveContext(), MemoryStore()
    for index, turn in enumerate(stream.turns):
        live.tidy()
        live.append(turn, render_turn(turn))
        if len(store):
            rows = live.origins(store)
            expected = whole.superseded(EMBEDDER, live.positions[rows])
            np.testing.assert_allclose(live.superseded(EMBEDDER, rows), expected, atol=1e-6)
        live.note(store.apply(Add(render_turn(turn), (turn.id,)), index))
        while rng.random() < 0.48 and len(store):
            live.note(store.apply(Delete(int(rng.choice([entry.id for entry in store.entries]))), index))
        if rng.random() < 0.2 and len(store):
            id = int(rng.choice([entry.id for entry in store.entries]))
            live.note(store.apply(Update(id, render_turn(turn), (turn.id,)), index))


def test_an_update_that_leaves_the_text_leaves_its_turn() -> None:
    live, store = LiveContext(), MemoryStore()
    live.append(Turn("a", "Ann", "first"), "Ann: first")
    live.note(store.apply(Add("Ann: first", ("a",)), 0))
    live.append(Turn("b", "Ann", "second"), "Ann: second")
    live.note(store.apply(Update(1, "Ann: first", ("b",)), 1))
    assert live.origin(store.entries[0]).turn.id == "a"
    live.note(store.apply(Update(1, "Ann: second", ("b",)), 1))
    assert live.origin(store.entries[0]).turn.id == "b"


def test_a_text_that_cites_nothing_came_from_the_last_turn() -> None:
    live, store = LiveContext(), MemoryStore()
    live.append(Turn("a", "Ann", "first"), "Ann: first")
    live.append(Turn("b", "Ann", "second"), "Ann: second")
    live.note(store.apply(Add("a fact"), 0))
    assert live.origin(store.entries[0]).turn.id == "b"


def test_a_context_goes_on_from_what_was_kept() -> None:
    turns = turns_of_a_stream()
    straight, store = LiveContext(), MemoryStore(Capacity(10))
    play(straight, store, turns)
    first, twin_store = LiveContext(), MemoryStore(Capacity(10))
    play(first, twin_store, turns[:60])
    last = first.last()
    assert last is not None
    origins = {entry.id: first.origin(entry) for entry in twin_store}
    kept = {each.position: each for each in (*origins.values(), last)}
    featurizer = TurnFeaturizer(first.featurizer.frequency, 60, last.turn, first.featurizer.words)
    second = LiveContext(
        featurizer,
        [kept[position] for position in sorted(kept)],
        {id: each.position for id, each in origins.items()},
    )
    play(second, twin_store, turns[60:], first=60)
    for context in (straight, second):
        context.tidy()
    rows, twin_rows = straight.origins(store), second.origins(twin_store)
    assert (straight.turn_features[rows] == second.turn_features[twin_rows]).all()
    assert (straight.following_features[rows] == second.following_features[twin_rows]).all()


def test_a_live_episode_has_no_chunk_between_two() -> None:
    context = LiveContext()
    turn = Turn("a", "Ann", "hi", datetime(2024, 1, 1))
    episode = LiveEpisode(context, MemoryStore(), step_index=4)
    assert episode.chunk is None
    kept = context.append(turn, "Ann: hi")
    assert isinstance(kept, KeptTurn)
    episode.present(Chunk(4, (turn,)))
    (result,) = episode.advance([Add("Ann: hi", ("a",))])
    assert result.after is not None
    assert result.after.created_step == 4
    assert (episode.chunk, episode.step_index) == (None, 5)
