"""The tables of language policies alone: learner, warm start, single steps, rounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from memdojo.agents.engines.settings import ServingSettings, TransformersSettings, VLLMSettings
from memdojo.agents.graders.registry import ANSWERERS, JUDGES
from memdojo.errors import ConfigError
from memdojo.registry import Registry
from memdojo.settings import Count, CountOrZero, Positive, Table, Text

from ..algorithms.settings import GrpoSettings
from ..used_keys import NO_DESIGN, ONE_STEP_ONLY

# It is what a run of memdojo has trained, so the module that builds it stands above the agents.
ANSWERERS.add_lazily(
    "policy",
    "memdojo.train.language.policy_answerer:POLICY_ANSWERER",
    description="An answer agent that memdojo has trained.",
)


class OneStepConfig(Table):
    """Episodes of one step: a manager acts once, at a turn that questions are about.

    Attributes:
        window_turns: Turns that `builder` writes into the memory before that turn; without it episodes are
            whole streams or windows.
        builder: Who wrote the memory: a baseline by name, or the folder of a manager's checkpoint or run.
    """

    window_turns: Count | None = None
    builder: Annotated[Text, ONE_STEP_ONLY] = "recency"


class WarmStartConfig(Table):
    """Supervised training before the reinforcement learning.

    Attributes:
        teacher: The policy to learn from: `oracle` or another baseline, which plays the training streams. A
            memory design's decisions are learned from its own rule.
        num_steps: Gradient steps; 0 leaves the stage out.
        batch_size: Rows of a step.
        learning_rate: Of AdamW.
        num_streams: How many of the training streams the teacher plays; by default all.
        trajectories: File of a run's folder `trajectories` to learn from instead.
    """

    teacher: Annotated[Text, NO_DESIGN] = "oracle"
    num_steps: CountOrZero = 0
    batch_size: Count = 32
    learning_rate: Positive = 1e-3
    num_streams: Count | None = None
    trajectories: Text | None = None


class RoundsConfig(Table):
    """Trainings one after the other, each from the result of the one before.

    Attributes:
        num_rounds: How many; 1 trains once.
        partner: Configuration of another policy, by name or file, that is trained in turn with this one: each
            against the other as it is by then. Empty for this policy alone.
        merge_best: Of how many of its best validated checkpoints a round's result is the mean, in float32.
    """

    num_rounds: Count = 1
    partner: str = ""
    merge_best: Count = 1


class LearnerSettings(Table):
    """Where and how a language policy is trained; the base of the settings of each learner.

    Attributes:
        kind: Name of the learner in `LEARNERS`.
        num_processes: Learner processes, over which the rows of an update are shared out.
        sharding: `none` keeps the whole model in each process, `full` splits weights, gradients and moments
            over the processes (FSDP).
        device: `auto` takes a GPU where there is one.
        dtype: Precision of weights and moments.
        micro_batch_tokens: Tokens, padding included, of one forward and backward pass.
        gradient_checkpointing: Compute activations twice instead of keeping them.
        num_threads: CPU threads of a learner process; by default as many as there are cores.
    """

    kind: str
    num_processes: Annotated[Count, Field(le=10_000)] = 1
    sharding: Literal["none", "full"] = "none"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    micro_batch_tokens: Count = 8192
    gradient_checkpointing: bool = False
    num_threads: Annotated[Count, Field(le=1024)] | None = None

    def unused_keys(self, run: Any) -> Mapping[str, str]:
        """Return the dotted keys of a `LanguageConfig` that mean nothing to the learner, each with why."""
        return {}

    def check(self, run: Any) -> None:
        """Refuse a `LanguageConfig` whose run the learner cannot do.

        Raises:
            ConfigError: With what to change.
        """


class MemdojoLearnerSettings(LearnerSettings):
    """Our own learner."""

    kind: Literal["memdojo"] = "memdojo"

    def check(self, run: Any) -> None:
        """Refuse what has too few processes; see `LearnerSettings.check`."""
        if run.rollouts.num_workers == 0:
            _check_one_process(run)
        if self.sharding == "full" and self.num_processes == 1:
            raise ConfigError(
                "learner.sharding is 'full' with one learner process; raise learner.num_processes or leave "
                "the sharding out."
            )


def _check_one_process(run: Any) -> None:
    """Refuse settings that need processes of their own in a run that has only one."""
    needs_more = {
        "engine.kind": not run.engine.shares_process,
        "engine.num_engines": run.engine.num_engines > 1,
        "learner.num_processes": run.learner.num_processes > 1,
        "answerer.kind": isinstance(run.answerer, ServingSettings),
        "judge.kind": isinstance(run.judge, ServingSettings),
    }
    for key in (key for key, is_needed in needs_more.items() if is_needed):
        table, _, name = key.partition(".")
        value = getattr(getattr(run, table), name)
        raise ConfigError(
            f"rollouts.num_workers is 0, but {key} is {value!r}, which needs processes beside the run's; "
            "set rollouts.num_workers to 1 or more."
        )


class TRLLearnerSettings(LearnerSettings):
    """TRL's GRPOTrainer, in one process, for tasks of one context.

    Of a manager it trains single chunks between those that `warm_start.teacher` plays.
    """

    kind: Literal["trl"] = "trl"

    def unused_keys(self, run: Any) -> Mapping[str, str]:
        """Return what its trainer does not look at; see `LearnerSettings.unused_keys`."""
        ignored = (
            "algorithm.discount",
            "algorithm.group_start",
            "engine.num_engines",
            "engine.max_staleness",
            "engine.max_restarts",
            "rollouts.address",
        )
        unused = dict.fromkeys(ignored, "learner.kind is 'trl', whose trainer does not use it")
        if run.rollouts.num_workers:
            unused["rollouts.num_workers"] = "learner.kind is 'trl', whose trainer plays without workers"
        if isinstance(run.algorithm, GrpoSettings) and run.algorithm.advantage != "trajectory":
            unused["algorithm.advantage"] = "learner.kind is 'trl', which compares the episodes as wholes"
        if isinstance(run.engine, TransformersSettings):
            unused["algorithm.importance_cap"] = (
                "under learner.kind = 'trl' transformers samples with the learner's own weights"
            )
        return unused

    def check(self, run: Any) -> None:
        """Refuse what its trainer cannot do; see `LearnerSettings.check`."""
        algorithm, engine = run.algorithm, run.engine
        if run.task == "design":
            raise ConfigError(
                "task is 'design', but learner.kind is 'trl', which trains no decisions of a memory design; "
                "use learner.kind = 'memdojo'."
            )
        if not isinstance(algorithm, GrpoSettings):
            raise ConfigError(
                f"algorithm.name is {algorithm.name!r}, but learner.kind is 'trl', whose trainer has grpo "
                "only; use learner.kind = 'memdojo'."
            )
        if self.num_processes > 1 or self.sharding == "full":
            raise ConfigError(
                f"learner.num_processes is {self.num_processes} and learner.sharding {self.sharding!r}, but "
                "learner.kind is 'trl', which trains in one process; use learner.kind = 'memdojo'."
            )
        if algorithm.skip_equal_groups:
            raise ConfigError(
                "algorithm.skip_equal_groups is true, but learner.kind is 'trl', whose trainer skips no "
                "groups; leave it out or take learner.kind = 'memdojo'."
            )
        if algorithm.dual_clip:
            raise ConfigError(
                f"algorithm.dual_clip is {algorithm.dual_clip}, but learner.kind is 'trl', whose trainer has "
                "none; leave it out or take learner.kind = 'memdojo'."
            )
        if not algorithm.normalise:
            raise ConfigError(
                "algorithm.normalise is false, but learner.kind is 'trl', which divides by the deviation; "
                "leave it out or take learner.kind = 'memdojo'."
            )
        if run.reward.get("overlong_responses"):
            raise ConfigError(
                "the reward has overlong_responses, but learner.kind is 'trl', whose episodes do not say how "
                "long a response is; leave it out or take learner.kind = 'memdojo'."
            )
        if algorithm.minibatch_rows:
            raise ConfigError(
                f"algorithm.minibatch_rows is {algorithm.minibatch_rows}, but learner.kind is 'trl'; give "
                "algorithm.minibatch_groups, as many completions of which make a step there."
            )
        if algorithm.entropy_schedule != "constant":
            raise ConfigError(
                f"algorithm.entropy_schedule is {algorithm.entropy_schedule!r}, but learner.kind is 'trl', "
                "whose weight of the entropy stays; leave it out or take learner.kind = 'memdojo'."
            )
        if algorithm.curriculum == "priority":
            raise ConfigError(
                "algorithm.curriculum is 'priority', but learner.kind is 'trl', whose trainer has all "
                "prompts in order before it begins; leave it out or take learner.kind = 'memdojo'."
            )
        if algorithm.minibatch_groups and algorithm.groups_per_update % algorithm.minibatch_groups:
            raise ConfigError(
                f"algorithm.minibatch_groups is {algorithm.minibatch_groups}, but under learner.kind = 'trl' "
                f"it must divide algorithm.groups_per_update, which is {algorithm.groups_per_update}."
            )
        graders = ("answerer", run.answerer, ANSWERERS), ("judge", run.judge, JUDGES)
        for table, grader, kinds in graders:
            if kinds.get(grader.kind).served is not None:
                raise ConfigError(
                    f"{table}.kind is {grader.kind!r}, which learner.kind = 'trl' has no engines for; serve "
                    f"the model (memdojo serve) and use {table}.kind = 'endpoint'."
                )
        self._check_engine(engine)

    def _check_engine(self, engine: Any) -> None:
        if isinstance(engine, VLLMSettings):
            if engine.num_gpus != 1 or self.device == "cpu":
                raise ConfigError(
                    "engine.kind is 'vllm', which under learner.kind = 'trl' shares the learner's one GPU; "
                    "set engine.num_gpus = 1, or on a CPU engine.kind = 'transformers'."
                )
        elif not isinstance(engine, TransformersSettings):
            raise ConfigError(
                f"engine.kind is {engine.kind!r}, but learner.kind is 'trl', whose trainer samples by 'vllm' "
                "or 'transformers'; use one of them, or learner.kind = 'memdojo'."
            )
        elif engine.dtype != self.dtype:
            raise ConfigError(
                f"engine.dtype is {engine.dtype!r} and learner.dtype is {self.dtype!r}, but under "
                "learner.kind = 'trl' transformers samples with the learner's own weights; make them equal."
            )


@dataclass(frozen=True, slots=True)
class LearnerKind:
    """One kind of learner of language policies.

    Attributes:
        settings: Its table `[learner]`; `kind` is the name of the registration.
        trainer: Where the function is that trains with it, as `module:function`.
    """

    settings: type[LearnerSettings]
    trainer: str


LEARNERS: Registry[LearnerKind] = Registry("learner")
LEARNERS.add(
    "memdojo",
    LearnerKind(MemdojoLearnerSettings, "memdojo.train.language.trainer:train_with_memdojo"),
    description="Our own learner, in one process or several.",
)
LEARNERS.add(
    "trl",
    LearnerKind(TRLLearnerSettings, "memdojo.train.language.trl.trainer:train_with_trl"),
    description="TRL's GRPOTrainer, for tasks of one context.",
)
