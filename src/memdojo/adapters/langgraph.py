"""LangGraph's `BaseStore` over memories: a namespace is a memory file, and what is put is said to it."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote

from filelock import FileLock

from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.deploy.open_memory import open_memory
from memdojo.envs.streams.files import write_whole
from memdojo.envs.types import MemoryEntry
from memdojo.errors import ConfigError, DataError, StoreFileError, UnknownNameError

from .versions import require

require("langgraph")

from langgraph.store.base import (  # noqa: E402  # A version that nobody tried may lack one of them.
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchItem,
    SearchOp,
)

Namespace = tuple[str, ...]

_SPEAKER = "user"
_OWN_KEY = re.compile(r"entry-(\d+)")
"""Keys of entries that no key was put for."""


class MemdojoStore(BaseStore):  # type: ignore[misc]  # LangGraph is not looked into.
    """A store of LangGraph (langgraph-checkpoint 4.1 to 4.3) whose namespaces are memories.

    What is put is said to the manager of the memory, as a turn, and the manager decides what to keep of it: a
    value comes back as `{"text": ...}`, in the manager's words, or not at all. A key stands for the turn that
    was put last under it: `get` finds what was kept from that, and a search names entries by the keys that
    they came from. Entries that came from no key are called `entry-ID`.

    - `put` under a known key says the new value, and forgets what came from the old one alone.
    - `delete` erases all that came from what was put, also what the manager wrote from it and other turns.
    - `search` looks through the memories of all namespaces under the prefix and puts the best scores first;
      without a query the latest item comes first. Scores of two memories can be compared only roughly.
    - What a memory cannot do is refused: filters, expiry, items that nothing should find.

    A batch is done in order, and stops at the first operation that fails. Every operation has its
    asynchronous form, which works in a thread.

    Args:
        folder: Of the memory files, one a namespace; made when something is put.
        **options: As for `memdojo.open_memory`; the policies are loaded once and shared.
    """

    def __init__(self, folder: str | Path, **options: Any) -> None:
        self.folder = Path(folder)
        self._options = options
        self._memories: dict[Namespace, MemoryAgent] = {}
        self._opening = threading.Lock()

    def batch(self, ops: Iterable[Any]) -> list[Any]:
        """Do operations one after the other, and return what each gives.

        Raises:
            ConfigError: If one asks for what a memory cannot do.
            DataError: If a value has nothing to say.
            MemdojoError: What else `MemoryAgent` raises.
        """
        return [self._do(op) for op in ops]

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        """Do as `batch`, in a thread."""
        return await asyncio.to_thread(self.batch, list(ops))

    def memory(self, namespace: Namespace) -> MemoryAgent:
        """Return the memory of a namespace; it is made if there is none."""
        with self._opening:
            if namespace not in self._memories:
                self._memories[namespace] = self._open(self._file(namespace))
            return self._memories[namespace]

    def close(self) -> None:
        """Close all memories."""
        with self._opening:
            while self._memories:
                self._memories.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _do(self, op: Any) -> Any:
        if isinstance(op, PutOp):
            return self._delete(op) if op.value is None else self._put(op, op.value)
        if isinstance(op, GetOp):
            return self._get(op)
        if isinstance(op, SearchOp):
            return self._search(op)
        if isinstance(op, ListNamespacesOp):
            return self._list(op)
        raise ConfigError(f"a store was given {op!r:.80}; give operations of langgraph.store.base.")

    def _put(self, op: PutOp, value: Mapping[str, Any]) -> None:
        if op.index is False:
            raise ConfigError(
                f"the item {op.key!r} is put with index=False, and a memory finds all that it keeps; keep "
                "what nothing should find in another store."
            )
        if op.ttl is not None:
            raise ConfigError(
                f"the item {op.key!r} has a time to live, and the manager decides how long something is "
                "kept; leave ttl out, and delete the item when it should go."
            )
        speaker, text = _said(op.key, value)
        memory = self.memory(op.namespace)
        with self._changing(op.namespace):
            keys = self._keys(op.namespace)
            own = _OWN_KEY.fullmatch(op.key)
            if own and op.key not in keys and all(entry.id != int(own[1]) for entry in memory.entries):
                raise ConfigError(f"the key {op.key!r} is of the store's own form, entry-ID; choose another.")
            before = memory.num_turns
            try:
                memory.observe(speaker, text)
            finally:
                # Where the manager failed the turn waits all the same.
                said = [f"t{number}" for number in range(before + 1, memory.num_turns + 1)]
                old = set(keys.get(op.key, ()))
                if said:
                    self._write_keys(op.namespace, keys | {op.key: said})
            outdated = [
                entry
                for entry in memory.entries
                if (old and old.issuperset(entry.sources)) or (not old and own and entry.id == int(own[1]))
            ]
            memory.forget_many(outdated)

    def _delete(self, op: PutOp) -> None:
        if not self._file(op.namespace).exists():
            return
        memory = self.memory(op.namespace)
        with self._changing(op.namespace):
            keys = self._keys(op.namespace)
            own = _OWN_KEY.fullmatch(op.key)
            for turn in keys.get(op.key, ()):
                try:
                    memory.forget_turn(turn)
                except UnknownNameError:
                    continue  # The manager did not keep it, and neither did the file.
            if op.key in keys:
                self._write_keys(op.namespace, {key: keys[key] for key in keys if key != op.key})
            elif own and any(entry.id == int(own[1]) for entry in memory.entries):
                memory.forget(int(own[1]))

    def _get(self, op: GetOp) -> Item | None:
        if not self._file(op.namespace).exists():
            return None
        memory, keys = self._settled(op.namespace)
        turns = keys.get(op.key)
        if turns is not None:
            entries = [entry for entry in _valid(memory) if not {*turns}.isdisjoint(entry.sources)]
        else:
            entries = _by_key(_valid(memory), keys).get(op.key, [])
        return _item(Item, op.namespace, op.key, entries) if entries else None

    def _search(self, op: SearchOp) -> list[SearchItem]:
        if op.filter:
            raise ConfigError(
                f"a search has the filter {dict(op.filter)!r:.80}, and a memory keeps texts without fields; "
                "put what differs into namespaces of its own, or say it in the query."
            )
        prefix, end = tuple(op.namespace_prefix), op.offset + op.limit
        found: list[SearchItem] = []
        for namespace in self._namespaces():
            if namespace[: len(prefix)] == prefix:
                found += self._found(namespace, op.query, end)
        if op.query:
            found.sort(key=lambda item: -item.score)
        else:
            found.sort(key=lambda item: item.updated_at, reverse=True)
        return found[op.offset : end]

    def _found(self, namespace: Namespace, query: str | None, count: int) -> list[SearchItem]:
        """Return the first items of a namespace: the best, or without a query the latest."""
        memory, keys = self._settled(namespace)
        items = _by_key(_valid(memory), keys)
        if not query or not query.strip():
            return [_item(SearchItem, namespace, key, items[key]) for key in reversed(items)]
        key_of = {entry.id: key for key, entries in items.items() for entry in entries}
        scores: dict[str, float] = {}
        wanted = count
        while True:
            hits = memory.search(query, wanted)
            for hit in hits:
                if hit.entry.id in key_of:
                    scores.setdefault(key_of[hit.entry.id], hit.score)
            # Several hits may belong to one item.
            if len(scores) >= count or len(hits) < wanted:
                break
            wanted *= 2
        return [_item(SearchItem, namespace, key, items[key], score=scores[key]) for key in scores]

    def _list(self, op: ListNamespacesOp) -> list[Namespace]:
        conditions = op.match_conditions or ()
        found = {
            namespace[: op.max_depth]
            for namespace in self._namespaces()
            if all(_matches(namespace, condition) for condition in conditions)
        }
        return sorted(found)[op.offset : op.offset + op.limit]

    def _settled(self, namespace: Namespace) -> tuple[MemoryAgent, dict[str, list[str]]]:
        """Return a memory in which nothing waits for the manager, and the turns of its keys."""
        memory = self.memory(namespace)
        if memory.waiting:
            memory.flush()
        return memory, self._keys(namespace)

    def _open(self, file: Path) -> MemoryAgent:
        self.folder.mkdir(parents=True, exist_ok=True)
        first = next(iter(self._memories.values()), None)
        if first is None:
            return open_memory(file, **self._options)
        limits = {"capacity", "max_entries"} & self._options.keys()
        shared = dict(self._options)
        shared.pop("max_entries", None)
        shared.update(manager=first.manager, retriever=first.retriever, answerer=first.answerer)
        shared.update(top_k=first.top_k, roles=None)
        shared["capacity"] = first.capacity if limits or not file.exists() else None
        memory = open_memory(file, **shared)
        memory.take_turns_with(first)
        return memory

    def _file(self, namespace: Namespace) -> Path:
        if not namespace or not all(isinstance(label, str) and label for label in namespace):
            raise ConfigError(
                f"the namespace is {namespace!r:.80}; give labels, each a str that is not empty."
            )
        # Full stops stand between two labels, so those in a label are written in another way.
        labels = (quote(label, safe="").replace(".", "%2E") for label in namespace)
        return self.folder / f"{'.'.join(labels)}.sqlite"

    def _namespaces(self) -> list[Namespace]:
        files = sorted(self.folder.glob("*.sqlite"))
        return [tuple(unquote(label) for label in file.stem.split(".")) for file in files]

    def _changing(self, namespace: Namespace) -> FileLock:
        """Return the lock under which a namespace's keys change, in all processes."""
        return FileLock(self._file(namespace).with_suffix(".lock"))

    def _keys(self, namespace: Namespace) -> dict[str, list[str]]:
        """Return the ids of the turns that each key stands for."""
        file = self._file(namespace).with_suffix(".keys.json")
        try:
            keys: dict[str, list[str]] = json.loads(file.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise StoreFileError(f"{file} holds no keys of a namespace: {error}; restore it.") from error
        return keys

    def _write_keys(self, namespace: Namespace, keys: dict[str, list[str]]) -> None:
        file = self._file(namespace).with_suffix(".keys.json")
        write_whole(file, json.dumps(keys, ensure_ascii=False).encode())


def _said(key: str, value: Mapping[str, Any]) -> tuple[str, str]:
    """Return the speaker and the text of a value: `text` or `content`, and every other field by its name."""
    fields = dict(value)
    speaker = fields.pop("speaker") if isinstance(fields.get("speaker"), str) else _SPEAKER
    main = next((name for name in ("text", "content") if isinstance(fields.get(name), str)), None)
    text = "" if main is None else fields.pop(main)
    try:
        others = [
            f"{name}: {told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)}"
            for name, told in fields.items()
        ]
    except TypeError as error:
        raise DataError(f"the item {key!r} has a value that JSON cannot hold: {error}.") from error
    if text and others:
        return speaker, f"{text} ({'; '.join(others)})"
    return speaker, text or "; ".join(others)


def _valid(memory: MemoryAgent) -> list[MemoryEntry]:
    return [entry for entry in memory.entries if entry.ended is None]


def _by_key(entries: Iterable[MemoryEntry], keys: Mapping[str, list[str]]) -> dict[str, list[MemoryEntry]]:
    """Return the entries of each key: that of the latest turn which they came from and which has one."""
    key_of = {turn: key for key, turns in keys.items() for turn in turns}
    items: dict[str, list[MemoryEntry]] = {}
    for entry in entries:
        named = (key_of[turn] for turn in reversed(entry.sources) if turn in key_of)
        items.setdefault(next(named, f"entry-{entry.id}"), []).append(entry)
    return items


def _item(kind: type[Any], namespace: Namespace, key: str, entries: list[MemoryEntry], **more: float) -> Any:
    # The times of a memory are those of the speaker's clock; without one the beginning of time stands here.
    times = [entry.time.astimezone(UTC) for entry in entries if entry.time is not None]
    times = times or [datetime.fromtimestamp(0, UTC)]
    value = {"text": "\n".join(entry.text for entry in entries)}
    return kind(
        namespace=namespace, key=key, value=value, created_at=min(times), updated_at=max(times), **more
    )


def _matches(namespace: Namespace, condition: MatchCondition) -> bool:
    path = condition.path
    if len(namespace) < len(path):
        return False
    part = namespace[: len(path)] if condition.match_type == "prefix" else namespace[-len(path) :]
    return all(wanted in ("*", label) for label, wanted in zip(part, path, strict=True))
