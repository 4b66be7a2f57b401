"""`open_memory`: a memory agent from the names or folders of its policies."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack, cast

from memdojo.agents.baselines.registry import list_baselines, list_retriever_baselines, make_baseline
from memdojo.agents.designs.roles.protocol import Roles
from memdojo.agents.designs.running.policy import DesignManager, with_roles
from memdojo.agents.policy import ManagerPolicy, ReadsItself
from memdojo.envs.answering import Answerer
from memdojo.envs.memory.persistence import usable_path
from memdojo.envs.memory.retrieval.protocol import Retriever
from memdojo.envs.memory.retrieval.retrievers import list_retrievers
from memdojo.envs.types import Capacity
from memdojo.errors import ConfigError
from memdojo.train.checkpoints.loading import Learned, load_learned
from memdojo.train.checkpoints.trust import reached_by_name, require_trust, root_of
from memdojo.train.config.name_or_path import named_path

from .arguments import DialogueOptions, check_number
from .memory_agent import DEFAULT_MANAGER, DEFAULT_TOP_K, MemoryAgent


class OpenOptions(DialogueOptions, total=False):
    """What else `open_memory` takes, by name."""

    roles: Roles | None


def open_memory(
    path: str | Path,
    *,
    manager: ManagerPolicy | str | Path = DEFAULT_MANAGER,
    retriever: Retriever | str | Path | None = None,
    answerer: Answerer | str | Path | None = None,
    max_entries: int | None = None,
    capacity: Capacity | None = None,
    top_k: int | None = None,
    trust_run: bool = False,
    **options: Unpack[OpenOptions],
) -> MemoryAgent:
    """Open a memory file with what was trained: a `MemoryAgent` that takes runs and checkpoints by path.

    Args:
        path: The memory file; it is made if there is none.
        manager: Name of a baseline, folder of a run or checkpoint, or a policy. A name wins; a folder that
            has the name of a baseline is written `./recency`.
        retriever: The same; by default the one by which a memory design reads, else the one of the answer
            agent's training, else of the manager's, else BM25.
        answerer: Folder of an answer agent's run or checkpoint, or an answerer; by default the extractive
            reader.
        max_entries: Most entries; short for a `capacity` with just this.
        capacity: Limits of the store; by default those that the file has, and for a new file those with which
            the manager was trained.
        top_k: Entries that are found for a question; by default as many as in the training of the answer
            agent, else of the manager, else 10.
        trust_run: Whether engines and roles may reach addresses and paths that the runs and checkpoints name.
        **options: `roles`, which do the work that a memory design gives to a language model; by default who
            did it when a design out of a checkpoint was trained, else rules. And `session_gap`, `seed`,
            `clock`, `timeout_s` and `tokenizer`, as for `MemoryAgent`.

    Raises:
        UnknownNameError: If something is neither a name nor a folder.
        CheckpointError: If a folder holds no usable checkpoint.
        ConfigError: If a checkpoint is of another kind than is wanted, limits contradict each other, or a
            new file needs limits that the training does not tell.
        MemdojoError: What else `MemoryAgent` raises.
    """
    (agent,) = open_memories(
        [path],
        manager=manager,
        retriever=retriever,
        answerer=answerer,
        max_entries=max_entries,
        capacity=capacity,
        top_k=top_k,
        trust_run=trust_run,
        **options,
    )
    return agent


def open_memories(
    paths: Sequence[str | Path],
    *,
    manager: ManagerPolicy | str | Path = DEFAULT_MANAGER,
    retriever: Retriever | str | Path | None = None,
    answerer: Answerer | str | Path | None = None,
    max_entries: int | None = None,
    capacity: Capacity | None = None,
    top_k: int | None = None,
    trust_run: bool = False,
    **options: Unpack[OpenOptions],
) -> list[MemoryAgent]:
    """Open several memory files that share their policies, each of which is loaded once; as `open_memory`.

    Only one of them changes its memory at a time, since managers are not made for several threads.

    Args:
        paths: The memory files; the others are as for `open_memory`, as is what is raised.
    """
    if capacity is not None and max_entries is not None:
        raise ConfigError("capacity and max_entries are both given; put max_entries into the capacity.")
    roles = options.pop("roles", None)
    writer = _learned(manager, "manager", list_baselines(), trust_run=trust_run, roles=roles)
    retrievers = {*list_retriever_baselines(), *list_retrievers()}
    finder = _learned(retriever, "retriever", retrievers, trust_run=trust_run)
    reader = _learned(answerer, "answer agent", (), trust_run=trust_run)
    trained = [each.training for each in (reader, writer) if each is not None]
    if writer is not None and not trust_run and options.get("tokenizer") is None and capacity is None:
        root = root_of(writer.path)
        reached = reached_by_name("tokenizer", writer.training.tokenizer, (), root)
        require_trust(root, reached, instead="choose another tokenizer (tokenizer=)")
    if max_entries is not None:
        capacity = _capacity(writer, max_entries)
    policy = _chosen(manager, writer)
    if isinstance(policy, str | Path):
        policy = make_baseline(str(policy))
    if roles is not None:
        if not isinstance(policy, DesignManager):
            raise ConfigError(
                f"roles are to be played by {roles.fingerprint} (--roles), and the manager {policy.name!r} "
                "is no memory design; name one (memdojo designs lists them), or leave the roles out."
            )
        policy = with_roles(policy, roles)
    if retriever is None and trained and not isinstance(policy, ReadsItself):
        retriever = trained[0].retriever
    with contextlib.ExitStack() as opened:
        agents = []
        for path in paths:
            limits = capacity
            if limits is None and writer is not None and _is_new(usable_path(path)):
                limits = _capacity_of_training(writer)
            agent = MemoryAgent(
                path,
                manager=policy,
                retriever=_chosen(retriever, finder),
                answerer=_chosen(answerer, reader),
                capacity=limits,
                top_k=(trained[0].top_k if trained else DEFAULT_TOP_K) if top_k is None else top_k,
                **cast(DialogueOptions, options),
            )
            agents.append(opened.enter_context(agent))
            agent.take_turns_with(agents[0])
        opened.pop_all()  # All are open, and stay so.
    return agents


def _learned(
    target: object, kind: str, names: Any, *, trust_run: bool, roles: Roles | None = None
) -> Learned | None:
    """Return the checkpoint that is named, if one is."""
    if not isinstance(target, str | Path):
        return None
    folder = named_path(target, kind, names)
    if folder is None:
        return None
    learned = load_learned(folder, trust_run=trust_run, roles=roles)
    if learned.kind != kind:
        article = "an" if learned.kind == "answer agent" else "a"
        raise ConfigError(
            f"{target} is {article} {learned.kind}, and was given as the {kind}; give the run of "
            f"{'an' if kind == 'answer agent' else 'a'} {kind}."
        )
    learned.policy.name = learned.training.config_name or learned.policy.name
    return learned


def _chosen(given: Any, learned: Learned | None) -> Any:
    """Return what was given, a name or an object, or the policy of the folder that was named."""
    return given if learned is None else learned.policy


def _is_new(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def _capacity_of_training(writer: Learned) -> Capacity | None:
    training = writer.training
    for share, counted in ((training.capacity_share, "turns"), (training.token_share, "tokens")):
        # No more than was said: a live dialogue needs no limit for that.
        is_limit = share is not None and not (counted == "tokens" and share >= 1)
        if is_limit and training.max_entries is None:
            raise ConfigError(
                f"{writer.path} was trained with a store of {share:.0%} of a dialogue's {counted}, and the "
                "length of a live dialogue is unknown; give max_entries or a capacity."
            )
    return _capacity(writer, training.max_entries)


def _capacity(writer: Learned | None, max_entries: int | None) -> Capacity:
    if max_entries is not None:
        check_number("max_entries", max_entries, 1)
    if writer is None:
        return Capacity(max_entries)
    training = writer.training
    return Capacity(max_entries, max_core_tokens=training.max_core_tokens, tokenizer=training.tokenizer)
