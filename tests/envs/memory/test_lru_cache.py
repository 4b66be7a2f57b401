import pickle

from memdojo.envs.memory.lru_cache import LRUCache


def test_a_value_is_made_once_while_it_is_there() -> None:
    cache: LRUCache[str] = LRUCache(max_size=2)
    made: list[str] = []
    for key in "aab":
        assert cache.get_or_make(key, lambda key=key: made.append(key) or key.upper()) == key.upper()
    assert made == ["a", "b"]


def test_the_value_used_least_recently_leaves() -> None:
    cache: LRUCache[str] = LRUCache(max_size=2)
    for key in ("a", "b", "a", "c"):
        cache.get_or_make(key, lambda: "old")
    # Of a, b and c there is room for two, and a was used after b.
    assert {key: cache.get_or_make(key, lambda: "new") for key in ("a", "c")} == {"a": "old", "c": "old"}
    assert cache.get_or_make("b", lambda: "new") == "new"


def test_a_pickled_copy_starts_empty() -> None:
    cache: LRUCache[int] = LRUCache(2)
    cache.get_or_make("a", lambda: 1)
    copy: LRUCache[int] = pickle.loads(pickle.dumps(cache))
    assert copy.get_or_make("a", lambda: 2) == 2
    for key in ("b", "c"):
        copy.get_or_make(key, lambda: 2)
    assert copy.get_or_make("a", lambda: 3) == 3
