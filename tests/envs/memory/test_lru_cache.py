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


def test_the_value_used_least_recently_goes_first() -> None:
    cache: LRUCache[int] = LRUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert ("a" in cache, "b" in cache, "c" in cache, len(cache)) == (True, False, True, 2)
    assert cache.get("b") is None
    cache.put("a", 4)
    cache.put("d", 5)
    assert (cache.get("a"), cache.get("c"), cache.get("d")) == (4, None, 5)


def test_a_pickled_copy_starts_empty() -> None:
    cache: LRUCache[int] = LRUCache(2)
    cache.put("a", 1)
    copy: LRUCache[int] = pickle.loads(pickle.dumps(cache))
    assert len(copy) == 0
    for key in ("a", "b", "c"):
        copy.put(key, 1)
    assert len(copy) == 2
