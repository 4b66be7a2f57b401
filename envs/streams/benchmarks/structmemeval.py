"""StructMemEval (arXiv:2602.11243): does a memory keep ledgers, trees, states and tastes?

The files are not part of memdojo (their repository states no licence); docs/data.md says where they come
from and where they go.
"""

from __future__ import annotations

import re
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from memdojo.errors import ConfigError, DataError, cut_short, unknown_name
from memdojo.rewards.grading import JUDGE

from ...types import Chunk, Question, Stream, Turn
from ..chunking import rechunk
from ..files import data_folders, user_path
from ..source import StreamSource
from .data_rows import Row, checked, field_of, read_rows

FOLDERS = MappingProxyType(
    {
        "accounting": "accounting/data",
        "tree": "tree_based/graph_configs",
        "state": "state_tracking/data",
        "recommendations": "recommendations/data",
    }
)
"""Where the files of each task lie below the benchmark's folder."""

_PARTS = {"train": range(6), "validation": range(6, 7), "test": range(7, 10)}
SPLITS = ("all", *FOLDERS, *(f"{task}/{part}" for task in ("accounting", "tree") for part in _PARTS))
"""The parts are memdojo's own: of `tree` by the number of the graph, of `accounting` by that of the ledger
(0 to 4 in the file of 10 %, 5 to 9 in that of 30 %, then from 0 again)."""

CHECKPOINTS = (10, 20, 50, 100, 200)
"""After how many messages of a ledger it is asked for its balance, as in the benchmark's script."""

ACCOUNTING_METRIC, TREE_METRIC = "settlement", "yes_no_match"

_LEDGER_FILES = ("debt_tracker_10percent", "debt_tracker_30percent", "debt_tracker_50percent")
_LEDGERS_PER_FILE = 5
_SETTLE = (
    "Who has to pay how much to whom, so that all debts are settled? List the payments, each as: NAME pays "
    "AMOUNT to NAME."
)

DAMAGED_FILES = frozenset({"movies_data_100.json", "sports_data.json"})
"""Files of the release that cannot be read: one is empty, one runs two messages together."""

_SAID_BY = re.compile(r"([A-Z][a-z]+): (?=\S)")
_AMOUNT = re.compile(r"€\s?\d")
# The key writes CREDITOR -> DEBTOR : 12.50 EUR; docs/data.md says how that was found out.
_CLAIM = re.compile(r"(\w+) -> (\w+) : (\d+(?:\.\d+)?) EUR")
_EDGE = re.compile(r"(.+?) (?:works with|is a colleague of) (.+?)\.")
_ENDS = re.compile(r"Are (.+?) and (.+?) related\b")
_RELATED_CASES = re.compile(r"transition_\d+tr_\d+")
_SPEAKERS = {"user": "User", "assistant": "Assistant"}

_OBTAIN = (
    "Run `memdojo data fetch structmemeval`, or take the folder benchmark of "
    "https://github.com/yandex-research/StructMemEval (no licence stated)."
)
_get = partial(field_of, obtain=_OBTAIN)


def load_structmemeval(
    split: str = "all", *, path: str | Path | None = None, turns_per_chunk: int = 1
) -> Iterator[Stream]:
    """Yield the cases of a split as streams; a ledger, of which a file has five, is a stream of its own.

    - `accounting`: who paid what for whom. Asked after 10, 20, 50, 100 and 200 messages, at which a session
      ends; graded by `settlement`; the evidence are all amounts so far.
    - `tree`: who works with whom. Graded by `yes_no_match`; the evidence is the shortest chain between the
      two people that the question names.
    - `state` and `recommendations`: chats with an assistant, graded by a judge. The evidence of a
      recommendation are the turns that hold the quotes of its facts, or the session of a fact where no turn
      holds its quote.

    Args:
        split: One of `SPLITS`.
        path: The folder `benchmark` of the repository; None looks for `structmemeval` in the data folders.
        turns_per_chunk: Most turns in a chunk; a chunk never crosses a session.

    Warns:
        UserWarning: After the last stream, if there were `DAMAGED_FILES`, which are left out.

    Raises:
        UnknownNameError: If there is no such split.
        ConfigError: If `turns_per_chunk` is not positive.
        DataError: If there is no file of the split, or one is not what it should be.
    """
    if split not in SPLITS:
        raise unknown_name("split of structmemeval", split, SPLITS)
    if type(turns_per_chunk) is not int or turns_per_chunk < 1:
        raise ConfigError(f"turns_per_chunk is {turns_per_chunk!r}; give a positive whole number.")
    task, _, part = split.partition("/")
    files = _files(tuple(FOLDERS) if task == "all" else (task,), path, split)

    def streams() -> Iterator[Stream]:
        for name, file in files:
            if file.name in DAMAGED_FILES:
                continue
            for stream, number in _LOADERS[name](file, f"structmemeval:{split}"):
                if not part or number % 10 in _PARTS[part]:
                    yield rechunk(checked(stream, str(file), _OBTAIN), turns_per_chunk)
        _warn_of_damaged([file for _, file in files if file.name in DAMAGED_FILES])

    return streams()


def _warn_of_damaged(files: Sequence[Path]) -> None:
    if files:
        warnings.warn(
            f"{', '.join(map(str, files))}: damaged in the release and left out; to use one, mend it and "
            "give it another name.",
            stacklevel=2,
        )


def _files(tasks: Sequence[str], path: str | Path | None, split: str) -> list[tuple[str, Path]]:
    """Return the files of tasks, sorted, each with its task."""
    folders = [user_path(path)] if path is not None else [each / "structmemeval" for each in data_folders()]
    for folder in folders:
        try:
            found = [
                (task, file) for task in tasks for file in sorted((folder / FOLDERS[task]).rglob("*.json"))
            ]
        except OSError as error:
            raise DataError(f"{str(folder)!r} cannot be looked into ({error}); check the path.") from error
        if found:
            return found
    places = " or ".join(str(folder / FOLDERS[tasks[0]]) for folder in folders)
    raise DataError(
        f"there is no file of the split {split!r} at {places}. {_OBTAIN} Put what is in it into the folder "
        "structmemeval, set MEMDOJO_DATA to the folder above that, or give the folder benchmark as the path."
    )


def _accounting(file: Path, source: str) -> Iterator[tuple[Stream, int]]:
    """Yield the ledgers of a file, each with its number among all ledgers."""
    (case,) = _cases(file)
    first = _LEDGER_FILES.index(file.stem) * _LEDGERS_PER_FILE if file.stem in _LEDGER_FILES else 0
    for place, session in enumerate(_get(case, "sessions", list, str(file))):
        where = f"{file}: session {place + 1}"
        answers = _get(session, "answers", list, where)
        messages = _get(session, "messages", list, where)
        if len(answers) > len(CHECKPOINTS) or not messages:
            raise DataError(
                f"{where}: it has {len(answers)} answers to {len(messages)} messages; there are at most "
                f"{len(CHECKPOINTS)}, and at least one message. {_OBTAIN}"
            )
        turns = [_ledger_turn(number, each, where) for number, each in enumerate(messages)]
        ends = sorted({min(end, len(turns)) for end in (*CHECKPOINTS, len(turns))})
        chunks = tuple(
            Chunk(index, tuple(turns[start:end]), f"messages_{start + 1}_to_{end}")
            for index, (start, end) in enumerate(zip([0, *ends], ends, strict=False))
        )
        id = f"{file.stem}-{place + 1}"
        questions = tuple(
            Question(
                f"{id}/q{number}",
                _SETTLE,
                (_payments(answer, f"{where}, answer {number + 1}"),),
                "accounting",
                frozenset(turn.id for turn in turns[:end] if _AMOUNT.search(turn.text)),
                ends.index(min(end, len(turns))),
                metric=ACCOUNTING_METRIC,
            )
            for number, (answer, end) in enumerate(zip(answers, CHECKPOINTS, strict=False))
        )
        yield Stream(id, id, chunks, questions, source), first + place


def _ledger_turn(number: int, message: object, where: str) -> Turn:
    text = _get(message, "content", str, f"{where}, message {number + 1}").strip()
    said = _SAID_BY.match(text)
    return Turn(f"t{number + 1}", said[1] if said else "User", text[said.end() :] if said else text)


def _payments(answer: object, where: str) -> str:
    """Return the payments that settle the claims of the key, in the words that the question asks for."""
    claims = _CLAIM.findall(answer) if isinstance(answer, str) else []
    if not claims:
        raise DataError(
            f"{where}: {cut_short(repr(answer))} has no claim such as 'Ann -> Ben : 12.50 EUR'. {_OBTAIN}"
        )
    return ", ".join(f"{debtor} pays {amount} to {creditor}" for creditor, debtor, amount in claims)


def _tree(file: Path, source: str) -> Iterator[tuple[Stream, int]]:
    """Yield the graph of a file with its number; all cuts of one graph are one group."""
    (case,) = _cases(file)
    graph = re.match(r"graph_(\d+)_", file.stem)
    number = int(graph[1]) if graph else 0
    chunks = tuple(_sessions(case, str(file)))
    edges = [
        (match[1], match[2], turn.id)
        for chunk in chunks
        for turn in chunk.turns
        if (match := _EDGE.fullmatch(turn.text))
    ]

    def evidence(item: Row) -> frozenset[str]:
        ends = _ENDS.search(str(item.get("question")))
        return shortest_chain(edges, ends[1], ends[2]) if ends else frozenset()

    questions = _questions(case, file, "tree", TREE_METRIC, evidence)
    yield Stream(file.stem, f"tree-graph_{number}", chunks, questions, source), number


def shortest_chain(edges: Sequence[tuple[str, str, str]], start: str, end: str) -> frozenset[str]:
    """Return the ids of the edges on a shortest chain between two people; empty if there is none.

    Args:
        edges: Two people and the id of the turn that tells of them.
        start: The first person.
        end: The last one.
    """
    neighbours: dict[str, list[tuple[str, str]]] = {}
    for one, other, id in edges:
        neighbours.setdefault(one, []).append((other, id))
        neighbours.setdefault(other, []).append((one, id))
    chains: dict[str, tuple[str, ...]] = {start: ()}
    waiting = deque([start])
    while waiting:
        person = waiting.popleft()
        if person == end:
            return frozenset(chains[person])
        for neighbour, id in neighbours.get(person, ()):
            if neighbour not in chains:
                chains[neighbour] = (*chains[person], id)
                waiting.append(neighbour)
    return frozenset()


def _state(file: Path, source: str) -> Iterator[tuple[Stream, int]]:
    (case,) = _cases(file)
    chunks = tuple(_sessions(case, str(file)))
    questions = _questions(case, file, "state", JUDGE, lambda item: frozenset())
    # The cases of several transitions tell one another's stories on.
    group = "state-transitions" if _RELATED_CASES.fullmatch(file.stem) else f"state-{file.stem}"
    yield Stream(file.stem, group, chunks, questions, source), 0


def _recommendations(file: Path, source: str) -> Iterator[tuple[Stream, int]]:
    (case,) = _cases(file)
    chunks = tuple(_sessions(case, str(file)))
    turns_of_fact = _turns_of_facts(case, chunks)

    def evidence(item: Row) -> frozenset[str]:
        facts = _get(item.get("reference_answer"), "required_facts", list, str(file))
        return frozenset().union(*(turns_of_fact.get(str(fact), frozenset()) for fact in facts))

    questions = _questions(case, file, "recommendations", JUDGE, evidence)
    group = f"recommendations-{file.stem.partition('_data')[0]}"
    yield Stream(f"recommendations-{file.stem}", group, chunks, questions, source), 0


def _turns_of_facts(case: Row, chunks: Sequence[Chunk]) -> Mapping[str, frozenset[str]]:
    """Return the turns of each fact: those that hold its quote, or else all of its session."""
    chunk_of_session = {chunk.session: chunk for chunk in chunks}
    found: dict[str, frozenset[str]] = {}
    for place, session in enumerate(case["sessions"], start=1):
        fact, quote = session.get("fact_id"), session.get("fact_quote")
        chunk = chunk_of_session.get(f"session_{place}")
        if isinstance(fact, str) and chunk is not None:
            quoted = {turn.id for turn in chunk.turns if isinstance(quote, str) and quote in turn.text}
            turns = frozenset(quoted or (turn.id for turn in chunk.turns))
            found[fact] = found.get(fact, frozenset()) | turns
    return found


def _cases(file: Path) -> list[Row]:
    cases = read_rows(file, _OBTAIN)
    if len(cases) != 1:
        raise DataError(f"{file}: it has {len(cases)} cases where there is one. {_OBTAIN}")
    return cases


def _sessions(case: Row, where: str) -> Iterator[Chunk]:
    """Yield the sessions that say something, a chunk each."""
    index = 0
    for place, session in enumerate(_get(case, "sessions", list, where), start=1):
        turns = []
        for number, message in enumerate(_get(session, "messages", list, f"{where}: session {place}"), 1):
            here = f"{where}: session {place}, message {number}"
            role, text = _get(message, "role", str, here), _get(message, "content", str, here).strip()
            if role not in _SPEAKERS:
                raise DataError(f"{here}: role is {role!r}; it must be user or assistant. {_OBTAIN}")
            if text:
                turns.append(Turn(f"S{place}:{number}", _SPEAKERS[role], text))
        if turns:
            yield Chunk(index, tuple(turns), f"session_{place}")
            index += 1
    if not index:
        raise DataError(f"{where}: it has no message. {_OBTAIN}")


def _questions(
    case: Row, file: Path, category: str, metric: str, evidence: Callable[[Row], frozenset[str]]
) -> tuple[Question, ...]:
    questions = []
    for number, item in enumerate(_get(case, "queries", list, str(file))):
        where = f"{file}: query {number + 1}"
        text = _get(item, "question", str, where).strip()
        reference = _get(_get(item, "reference_answer", dict, where), "text", str, where).strip()
        id = f"{file.stem}/q{number}"
        questions.append(Question(id, text, (reference,), category, evidence(item), metric=metric))
    return tuple(questions)


_LOADERS: Mapping[str, Callable[[Path, str], Iterator[tuple[Stream, int]]]] = MappingProxyType(
    {"accounting": _accounting, "tree": _tree, "state": _state, "recommendations": _recommendations}
)

SOURCE = StreamSource(
    "structmemeval",
    load_structmemeval,
    SPLITS,
    "StructMemEval: ledgers, trees, states and tastes. By default all; fetch it first.",
    default_split="all",
)
