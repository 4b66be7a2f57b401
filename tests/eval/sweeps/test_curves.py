from pathlib import Path

import pandas as pd
import pytest

from memdojo.agents.baselines.registry import make_baseline, make_retriever_baseline
from memdojo.envs.streams.registry import load_streams
from memdojo.envs.types import Stream
from memdojo.errors import ConfigError
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.files import EpisodeFolder
from memdojo.eval.sweeps.curves import curve_grid, evaluate_capacities, evaluate_lengths, front_grid


def streams(factor: int = 1) -> list[Stream]:
    return load_streams(
        "synthetic:test", num_streams=2, num_sessions=2 * factor, num_facts=6, num_questions=6
    )


def test_each_capacity_is_an_evaluation_of_its_own(tmp_path: Path) -> None:
    table = evaluate_capacities(
        [make_baseline("recency")],
        streams(),
        EvalSettings(max_entries=3),
        (0.1, 0.5),
        folder=EpisodeFolder(tmp_path),
        num_resamples=20,
    )
    recency = table[table["policy"] == "recency"].set_index("capacity_share")
    # 28 turns: a tenth are 3 entries, half are 14, and the store is full at the end.
    assert recency["mean_entries"].is_monotonic_increasing
    assert recency.loc[0.5, "score"] > recency.loc[0.1, "score"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "capacities.csv",
        "capacity-0.1",
        "capacity-0.5",
    ]
    assert (tmp_path / "capacity-0.5" / "eval.csv").is_file()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "capacities.csv"), table, rtol=1e-12)


def test_the_front_holds_what_nothing_else_beats() -> None:
    from memdojo.eval.sweeps import curves

    table = pd.DataFrame(
        {
            "capacity_share": [0.1, 0.1, 0.5, 0.5, 0.5, 0.9],
            "policy": ["a", "b", "a", "b", "oracle", "a"],
            "score": [0.2, 0.3, 0.4, 0.3, 1.0, 0.4],
            "final_tokens": [10.0, 10.0, 50.0, 40.0, 10.0, 50.0],
            "tokens_written": 0.0,
            "tokens_read": 0.0,
        }
    )
    # b at 0.1 beats a there and itself at 0.5; a at 0.5 scores more for more, and is no worse than at 0.9.
    assert curves._on_front(table) == [False, True, True, False, False, False]
    table["on_front"] = curves._on_front(table)
    assert [row[0] for row in front_grid(table, "token_f1").rows] == ["b at 0.1", "a at 0.5"]


def test_the_store_stays_as_it_is_while_the_dialogue_grows(tmp_path: Path) -> None:
    table = evaluate_lengths(
        [make_baseline("recency")],
        streams,
        EvalSettings(capacity_share=0.5),
        (1, 2),
        folder=EpisodeFolder(tmp_path),
        num_resamples=20,
    )
    recency = table[table["policy"] == "recency"].set_index("length_factor")
    assert recency["turns"].tolist() == [28, 56]
    steps = pd.read_csv(tmp_path / "length-2" / "streams.csv")
    assert set(steps["capacity_entries"]) == {14}
    assert recency.loc[2, "score"] < recency.loc[1, "score"]
    grid = curve_grid(table, "recall@10")
    assert grid.title == "recall@10 x 100 by length factor"
    assert grid.headers == ("policy", "1", "2")


def test_retrievers_have_a_length_and_no_store() -> None:
    table = evaluate_lengths(
        [make_retriever_baseline("bm25")], streams, EvalSettings(), (1, 2), num_resamples=20
    )
    assert set(table["policy"]) == {"bm25", "no_op", "oracle"}


def test_points_that_make_no_sense_are_refused() -> None:
    recency = [make_baseline("recency")]
    for shares in ((), (0.1, 0.1), (0.0,)):
        with pytest.raises(ConfigError, match="positive numbers, each once"):
            evaluate_capacities(recency, streams(), EvalSettings(), shares)
    uneven = [*streams(1)[:1], *streams(2)[1:]]
    with pytest.raises(ConfigError, match="stores of 2 sizes"):
        evaluate_lengths(recency, lambda factor: uneven, EvalSettings(capacity_share=0.5), (1,))
