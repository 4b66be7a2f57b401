"""`memdojo.register`: what other packages bring, one function for each kind.

Most of them are called with a name and the thing itself, or stand as a decorator above the thing:

    memdojo.register.metric("first_letter", first_letter)

    @memdojo.register.metric("first_letter")
    def first_letter(prediction, references): ...

What is registered is known in this process. Worker processes and the command line know it as well
if an installed package registers it under the entry-point group `memdojo.plugins` (see `memdojo.plugins`).

A name belongs to the definition that was registered first; `replace=True` takes it over. Registering the
same definition again, as happens when its module is reloaded, is no error. In tests, `with
REGISTRY.temporarily():` undoes what is registered inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from memdojo.envs.gym.registration import register_env as env
from memdojo.registry import first_line

if TYPE_CHECKING:
    from memdojo.agents.baselines.registry import BuildPolicy, NamedRetriever
    from memdojo.agents.designs.registry import BuildDesign
    from memdojo.agents.engines.chat import ChatModel
    from memdojo.agents.engines.engine import Engine, Sampler
    from memdojo.agents.engines.settings import EngineSettings
    from memdojo.agents.graders.registry import ServedModel
    from memdojo.agents.graders.settings import AnswererSettings, JudgeSettings
    from memdojo.envs.answering import Answerer
    from memdojo.envs.memory.embedders import Embedder
    from memdojo.envs.memory.retrieval.protocol import Retriever
    from memdojo.envs.prompts.registry import BuildFormat
    from memdojo.envs.streams.attacks.protocol import Adversary
    from memdojo.envs.streams.source import StreamLoader
    from memdojo.envs.types import Operation
    from memdojo.eval.sweeps.registry import Sweep
    from memdojo.registry import Registry
    from memdojo.rewards.metrics import Metric
    from memdojo.rewards.parts import PartFunction
    from memdojo.train.algorithms.protocol import Algorithm
    from memdojo.train.algorithms.settings import AlgorithmSettings
    from memdojo.train.config.policies import PolicySettings
    from memdojo.train.config.run import TrainConfig

__all__ = [
    "adversary",
    "algorithm",
    "answerer",
    "baseline",
    "design",
    "embedder",
    "engine",
    "env",
    "format",
    "judge",
    "metric",
    "operation",
    "policy",
    "retriever",
    "retriever_baseline",
    "reward_part",
    "source",
    "sweep",
]

F = TypeVar("F", bound=Callable[..., Any])
OperationT = TypeVar("OperationT", bound="Operation")


def _add(
    registry: Callable[[], Registry[Any]], name: str, value: F | None, description: str, replace: bool
) -> Any:
    """Add the value, or return the decorator that adds what it stands above."""

    def add(value: F) -> F:
        registry().add(name, value, description=description, replace=replace)
        return value

    return add if value is None else add(value)


@overload
def source(
    name: str,
    loader: F,
    *,
    splits: Iterable[str] = (),
    description: str = "",
    replace: bool = False,
) -> F: ...


@overload
def source(
    name: str, *, splits: Iterable[str] = (), description: str = "", replace: bool = False
) -> Callable[[F], F]: ...


def source(
    name: str,
    loader: StreamLoader | None = None,
    *,
    splits: Iterable[str] = (),
    description: str = "",
    replace: bool = False,
) -> Any:
    """Register a source of streams, and return its loader.

    >>> import memdojo
    >>> from memdojo import Chunk, Question, Stream, Turn
    >>> @memdojo.register.source("greetings", splits=("train", "test"))
    ... def greetings(split, *, num_streams=1):
    ...     '''Dialogues of one turn.'''
    ...     for number in range(num_streams):
    ...         id = f"{split or 'train'}-{number}"
    ...         chunk = Chunk(0, (Turn("t1", "Ann", "I live in Rome."),))
    ...         yield Stream(id, id, (chunk,), (Question("q1", "Where does Ann live?", ("Rome",)),))
    >>> [stream.id for stream in memdojo.load_streams("greetings:test", num_streams=2)]
    ['test-0', 'test-1']

    Args:
        name: The word that specs begin with.
        loader: Called as `loader(split, **options)` and returns streams; its keyword arguments are the
            options. The split is "" where a spec names none.
        splits: Splits that a spec may name.
        description: One sentence for listings; if left out, the first line of the loader's docstring.
        replace: Take the place of the source that has the name.

    Raises:
        ConfigError: If the name is malformed or taken.
    """

    def add(loader: F) -> F:
        from memdojo.envs.streams.registry import register_source

        register_source(name, loader, splits=splits, description=description, replace=replace)
        return loader

    return add if loader is None else add(loader)


@overload
def format(task: str, name: str, build: F, *, description: str = "", replace: bool = False) -> F: ...


@overload
def format(task: str, name: str, *, description: str = "", replace: bool = False) -> Callable[[F], F]: ...


def format(
    task: str,
    name: str,
    build: BuildFormat | None = None,
    *,
    description: str = "",
    replace: bool = False,
) -> Any:
    """Register a prompt format, and return what makes it.

    >>> import memdojo
    >>> from memdojo.envs.prompts.plain import PlainFormat
    >>> from memdojo.envs.prompts.registry import make_format
    >>> @memdojo.register.format("manager", "polite")
    ... class PoliteFormat(PlainFormat):
    ...     '''The plain format, politely.'''
    >>> type(make_format("manager", "polite")).__name__
    'PoliteFormat'

    Args:
        task: `manager`, `retriever`, `answer_agent` or `design`.
        name: What a configuration calls it.
        build: Makes the format (`memdojo.envs.prompts.protocol`); called without arguments.
        description: One sentence for listings.
        replace: Take the place of the format that has the name.

    Raises:
        UnknownNameError: If there is no such task.
        ConfigError: If the name is malformed or taken.
    """

    def registry() -> Registry[BuildFormat]:
        from memdojo.envs.prompts.registry import formats_of

        return formats_of(task)

    return _add(registry, name, build, description, replace)


@overload
def adversary(name: str, build: F, *, description: str = "", replace: bool = False) -> F: ...


@overload
def adversary(name: str, *, description: str = "", replace: bool = False) -> Callable[[F], F]: ...


def adversary(
    name: str, build: Callable[[], Adversary] | None = None, *, description: str = "", replace: bool = False
) -> Any:
    """Register an adversary, which any stream can be poisoned by, and return what makes it.

    >>> import memdojo
    >>> from memdojo.envs.streams.attacks import Said, Strike
    >>> @memdojo.register.adversary("shouting")
    ... class Shouting:
    ...     '''Shouts the lure at the end.'''
    ...     name = "shouting"
    ...     def usual_turns(self, stream_turns):
    ...         return 1
    ...     def plan(self, scene, num_turns, rng):
    ...         for target in scene.targets():
    ...             said = Said(target.owner, target.falsehood.upper(), scene.latest(target))
    ...             yield Strike((said,), (target,))
    >>> (stream,) = memdojo.load_streams("synthetic:test", num_streams=1, attack="shouting")
    >>> len(stream.poison.turns)
    1

    Args:
        name: What the option `attack` calls it; the adversary carries the same name.
        build: Makes the adversary (`memdojo.envs.streams.attacks.protocol`); called without arguments.
        description: One sentence for listings.
        replace: Take the place of the adversary that has the name.

    Raises:
        ConfigError: If the name is malformed or taken.
    """

    def registry() -> Registry[Callable[[], Adversary]]:
        from memdojo.envs.streams.attacks.registry import ADVERSARIES

        return ADVERSARIES

    return _add(registry, name, build, description, replace)


def operation(operation: type[OperationT], *, replace: bool = False) -> type[OperationT]:
    """Register a class of operations on a store, and return it; usually as a decorator.

    Evaluations count it in a column of its own, and pages show it as the class says.

    >>> import dataclasses, memdojo
    >>> @memdojo.register.operation
    ... @dataclasses.dataclass(frozen=True, slots=True)
    ... class Shout(memdojo.Operation):
    ...     '''Write an entry in capitals.'''
    ...     kind = "SHOUT"
    ...     id: int
    ...     def apply(self, store):
    ...         entry = store.entry(self.id)
    ...         store.rewrite(entry, entry.text.upper())
    >>> store = memdojo.MemoryStore()
    >>> [store.apply(each, step=0).applied for each in (memdojo.Add("Ann has a dog."), Shout(1))]
    [True, True]
    >>> store.entries[0].text
    'ANN HAS A DOG.'

    Args:
        operation: The class; `memdojo.envs.types.Operation` says what it has.
        replace: Take the place of the class that has the kind.

    Raises:
        ConfigError: If its kind is malformed or taken, or it has no method `apply`.
    """
    from memdojo.envs.memory.operations import register_operation

    return register_operation(operation, replace=replace)


@overload
def metric(name: str, function: F, *, description: str = "", replace: bool = False) -> F: ...


@overload
def metric(name: str, *, description: str = "", replace: bool = False) -> Callable[[F], F]: ...


def metric(name: str, function: Metric | None = None, *, description: str = "", replace: bool = False) -> Any:
    """Register an answer metric, and return it. It is a reward part and a column of reports as well.

    >>> import memdojo
    >>> from memdojo.rewards import metric
    >>> @memdojo.register.metric("same_length")
    ... def same_length(prediction, references):
    ...     '''Return 1 if the prediction is as long as a reference, else 0.'''
    ...     return float(len(prediction) in map(len, references))
    >>> metric("same_length")("Oslo", ["Rome"])
    1.0

    Args:
        name: Letters, digits and `_`.
        function: Maps a prediction and its reference answers to a score in [0, 1]. The references are empty
            if the right answer is that there is no information, a case that
            `memdojo.rewards.metrics.best_reference` handles.
        description: One sentence for listings.
        replace: Take the place of the metric that has the name.

    Raises:
        ConfigError: If the name is malformed, or another metric, grade or reward part has it.
    """

    def registry() -> Registry[Metric]:
        from memdojo.rewards.metrics import METRICS

        return METRICS

    return _add(registry, name, function, description, replace)


def reward_part(
    name: str,
    *,
    needs_answers: bool = False,
    needs_evidence: bool = False,
    needs_tiers: bool = False,
    needs_verdicts: bool = False,
    needs_validity: bool = False,
    by_step: bool = False,
    by_call: bool = False,
) -> Callable[[PartFunction], PartFunction]:
    """Register the decorated function as a reward part; see `memdojo.rewards.RewardPart` for the flags.

    >>> import memdojo
    >>> @memdojo.register.reward_part("writes_nothing")
    ... def writes_nothing(outcome):
    ...     '''Minus 1 at every step that wrote something.'''
    ...     return -float(any(operation.kind != "NOOP" for operation in outcome.operations))
    >>> memdojo.Reward({"writes_nothing": 0.1}).needs_answers
    False

    Raises:
        ConfigError: If the name is malformed, or another reward part, metric or grade has it.
    """
    from memdojo.rewards.parts import register_reward_part

    return register_reward_part(
        name,
        needs_answers=needs_answers,
        needs_evidence=needs_evidence,
        needs_tiers=needs_tiers,
        needs_verdicts=needs_verdicts,
        needs_validity=needs_validity,
        by_step=by_step,
        by_call=by_call,
    )


@overload
def retriever(name: str, factory: F, *, description: str = "", replace: bool = False) -> F: ...


@overload
def retriever(name: str, *, description: str = "", replace: bool = False) -> Callable[[F], F]: ...


def retriever(
    name: str,
    factory: Callable[[str], Retriever] | None = None,
    *,
    description: str = "",
    replace: bool = False,
) -> Any:
    """Register a retriever for specs such as `bm25` or `random:3`, and return what makes it.

    >>> import memdojo
    >>> from memdojo.envs.memory import make_retriever
    >>> @memdojo.register.retriever("latest")
    ... class LatestRetriever:
    ...     '''The entries with the highest ids; latest:NUMBER returns at most so many.'''
    ...     def __init__(self, option):
    ...         self.most = int(option or 5)
    ...     def search(self, store, query, k):
    ...         return store.best([entry.id for entry in store.entries], min(k, self.most))
    >>> make_retriever("latest:3").most
    3

    Args:
        name: What comes before the colon of a spec.
        factory: Makes the retriever; called with what comes after the colon, "" if there is none.
        description: One sentence for listings.
        replace: Take the place of the retriever that has the name.

    Raises:
        ConfigError: If the name is malformed or taken.
    """

    def registry() -> Registry[Callable[[str], Retriever]]:
        from memdojo.envs.memory.retrieval.retrievers import RETRIEVERS

        return RETRIEVERS

    return _add(registry, name, factory, description, replace)


@overload
def embedder(name: str, factory: F, *, description: str = "", replace: bool = False) -> F: ...


@overload
def embedder(name: str, *, description: str = "", replace: bool = False) -> Callable[[F], F]: ...


def embedder(
    name: str,
    factory: Callable[[], Embedder] | None = None,
    *,
    description: str = "",
    replace: bool = False,
) -> Any:
    """Register an embedder, for retrievers (`dense:NAME`) and features, and return what makes it.

    >>> import memdojo, numpy
    >>> from memdojo.envs.memory import make_retriever
    >>> @memdojo.register.embedder("lengths")
    ... class LengthEmbedder:
    ...     '''Whether a text is short.'''
    ...     dim, name = 2, "lengths"
    ...     def embed(self, texts):
    ...         is_short = numpy.array([len(text) < 80 for text in texts], dtype=numpy.float32)
    ...         return numpy.stack([is_short, 1 - is_short], axis=1)
    >>> make_retriever("dense:lengths").embedder.name
    'lengths'

    Args:
        name: What configurations and specs call it.
        factory: Makes the embedder with its default settings; called without arguments.
        description: One sentence for listings.
        replace: Take the place of the embedder that has the name.

    Raises:
        ConfigError: If the name is malformed or taken.
    """

    def registry() -> Registry[Callable[[], Embedder]]:
        from memdojo.envs.memory.embedders import EMBEDDERS

        return EMBEDDERS

    return _add(registry, name, factory, description, replace)


@overload
def baseline(name: str, build: F, *, description: str = "", replace: bool = False) -> F: ...


@overload
def baseline(name: str, *, description: str = "", replace: bool = False) -> Callable[[F], F]: ...


def baseline(
    name: str, build: BuildPolicy | None = None, *, description: str = "", replace: bool = False
) -> Any:
    """Register a manager without training, for evaluations, agents and teachers, and return what makes it.

    >>> import memdojo
    >>> from memdojo.agents.baselines.registry import make_baseline
    >>> from memdojo.agents.baselines.rules import TurnRule
    >>> @memdojo.register.baseline("keep_none")
    ... class KeepNone(TurnRule):
    ...     '''Keeps nothing.'''
    ...     name = "keep_none"
    ...     def decide(self, episode, turn):
    ...         return ()
    >>> make_baseline("keep_none").name
    'keep_none'

    Args:
        name: What a person types; the policy carries the same name.
        build: Makes the policy; its keyword arguments are the baseline's options and all have defaults.
        description: One sentence for listings.
        replace: Take the place of the baseline that has the name.

    Raises:
        ConfigError: If the name is malformed or taken.
    """

    def registry() -> Registry[BuildPolicy]:
        from memdojo.agents.baselines.registry import BASELINES

        return BASELINES

    return _add(registry, name, build, description, replace)


@overload
def design(name: str, build: F, *, description: str = "", replace: bool = False) -> F: ...


@overload
def design(name: str, *, description: str = "", replace: bool = False) -> Callable[[F], F]: ...


def design(
    name: str, build: BuildDesign | None = None, *, description: str = "", replace: bool = False
) -> Any:
    """Register a memory design, and return what makes it. Its own rule is a baseline of the same name.

    >>> import memdojo
    >>> from memdojo.agents.designs.parts.protocol import MemoryDesign
    >>> from memdojo.agents.designs.registry import make_design
    >>> @memdojo.register.design("notebook")
    ... class Notebook(MemoryDesign):
    ...     '''Writes down what was said, and looks it up by BM25.'''
    ...     name = "notebook"
    ...     def write(self, memory, chunk):
    ...         for turn in chunk.turns:
    ...             memory.add(turn.text, sources=(turn.id,), time=turn.time)
    ...         yield from ()
    ...     def read(self, memory, question, k):
    ...         yield from ()
    ...         return memory.matching(question, k)
    >>> make_design("notebook").name
    'notebook'

    Args:
        name: What a person types; the design carries the same name.
        build: Makes the design; its keyword arguments are its parameters and all have defaults.
        description: One sentence for listings.
        replace: Take the place of the design that has the name.

    Raises:
        ConfigError: If the name is malformed or taken.
    """

    def add(build: F) -> F:
        from memdojo.agents.baselines.registry import register_design

        register_design(name, build, description=description, replace=replace)
        return build

    return add if build is None else add(build)


def retriever_baseline(
    retriever: NamedRetriever, *, description: str = "", replace: bool = False
) -> NamedRetriever:
    """Register a retriever that evaluations have among the baselines, and return it.

    Evaluations take every retriever of `memdojo.register.retriever` by its spec. A baseline is what one needs
    besides: to be played by `memdojo eval all`, to be made for each stream, or to draw by a seed.

    >>> import memdojo
    >>> from memdojo.agents.baselines.registry import NamedRetriever, make_retriever_baseline
    >>> from memdojo.envs.memory import BM25Retriever
    >>> flat = NamedRetriever.of("flat_bm25", BM25Retriever(b=0.0))
    >>> memdojo.register.retriever_baseline(flat, description="BM25 that ignores lengths.") is flat
    True
    >>> make_retriever_baseline("flat_bm25") is flat
    True

    Raises:
        ConfigError: If its name is malformed or taken.
    """
    from memdojo.agents.baselines.registry import RETRIEVER_BASELINES

    return RETRIEVER_BASELINES.add(retriever.name, retriever, description=description, replace=replace)


def sweep(sweep: Sweep, *, replace: bool = False) -> Sweep:
    """Register a sweep for `memdojo sweep`, and return it.

    >>> import memdojo
    >>> from memdojo.eval.sweeps.registry import Sweep, find_sweeps
    >>> question = "More questions at the end: does it keep what they ask for?"
    >>> _ = memdojo.register.sweep(Sweep("questions", "num_questions", (5, 10, 20), question))
    >>> [str(point) for point in find_sweeps(("questions",))[0].points]
    ['questions at 5', 'questions at 10', 'questions at 20']

    Raises:
        ConfigError: If its name is malformed or taken.
    """
    from memdojo.eval.sweeps.registry import SWEEPS

    return SWEEPS.add(sweep.name, sweep, description=sweep.tests, replace=replace)


@overload
def engine(
    name: str, settings: type[EngineSettings], make: F, *, description: str = "", replace: bool = False
) -> F: ...


@overload
def engine(
    name: str, settings: type[EngineSettings], *, description: str = "", replace: bool = False
) -> Callable[[F], F]: ...


def engine(
    name: str,
    settings: type[EngineSettings],
    make: Callable[[str, Any], Engine] | None = None,
    *,
    description: str = "",
    replace: bool = False,
) -> Any:
    """Register an inference engine for `engine.kind`, and return what makes it.

    >>> import memdojo
    >>> from typing import Literal
    >>> from memdojo.agents.engines.registry import make_engine
    >>> from memdojo.agents.engines.settings import EngineSettings
    >>> class MumblingSettings(EngineSettings):
    ...     kind: Literal["mumbling"] = "mumbling"
    >>> @memdojo.register.engine("mumbling", MumblingSettings)
    ... def mumbling(model, settings):
    ...     '''Says the same whatever it is asked.'''
    ...     from memdojo.agents.engines.scripted_engine import ScriptedEngine
    ...     return ScriptedEngine(lambda prompt_ids: (7, 8))
    >>> make_engine("a/model", MumblingSettings()).fingerprint
    'scripted(weights=0)'

    Args:
        name: What a configuration calls it.
        settings: Model of the table `[engine]`, whose field `kind` is `Literal[NAME]`.
        make: Loads a model, by folder or hub id, and returns the engine that serves it
            (`memdojo.agents.engines.engine`); called with the model and the settings.
        description: One sentence for listings.
        replace: Take the place of the engine that has the name.

    Raises:
        ConfigError: If the name is malformed or taken, or the settings are not those of the name.
    """

    def add(make: F) -> F:
        from memdojo.agents.engines.registry import ENGINES, EngineKind
        from memdojo.settings import check_kind

        check_kind(settings, name)
        ENGINES.add(
            name, EngineKind(settings, make), description=description or first_line(make), replace=replace
        )
        return make

    return add if make is None else add(make)


@overload
def answerer(
    name: str,
    settings: type[AnswererSettings],
    make: F,
    *,
    served: Callable[[Any], ServedModel] | None = None,
    description: str = "",
    replace: bool = False,
) -> F: ...


@overload
def answerer(
    name: str,
    settings: type[AnswererSettings],
    *,
    served: Callable[[Any], ServedModel] | None = None,
    description: str = "",
    replace: bool = False,
) -> Callable[[F], F]: ...


def answerer(
    name: str,
    settings: type[AnswererSettings],
    make: Callable[[Any, Sampler | None], Answerer] | None = None,
    *,
    served: Callable[[Any], ServedModel] | None = None,
    description: str = "",
    replace: bool = False,
) -> Any:
    """Register an answerer for `answerer.kind`, and return what makes it.

    >>> import memdojo
    >>> from typing import Literal
    >>> from memdojo.agents.graders.registry import make_answerer
    >>> from memdojo.agents.graders.settings import AnswererSettings
    >>> from memdojo.envs.answering import Answer, AnswerRequest
    >>> class ParrotSettings(AnswererSettings):
    ...     kind: Literal["parrot"] = "parrot"
    >>> @memdojo.register.answerer("parrot", ParrotSettings)
    ... class Parrot:
    ...     '''Answers with the best entry as it is.'''
    ...     fingerprint = "parrot"
    ...     def __init__(self, settings, sampler):
    ...         pass
    ...     def answer(self, requests):
    ...         return [Answer(next(iter(request.context), "")) for request in requests]
    >>> make_answerer(ParrotSettings()).answer([AnswerRequest("Where?", ("In Rome.",))])[0].text
    'In Rome.'

    Args:
        name: What a configuration calls it.
        settings: Model of the table `[answerer]`, whose field `kind` is `Literal[NAME]`.
        make: Makes it (`memdojo.envs.answering.Answerer`); called with the settings and what samples from
            the model that `served` names, None for an engine in this process.
        served: Returns, of the settings, the model for which a run starts engines; by default none.
        description: One sentence for listings.
        replace: Take the place of the answerer that has the name.

    Raises:
        ConfigError: If the name is malformed or taken, or the settings are not those of the name.
    """

    def add(make: F) -> F:
        from memdojo.agents.graders.registry import ANSWERERS, GraderKind
        from memdojo.settings import check_kind

        check_kind(settings, name)
        kind: GraderKind[Answerer] = GraderKind(settings, make, served)
        ANSWERERS.add(name, kind, description=description or first_line(make), replace=replace)
        return make

    return add if make is None else add(make)


@overload
def judge(
    name: str,
    settings: type[JudgeSettings],
    make: F,
    *,
    served: Callable[[Any], ServedModel] | None = None,
    description: str = "",
    replace: bool = False,
) -> F: ...


@overload
def judge(
    name: str,
    settings: type[JudgeSettings],
    *,
    served: Callable[[Any], ServedModel] | None = None,
    description: str = "",
    replace: bool = False,
) -> Callable[[F], F]: ...


def judge(
    name: str,
    settings: type[JudgeSettings],
    make: Callable[[Any, Sampler | None], ChatModel] | None = None,
    *,
    served: Callable[[Any], ServedModel] | None = None,
    description: str = "",
    replace: bool = False,
) -> Any:
    """Register a judge for `judge.kind`, and return what makes it.

    >>> import memdojo
    >>> from typing import Literal
    >>> from memdojo.agents.engines.chat import Reply
    >>> from memdojo.agents.graders.registry import make_judge_chat
    >>> from memdojo.agents.graders.settings import JudgeSettings
    >>> class MildSettings(JudgeSettings):
    ...     kind: Literal["mild"] = "mild"
    >>> @memdojo.register.judge("mild", MildSettings)
    ... class MildJudge:
    ...     '''Says yes to everything.'''
    ...     fingerprint = "mild"
    ...     def __init__(self, settings, sampler):
    ...         pass
    ...     async def reply_one(self, conversation, max_tokens, temperature=0.0):
    ...         return Reply("yes")
    ...     def reply(self, conversations, max_tokens, temperature=0.0):
    ...         return [Reply("yes") for conversation in conversations]
    >>> make_judge_chat(MildSettings()).reply([[]], max_tokens=1)[0].text
    'yes'

    Args:
        name: What a configuration calls it.
        settings: Model of the table `[judge]`, whose field `kind` is `Literal[NAME]`.
        make: Makes the model that grades (`memdojo.agents.engines.chat.ChatModel`); called as for `answerer`.
        served: As for `answerer`.
        description: One sentence for listings.
        replace: Take the place of the judge that has the name.

    Raises:
        ConfigError: If the name is malformed or taken, or the settings are not those of the name.
    """

    def add(make: F) -> F:
        from memdojo.agents.graders.registry import JUDGES, GraderKind
        from memdojo.settings import check_kind

        check_kind(settings, name)
        kind: GraderKind[ChatModel | None] = GraderKind(settings, make, served)
        JUDGES.add(name, kind, description=description or first_line(make), replace=replace)
        return make

    return add if make is None else add(make)


@overload
def algorithm(
    name: str,
    settings: type[AlgorithmSettings],
    make: F,
    *,
    description: str = "",
    replace: bool = False,
) -> F: ...


@overload
def algorithm(
    name: str, settings: type[AlgorithmSettings], *, description: str = "", replace: bool = False
) -> Callable[[F], F]: ...


def algorithm(
    name: str,
    settings: type[AlgorithmSettings],
    make: Callable[[Any], Algorithm[Any]] | None = None,
    *,
    description: str = "",
    replace: bool = False,
) -> Any:
    """Register an algorithm for `algorithm.name`, and return what makes it.

    >>> import memdojo
    >>> from typing import Literal
    >>> from memdojo.train.algorithms.settings import GrpoSettings
    >>> class BoldSettings(GrpoSettings):
    ...     name: Literal["bold"] = "bold"
    ...     boldness: float = 2.0
    >>> @memdojo.register.algorithm("bold", BoldSettings)
    ... def bold(settings):
    ...     '''GRPO with larger advantages.'''
    ...     from memdojo.train.algorithms.grpo import Grpo  # needs torch, so it is imported here
    ...     class Bold(Grpo):
    ...         def estimate(self, groups, values):
    ...             estimates = super().estimate(groups, values)
    ...             return estimates._replace(advantages=settings.boldness * estimates.advantages)
    ...     return Bold(settings)
    >>> from memdojo.train.algorithms.registry import make_algorithm
    >>> make_algorithm(BoldSettings(num_updates=1, boldness=3.0)).settings.boldness
    3.0

    Args:
        name: What a configuration calls it.
        settings: Model of the table `[algorithm]`, whose field `name` is `Literal[NAME]`.
        make: The class of the algorithm (`memdojo.train.algorithms.protocol`), or a function that makes it
            from its settings.
        description: One sentence for listings.
        replace: Take the place of the algorithm that has the name.

    Raises:
        ConfigError: If the name is malformed or taken, or the settings are not those of the name.
    """

    def add(make: F) -> F:
        from memdojo.settings import check_kind
        from memdojo.train.algorithms.registry import ALGORITHMS, AlgorithmKind

        check_kind(settings, name, tag="name")
        said = description or first_line(make)
        ALGORITHMS.add(name, AlgorithmKind(settings, make), description=said, replace=replace)
        return make

    return add if make is None else add(make)


def policy(
    name: str,
    settings: type[PolicySettings],
    config: type[TrainConfig],
    trainer: str,
    loader: str = "",
    *,
    description: str = "",
    replace: bool = False,
) -> None:
    """Register a kind of policy for `policy.kind`.

    >>> import memdojo
    >>> from typing import Annotated, Literal
    >>> from memdojo.settings import OneOf
    >>> from memdojo.train.config.policies import POLICY_KINDS, PolicySettings
    >>> from memdojo.train.config.run import TrainConfig
    >>> class TableSettings(PolicySettings):
    ...     kind: Literal["table"] = "table"
    ...     num_rows: int = 100
    >>> class TableConfig(TrainConfig):
    ...     policy: Annotated[TableSettings, OneOf(POLICY_KINDS)]
    >>> where = "my_package.training:train", "my_package.training:load"
    >>> memdojo.register.policy("table", TableSettings, TableConfig, *where)
    >>> POLICY_KINDS.get("table").trainer
    'my_package.training:train'

    Args:
        name: What a configuration calls it.
        settings: Model of the table `[policy]`, whose field `kind` is `Literal[NAME]`.
        config: Model of a whole configuration, with the tables that such policies have.
        trainer: Where the function is that trains one, as `module:function`; imported when a run begins. It
            takes what `memdojo.train.dispatch.train` does; what all trainings have in common is in
            `memdojo.train.loop.TrainLoop`.
        loader: Where the function is that loads a checkpoint of one, whose `policy.json` names the kind as
            `kind`: it takes the folder and returns a `memdojo.train.checkpoints.loading.Learned`. Left out
            if the checkpoints are those of another kind.
        description: One sentence for listings; if left out, the first line of the settings' docstring.
        replace: Take the place of the kind that has the name.

    Raises:
        ConfigError: If the name is malformed or taken, or the settings are not those of the name.
    """
    from memdojo.settings import check_kind
    from memdojo.train.config.policies import POLICY_KINDS, PolicyKind

    check_kind(settings, name)
    said = description or first_line(settings)
    kind = PolicyKind(settings, config, trainer, loader)
    POLICY_KINDS.add(name, kind, description=said, replace=replace)
