"""An operation from outside of the package goes everywhere where memdojo's own go; links as well."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from memdojo.agents.baselines.oracles import LabelledManager
from memdojo.agents.baselines.rules import ScriptedRule
from memdojo.deploy.mcp_tools import MemoryTools, SpokenTurn
from memdojo.deploy.memory_agent import MemoryAgent
from memdojo.envs.episodes.context import StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode
from memdojo.envs.episodes.validity import validity_by_rule
from memdojo.envs.episodes.written_memory import memory_as_json, memory_from_json
from memdojo.envs.memory import MemoryStore, load_store, save_store
from memdojo.envs.memory.operations import (
    OPERATIONS,
    appearance_of,
    operation_kinds,
    planned_kinds,
    register_operation,
)
from memdojo.envs.prompts.registry import list_formats, make_format
from memdojo.envs.prompts.tasks import ManagerTask
from memdojo.envs.streams.jsonl.rules import check_stream
from memdojo.envs.streams.jsonl.schema import StreamRow, stream_to_dict
from memdojo.envs.types import (
    Add,
    Capacity,
    Delete,
    EntryChange,
    Operation,
    OperationRole,
    OperationStatus,
    PlannedOperation,
    Question,
    Relink,
    Update,
    WhenFull,
)
from memdojo.errors import ConfigError
from memdojo.eval.html.page import write_report
from memdojo.eval.html.sources import read_evaluation
from memdojo.eval.playing.settings import EvalSettings
from memdojo.eval.records.files import read_episodes
from memdojo.eval.records.types import final_entries
from memdojo.eval.report import EvalReport
from memdojo.eval.run import run_evaluation
from memdojo.eval.tables.findings import plan_table
from memdojo.train.language.one_step_episodes import writes_of

from ...builders import Pair, make_store, make_stream

PLAN = {
    "t0": (PlannedOperation(Add.kind, "Ann: I live in Oslo"),),
    "t1": (PlannedOperation(Add.kind, "Ann: My dog Rex barks"), PlannedOperation(Pair.kind, target="t0")),
}
STREAM = make_stream(
    "I live in Oslo",
    "My dog Rex barks",
    "The tea is green",
    questions=[Question("q", "Where does Ann live?", ("Oslo",), "1", frozenset({"t0"}))],
    oracle=PLAN,
)


@pytest.fixture
def registered() -> Iterator[None]:
    with OPERATIONS.temporarily():
        register_operation(Pair)
        yield


def _linker(*more: Sequence[Operation]) -> ScriptedRule:
    """A manager that adds two entries and links them; then what is given, a step each."""
    first, second = Add("Ann: I live in Oslo", ("t0",)), Add("Ann: My dog Rex barks", ("t1",))
    return ScriptedRule([(first,), (second, Pair(1, 2, ("t1",))), *more], name="linker")


def _evaluate(folder: Path, *more: Sequence[Operation]) -> EvalReport:
    streams = [STREAM, dataclasses.replace(STREAM, id="s2", group="s2")]
    report = run_evaluation(
        [_linker(*more)], streams, EvalSettings(max_entries=4, top_k=2), num_resamples=20, folder=folder
    )
    report.write(folder)
    return report


def _links(store: MemoryStore) -> dict[int, tuple[int, ...]]:
    return {entry.id: entry.links for entry in store.entries}


# What the store does


def test_an_operation_changes_several_entries_and_says_all_that_it_changed() -> None:
    store = make_store("a", "b")
    before = store.entries
    result = store.apply(Pair(1, 2), 5)
    assert result.applied
    assert result.changes == tuple(map(EntryChange, before, store.entries))
    assert _links(store) == {1: (2,), 2: (1,)}
    assert [entry.updated_step for entry in store.entries] == [0, 1]


def test_what_is_refused_in_the_middle_leaves_the_store_as_it_was() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Swap(Operation):
        """Give two texts to each other's entries."""

        kind = "SWAP"

        first: int
        second: int
        text: str

        def apply(self, store) -> None:
            store.remove(store.entry(self.first))
            store.rewrite(store.entry(self.second), self.text)
            store.add("new")
            if self.text == "fault":
                raise ZeroDivisionError

    store = make_store("a b", "c", Pair(1, 2))
    before = store.entries, store.tokens, store.next_id, store.core
    result = store.apply(Swap(1, 2, " "), 1)
    assert (result.status, result.changes) == (OperationStatus.EMPTY_TEXT, ())
    with pytest.raises(ZeroDivisionError):
        store.apply(Swap(1, 2, "fault"), 1)
    assert (store.entries, store.tokens, store.next_id, store.core) == before
    assert store.apply(Swap(1, 2, "d"), 1).applied
    assert [(entry.id, entry.text, entry.links) for entry in store] == [(2, "d", ()), (3, "new", ())]


@pytest.mark.parametrize("leaving", [Delete(2), Add("d", evicts=(2,))])
def test_links_leave_with_the_entry_that_they_name(leaving: Operation) -> None:
    store = MemoryStore(Capacity(3, when_full=WhenFull.POLICY))
    for operation in (Add("a"), Add("b"), Add("c"), Pair(1, 2), Pair(2, 3), Pair(1, 3)):
        assert store.apply(operation, 0).applied
    result = store.apply(leaving, 1)
    assert {id: links for id, links in _links(store).items() if id < 4} == {1: (3,), 3: (1,)}
    assert [(change.before.links, change.after.links) for change in result.others] == [
        ((2, 3), (3,)),
        ((2, 1), (1,)),
    ]


def test_links_stay_through_updates_forks_snapshots_and_files(tmp_path: Path) -> None:
    store = make_store("a", "b", Pair(1, 2), Update(1, "c"))
    expected = {1: (2,), 2: (1,)}
    snapshot, fork = store.snapshot(), store.fork()
    assert _links(fork) == _links(store) == expected
    fork.apply(Delete(2), 4)
    assert _links(fork) == {1: ()}
    assert _links(store) == expected
    assert store.diff(fork).changed[0][1].links == ()
    store.apply(Relink(1), 5)
    assert _links(store) == {1: (), 2: (1,)}
    store.restore(snapshot)
    save_store(store, tmp_path / "memory")
    loaded = load_store(tmp_path / "memory")
    assert loaded.entries == store.entries
    loaded.apply(Delete(1), 6)
    assert _links(loaded) == {2: ()}
    written = {"q": store.entries}
    assert memory_from_json(json.loads(json.dumps(memory_as_json(written)))) == written


def test_a_link_to_what_is_not_there_is_refused() -> None:
    store = make_store("a", "b")
    assert store.apply(Pair(1, 9), 1).status is OperationStatus.UNKNOWN_ID
    assert store.apply(Relink(1, (9,)), 1).status is OperationStatus.UNKNOWN_ID
    assert store.apply(Pair(1, 1), 1).status is OperationStatus.MALFORMED
    assert _links(store) == {1: (), 2: ()}


def test_a_memory_of_entries_is_made_anew_with_its_links() -> None:
    store = make_store("a", "b", "c", Delete(1), Pair(2, 3))
    twin = make_store(*writes_of(store.entries))
    assert [(entry.text, entry.links) for entry in twin] == [("b", (2,)), ("c", (1,))]


# Registration


def test_registered_operations_are_listed_after_memdojos_own(registered: None) -> None:
    assert operation_kinds() == ("ADD", "UPDATE", "DELETE", "REWRITE", "NOOP", "PAIR")
    assert planned_kinds() == ("ADD", "UPDATE", "DELETE", "NOOP", "PAIR")
    assert appearance_of("PAIR") == (
        OperationRole.UPDATE,
        "∞",
        "Let two entries name each other as related.",
    )


def test_kinds_that_nobody_registered_are_shown_all_the_same() -> None:
    assert operation_kinds({"PAIR", "ADD"})[-1] == "PAIR"
    assert appearance_of("PAIR") == (OperationRole.UPDATE, "~", "")


def test_a_kind_is_a_free_word_in_capitals_and_says_what_it_does() -> None:
    class Nameless(Pair):
        kind = "link it"

    class Thief(Pair):
        kind = "ADD"

    class Idle(Operation):
        kind = "IDLE"

    with pytest.raises(ConfigError, match="a word in capitals"):
        register_operation(Nameless)
    with pytest.raises(ConfigError, match="registered already"):
        register_operation(Thief)
    with pytest.raises(ConfigError, match="no method apply"):
        register_operation(Idle)


# Episodes


def test_episodes_count_its_text_and_keep_the_evidence_of_linked_entries() -> None:
    episode = ManagerEpisode(StreamContext(STREAM), Capacity(4), validity=validity_by_rule)
    scripted = _linker((Delete(2),))
    outcomes = [episode.step(scripted.act([episode])[0]) for _ in range(3)]
    link = outcomes[1].operations[1]
    assert (link.kind, link.applied, link.text, link.text_tokens) == ("PAIR", True, "see 1 2", 3)
    assert outcomes[2].questions[0].stored == {"t0"}
    assert outcomes[2].potential_after == pytest.approx(1.0)


@pytest.mark.usefixtures("registered")
def test_a_plan_may_have_it_and_the_labelled_manager_follows() -> None:
    assert check_stream(STREAM) == []
    assert StreamRow.model_validate(stream_to_dict(STREAM)).record("").oracle == STREAM.oracle
    wrong = dataclasses.replace(STREAM, oracle={"t1": (PlannedOperation("PAIR"), PlannedOperation("PAR"))})
    told = [str(problem) for problem in check_stream(wrong)]
    assert "'PAR' is not an operation; write ADD, UPDATE, DELETE, NOOP or PAIR" in told[0]
    assert "PAIR has no target" in told[1]
    episode = ManagerEpisode(StreamContext(STREAM), Capacity(4))
    while not episode.ended:
        episode.step(LabelledManager().act([episode])[0])
    assert _links(episode.store) == {1: (2,), 2: (1,)}


def test_a_plan_with_an_unknown_operation_is_told() -> None:
    told = [str(problem) for problem in check_stream(STREAM)]
    assert told == ["oracle.t1[1].kind: 'PAIR' is not an operation; write ADD, UPDATE, DELETE or NOOP"]


@pytest.mark.parametrize("name", list_formats("manager"))
def test_a_format_without_words_for_it_says_so(name: str) -> None:
    episode = ManagerEpisode(StreamContext(STREAM), Capacity(4))
    format = make_format("manager", name)
    view = ManagerTask(format).view(episode)
    with pytest.raises(ValueError, match=r"cannot express Pair\(first=1, second=2"):
        format.write((Pair(1, 2),), view)


# Evaluations


@pytest.mark.usefixtures("registered")
def test_it_is_a_column_measured_against_the_plan_and_counted_in_tokens(tmp_path: Path) -> None:
    report = _evaluate(tmp_path)
    rows = report.evaluation.streams.set_index("policy")
    columns = list(rows.columns)
    assert columns[columns.index("add") :][:9] == [
        "add", "update", "delete", "rewrite", "noop", "pair", "rejected", "malformed", "evicted",
    ]  # fmt: skip
    assert rows.loc["linker", "pair"].tolist() == [1, 1]
    assert rows.loc["linker", "tokens_written"].tolist() == [6 + 6 + 3] * 2
    (linker,) = report.summary[report.summary["policy"] == "linker"].to_dict("records")
    assert (linker["add"], linker["pair"], linker["rejected"]) == (2, 1, 0)
    plans = plan_table(report.evaluation)
    (plan,) = plans[plans["policy"] == "linker"].to_dict("records")
    assert (plan["pair_precision"], plan["pair_recall"]) == (1, 1)
    assert "pair" in (tmp_path / "tables.md").read_text("utf-8")


def test_what_nobody_registered_is_a_column_of_all_rows_where_it_occurs(tmp_path: Path) -> None:
    rows = _evaluate(tmp_path).evaluation.streams.set_index("policy")
    assert rows["pair"].dtype == "int64"
    assert rows.loc["linker", "pair"].tolist() == [1, 1]
    assert rows.drop("linker")["pair"].tolist() == [0] * 4


def test_records_rebuild_the_store_after_any_operation(tmp_path: Path) -> None:
    _evaluate(tmp_path, (Delete(2), Add("Ann: The tea is green", ("t2",))))
    record = next(each for each in read_episodes(tmp_path) if each.policy == "linker")
    link, delete = record.steps[1].operations[1], record.steps[2].operations[0]
    assert (link.kind, link.sources) == ("PAIR", ("t1",))
    assert [len(operation.changes) for operation in (link, delete)] == [2, 2]
    episode = ManagerEpisode(StreamContext(STREAM), Capacity(4))
    scripted = _linker((Delete(2), Add("Ann: The tea is green", ("t2",))))
    for num_steps in (1, 2, 3):
        episode.step(scripted.act([episode])[0])
        assert final_entries(record.steps[:num_steps]) == list(episode.store.entries)


@pytest.mark.parametrize("is_registered", [True, False])
def test_the_theatre_has_the_links_and_how_the_kind_looks(tmp_path: Path, is_registered: bool) -> None:
    with OPERATIONS.temporarily():
        if is_registered:
            register_operation(Pair)
        _evaluate(tmp_path / "tables")
        write_report(tmp_path / "page.html", [read_evaluation(tmp_path / "tables")])
    page = (tmp_path / "page.html").read_text("utf-8")

    def block(id: str) -> dict:
        return json.loads(page.split(f'id="{id}">')[1].split("</script>")[0])

    index = block("index")
    shown = ["update", "∞", "Let two entries name each other as related."]
    assert index["kinds"]["PAIR"] == (shown if is_registered else ["update", "~", ""])
    (episode,) = (each for each in index["streams"][0]["episodes"] if each["name"] == "linker")
    played = block(episode["block"])
    link = played["steps"][1]["ops"][1]
    versions = [played["entries"][place] for place in (link["b"], link["a"], *link["o"][0])]
    assert [(version[0], version[8:]) for version in versions] == [
        (1, []),
        (1, [[2]]),
        (2, []),
        (2, [[1]]),
    ]


# Deployment


def test_the_memory_file_and_the_assistant_have_the_links(tmp_path: Path) -> None:
    said = [SpokenTurn(speaker="Ann", text=text, time=datetime(2024, 5, 1)) for text in ("x", "y")]
    script = [(Add("a"),), (Add("b"), Pair(1, 2))]
    policy = ScriptedRule(script, name="linker", turns_per_chunk=1)
    with MemoryAgent(tmp_path / "m", manager=policy) as agent:
        changes = MemoryTools(agent).remember(said).changes
        link = changes[-1]
        assert (link.operation, link.id, link.related, link.failed) == ("PAIR", 1, [2], None)
    with MemoryAgent(tmp_path / "m", manager=policy) as agent:
        assert [entry.links for entry in agent.entries] == [(2,), (1,)]
        agent.forget(1)
    with MemoryAgent(tmp_path / "m", manager=policy) as agent:
        assert [(entry.id, entry.links) for entry in agent.entries] == [(2, ())]
