"""Kinds of policies by name: `POLICY_KINDS`, and the settings of the two that ship with memdojo.

A kind of one's own has its settings, a configuration of its runs (a subclass of `TrainConfig` with the tables
that it has beside the common ones), what trains it, and what loads its checkpoints:

    mine = PolicyKind(MyPolicySettings, MyConfig, "my_package.training:train", "my_package.training:load")
    POLICY_KINDS.add("mine", mine)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from memdojo.envs.memory.embedders import list_embedders
from memdojo.envs.memory.retrieval.retrievers import list_retrievers
from memdojo.errors import ConfigError, unknown_name
from memdojo.registry import Registry
from memdojo.settings import Count, CountOrZero, FolderOrName, Positive, Table, Text

from ..used_keys import RETRIEVER_ONLY, WHOLE_MANAGER_ONLY

ManagerNetworkName = Literal["joint", "keep_and_supersede"]
"""The names of `memdojo.agents.compact.manager.MANAGER_NETWORKS`, which needs torch."""


class PolicySettings(Table):
    """Who decides; the base of the settings of each kind.

    Attributes:
        kind: Name of the kind in `POLICY_KINDS`.
    """

    kind: str


class CompactPolicySettings(PolicySettings):
    """A small network on features.

    Attributes:
        hidden_dim: Width of its hidden layers; 0 makes it linear.
        network: Of a manager. `joint` scores all actions in one softmax; `keep_and_supersede` decides first
            whether the new turn makes an entry outdated, and then what is kept.
    """

    kind: Literal["compact"] = "compact"
    hidden_dim: Annotated[CountOrZero, Field(le=8192)] = 64
    network: Annotated[ManagerNetworkName, WHOLE_MANAGER_ONLY] = "joint"


class LanguagePolicySettings(PolicySettings):
    """A language model on text.

    Attributes:
        model: Folder of a Hugging Face causal language model, or its hub id; `memdojo model tiny` makes a
            small one.
        format: Name of the prompt format in which the model is spoken to and replies.
        max_prompt_tokens: Longer prompts are shortened by leaving out whole entries, or options.
        max_response_tokens: Tokens that the model may sample at a step.
        max_candidates: Candidates that a retriever is shown.
        prefilter: Retriever that chooses them where there are more, such as `bm25` or `dense:EMBEDDER`, and
            that says which of them a prompt that is too long leaves out.
        candidate_order: In which order a retriever is shown its candidates: as they were said (`time`), or
            those in front that the pre-filter ranks highest (`prefilter`).
        related_entries: Entries that a manager is shown, those that BM25 finds for the chunk; by default the
            whole store.
        temperature: At which responses are sampled in training; evaluation is greedy.
        lora_rank: Rank of the low-rank adapters that are trained; 0 trains all weights.
        lora_alpha: Scale of the adapters' contribution, divided by the rank.
    """

    kind: Literal["language"] = "language"
    model: FolderOrName
    format: Text = "plain"
    max_prompt_tokens: Count = 2048
    max_response_tokens: Count = 256
    max_candidates: Count = 50
    prefilter: Text = "bm25"
    candidate_order: Annotated[Literal["time", "prefilter"], RETRIEVER_ONLY] = "time"
    related_entries: Annotated[Count | None, WHOLE_MANAGER_ONLY] = None
    temperature: Positive = 1.0
    lora_rank: Annotated[CountOrZero, Field(le=8192)] = 0
    lora_alpha: Positive = 16.0

    @field_validator("prefilter")
    @classmethod
    def _known_retriever(cls, spec: str) -> str:
        name, _, option = spec.partition(":")
        if name not in list_retrievers():
            raise ConfigError(f"policy.prefilter: {unknown_name('retriever', name, list_retrievers())}")
        # Only the names: an embedder is loaded where it is used.
        if name in ("dense", "fusion") and option and option not in list_embedders():
            raise ConfigError(f"policy.prefilter: {unknown_name('embedder', option, list_embedders())}")
        return spec


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """One kind of policy.

    Attributes:
        settings: Its table `[policy]`; `kind` is the name of the registration.
        config: The configuration of its runs, a `TrainConfig`.
        trainer: Where the function is that trains it, as `module:function`; imported when a run begins. It
            takes what `memdojo.train.dispatch.train` does.
        loader: Where the function is that loads a checkpoint whose `policy.json` has the name of the kind as
            `kind`: it takes the folder and returns a `memdojo.train.checkpoints.loading.Learned`. Empty if
            the checkpoints are those of another kind.
    """

    settings: type[PolicySettings]
    config: type[Any]
    trainer: str
    loader: str = ""


POLICY_KINDS: Registry[PolicyKind] = Registry("policy kind")
POLICY_KINDS.add_lazily(
    "compact", "memdojo.train.config.run_kinds:COMPACT", description="A small network on features."
)
POLICY_KINDS.add_lazily(
    "language", "memdojo.train.config.run_kinds:LANGUAGE", description="A language model on text."
)
