import numpy as np
import pytest

from memdojo.envs.episodes.superseded import Superseded
from memdojo.envs.streams.turn_features import FloatArray


def unit_vectors(number: int, dim: int) -> FloatArray:
    vectors = np.random.default_rng(0).normal(size=(number, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_newer_turn_of_the_largest_cosine_is_found_by_hand() -> None:
    vectors = np.array([[1, 0], [0.6, 0.8], [0.8, 0.6], [-1, 0]], np.float32)
    known = Superseded.empty().moved_to(np.array([0, 1, 2, 3]), vectors)
    np.testing.assert_allclose(known.cosines, [0.8, 0.96, 0, 0], atol=1e-6)
    assert known.by.tolist() == [2, 2, -1, -1]
    without = known.moved_to(np.array([0, 1, 3]), vectors)
    np.testing.assert_allclose(without.cosines, [0.6, 0, 0], atol=1e-6)


@pytest.mark.parametrize("dim", [3, 32, 257])
def test_what_was_known_before_leaves_no_trace_in_the_last_bit(dim: int) -> None:
    rng, vectors = np.random.default_rng(1), unit_vectors(300, dim)
    known = Superseded.empty()
    for _ in range(60):
        turns = rng.choice(300, size=int(rng.integers(0, 200)))
        known = known.moved_to(turns, vectors)
        anew = Superseded.empty().moved_to(turns, vectors)
        assert (known.of(turns) == anew.of(turns)).all()
        cosines = vectors[turns] @ vectors[turns].T
        newer = turns[:, None] > turns
        expected = np.where(newer, cosines, 0).max(axis=0, initial=0)
        np.testing.assert_allclose(known.of(turns), expected, atol=1e-6)
