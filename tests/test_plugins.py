"""Installed packages bring things of every kind by one entry-point group."""

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pandas as pd
import pytest

from memdojo.plugins import load_plugins

PLUGIN = '''
from dataclasses import dataclass
from typing import Literal

import memdojo
from memdojo import Chunk, Question, Stream, Turn
from memdojo.agents.baselines.registry import NamedRetriever
from memdojo.agents.baselines.rules import TurnRule, add_turn
from memdojo.agents.engines.settings import EngineSettings
from memdojo.agents.graders.settings import AnswererSettings
from memdojo.envs.answering import Answer
from memdojo.envs.gym.text import MemoryManagerEnv
from memdojo.envs.memory import BM25Retriever, HashedNgramEmbedder
from memdojo.envs.prompts.plain import PlainFormat
from memdojo.envs.streams.attacks.flood import Flood
from memdojo.eval.sweeps.registry import Sweep
from memdojo.train.algorithms.settings import GrpoSettings


@memdojo.register.source("toy_source", splits=("train", "validation", "test"))
def toy_source(split, *, num_streams=2, seed=0):
    """Toys for the test."""
    for number in range(num_streams):
        chunks = tuple(
            Chunk(index, (Turn(f"t{index}", "Ann", text),))
            for index, text in enumerate(("I live in Rome.", "It rains.", "My dog is called Rex."))
        )
        question = Question("q1", "Where does Ann live?", ("Rome",), evidence=frozenset({"t0"}))
        yield Stream(f"toy-{split}-{number}", f"toy-{split}-{number}", chunks, (question,))


@memdojo.register.adversary("toy_adversary")
class ToyAdversary(Flood):
    """Floods under another name."""

    name = "toy_adversary"


@memdojo.register.metric("toy_metric")
def toy_metric(prediction, references):
    """Return 0.75, whatever is said."""
    return 0.75


@memdojo.register.reward_part("toy_part")
def toy_part(outcome):
    """Half a point a step."""
    return 0.5


@memdojo.register.format("manager", "toy_format")
class ToyFormat(PlainFormat):
    """The plain format under another name."""


@memdojo.register.retriever("toy_retriever")
class ToyRetriever(BM25Retriever):
    """BM25 under another name."""

    def __init__(self, option):
        super().__init__()


@memdojo.register.embedder("toy_embedder")
class ToyEmbedder(HashedNgramEmbedder):
    """Hashes under another name."""


@memdojo.register.operation
@dataclass(frozen=True, slots=True)
class Stress(memdojo.Operation):
    """Write an entry in capitals."""

    kind = "STRESS"
    id: int

    def apply(self, store):
        entry = store.entry(self.id)
        store.rewrite(entry, entry.text.upper())


@memdojo.register.baseline("toy_baseline")
class ToyBaseline(TurnRule):
    """Adds every turn in capitals."""

    name = "toy_baseline"

    def decide(self, episode, turn):
        return (add_turn(turn), Stress(episode.store.next_id))


class ToyAnswererSettings(AnswererSettings):
    kind: Literal["toy_answerer"] = "toy_answerer"
    says: str = "Rome"


@memdojo.register.answerer("toy_answerer", ToyAnswererSettings)
class ToyAnswerer:
    """Says the same to every question."""

    fingerprint = "toy"

    def __init__(self, settings, sampler):
        self.says = settings.says

    def answer(self, requests):
        return [Answer(self.says) for request in requests]


class ToyEngineSettings(EngineSettings):
    kind: Literal["toy_engine"] = "toy_engine"


@memdojo.register.engine("toy_engine", ToyEngineSettings)
def toy_engine(model, settings):
    """Gives the same completion to every prompt."""
    from memdojo.agents.engines.scripted_engine import ScriptedEngine

    return ScriptedEngine(lambda prompt_ids: (7, 8))


class ToySettings(GrpoSettings):
    name: Literal["toy_algorithm"] = "toy_algorithm"
    boldness: float = 1.0


@memdojo.register.algorithm("toy_algorithm", ToySettings)
def toy_algorithm(settings):
    """GRPO that prints how bold it is."""
    from memdojo.train.algorithms.grpo import Grpo

    print("boldness", settings.boldness)
    return Grpo(settings)


memdojo.register.retriever_baseline(
    NamedRetriever.of("toy_retriever_baseline", ToyRetriever("")), description="BM25, named again."
)
memdojo.register.sweep(Sweep("toy_sweep", "num_facts", (20, 24), "Does it keep toys?"))
memdojo.register.env("toys/Toy-v0", MemoryManagerEnv, streams="toy_source:test", prompt_format=ToyFormat())
'''

GRADERS = '''
import os
from typing import Literal

import memdojo
from memdojo.agents.engines.chat import Reply
from memdojo.agents.engines.settings import EngineSettings
from memdojo.agents.graders.settings import AnswererSettings, JudgeSettings
from memdojo.envs.answering import Answer


def note(*words):
    with open(os.environ["NOTES"], "a") as file:
        print(*words, file=file)


class NotingSettings(EngineSettings):
    kind: Literal["noting"] = "noting"
    note: str = "default"


@memdojo.register.engine("noting", NotingSettings)
def noting(model, settings):
    """Transformers, with a note at each start."""
    from memdojo.agents.engines.transformers_engine import TransformersEngine

    note("engine", settings.note)
    return TransformersEngine(model, settings)


class FirstSettings(AnswererSettings):
    kind: Literal["first"] = "first"
    prefix: str = ""


@memdojo.register.answerer("first", FirstSettings)
class First:
    """Answers with the best entry as it is."""

    fingerprint = "first"

    def __init__(self, settings, sampler):
        self._prefix = settings.prefix

    def answer(self, requests):
        note("answerer", self._prefix)
        return [Answer(self._prefix + " ".join(request.context[:1])) for request in requests]


class LenientSettings(JudgeSettings):
    kind: Literal["lenient"] = "lenient"


@memdojo.register.judge("lenient", LenientSettings)
class Lenient:
    """Says yes to everything."""

    fingerprint = "lenient"

    def __init__(self, settings, sampler):
        pass

    async def reply_one(self, conversation, max_tokens, temperature=0.0):
        note("judge", "Rightly said" if "Rightly" in conversation[-1].content else "something else")
        return Reply("yes")

    def reply(self, conversations, max_tokens, temperature=0.0):
        note("judge", "of the evaluation")
        return [Reply("yes") for _ in conversations]
'''

SEARCH = '''
import dataclasses
import json
import time
from typing import Annotated, Literal

import memdojo
from memdojo import Chunk, Question, Stream, Turn
from memdojo.agents.baselines.rules import TurnRule, add_turn
from memdojo.settings import OneOf
from memdojo.train.algorithms.settings import AlgorithmSettings
from memdojo.train.config.policies import POLICY_KINDS, PolicySettings
from memdojo.train.config.run import TrainConfig


@memdojo.register.source("small_talk", splits=("train", "validation", "test"))
def small_talk(split, *, num_streams=2):
    """Of each dialogue one turn is worth a memory, and it is the first with at least three words."""
    for number in range(num_streams):
        texts = "It rains.", "Oh.", "I live in Rome.", "Is that so far away from here?"
        chunks = tuple(Chunk(i, (Turn(f"t{i}", "Ann", text),)) for i, text in enumerate(texts))
        question = Question("q1", "Where does Ann live?", ("Rome",), evidence=frozenset({"t2"}))
        yield Stream(f"{split}-{number}", f"{split}-{number}", chunks, (question,))


class WordsSettings(PolicySettings):
    """Stores turns of enough words while there is room."""

    kind: Literal["words"] = "words"
    most_words: int = 9


class SearchSettings(AlgorithmSettings):
    name: Literal["search"] = "search"
    num_updates: int = 4


class WordsConfig(TrainConfig):
    policy: Annotated[WordsSettings, OneOf(POLICY_KINDS)]
    algorithm: SearchSettings = SearchSettings()


memdojo.register.policy("words", WordsSettings, WordsConfig, "search:train", "search:load")


class Words(TurnRule):
    name = "words"

    def __init__(self, min_words):
        self.min_words = min_words

    def decide(self, episode, turn):
        has_room = len(episode.store) < episode.store.capacity.max_entries
        return (add_turn(turn),) if has_room and len(turn.text.split()) >= self.min_words else ()


@dataclasses.dataclass
class Played:
    episode_return: float
    parts: dict
    counts: dict
    scored: bool = True
    memory: dict = dataclasses.field(default_factory=dict)
    record: None = None


class Searcher:
    """Tries one number of words an update and keeps the best."""

    is_main = True

    def __init__(self, config, splits, found):
        self.config, self.splits, self.found = config, splits, found

    def _play(self, split, min_words, reward):
        from memdojo.agents.play import play_manager
        from memdojo.envs.episodes.context import StreamContext
        from memdojo.rewards.scores import sum_scores

        rules, groups = self.config.episode.rules(reward), []
        for number, stream in enumerate(self.splits[split]):
            episode = rules.manager(StreamContext(stream), seed=number)
            (outcome,) = play_manager(Words(min_words), [episode], None)
            score = sum_scores([reward(step) for step in outcome.steps])
            groups.append([Played(score.value, score.parts, {"ADD": len(episode.store)})])
        return groups

    def play(self, update):
        from memdojo.train.loop import Played as PlayedUpdate

        started, self.tried = time.perf_counter(), min(update, self.config.policy.most_words)
        groups = self._play("train", self.tried, memdojo.Reward(self.config.reward))
        steps = 4 * len(groups)
        return PlayedUpdate(groups, {"rollouts/steps_per_s": steps / (time.perf_counter() - started)})

    def learn(self, groups, update):
        score = sum(played.episode_return for group in groups for played in group)
        if self.found is None or score > self.found[0]:
            self.found = score, self.tried
        return {"search/min_words": float(self.found[1])}

    def validate(self, num_recorded=0):
        reward = memdojo.Reward({self.config.evaluation.metric: 1.0})
        return self._play("validation", self.found[1], reward)

    def save(self, folder, training, state):
        from memdojo.train.checkpoints.compact import POLICY_JSON, STATE_JSON, write_json
        from memdojo.train.runs.checkpoint_folders import whole_folder

        record = {"kind": "words", "min_words": self.found[1], "training": dataclasses.asdict(training)}
        with whole_folder(folder) as temporary:
            write_json(temporary / POLICY_JSON, record)
            write_json(temporary / STATE_JSON, {**state, "found": self.found})

    def agree(self, flag):
        return flag

    def close(self):
        pass


def train(config, run, *, resume, progress):
    from memdojo.train.checkpoints.compact import read_state
    from memdojo.train.episodes.splits import load_splits, trained_on
    from memdojo.train.loop import TrainLoop, find_start, prepare_run

    splits = load_splits(config)
    run_state, checkpoint = find_start(run, resume=resume)
    found = None if checkpoint is None else read_state(checkpoint)["found"]
    prepare_run(run, run_state)
    searcher, record = Searcher(config, splits, found), trained_on(config, splits)
    with run:
        return TrainLoop(config, run, searcher, record, run_state, splits["validation"]).run_to_end(progress)


def load(folder):
    from pydantic import TypeAdapter

    from memdojo.train.checkpoints.compact import TrainedOn, read_policy_json
    from memdojo.train.checkpoints.loading import Learned

    record = read_policy_json(folder)
    training = TypeAdapter(TrainedOn).validate_python(record["training"])
    return Learned(folder, "manager", Words(record["min_words"]), training)
'''

USE = """
import gymnasium, memdojo
from memdojo.agents.baselines.registry import make_retriever_baseline
from memdojo.agents.engines.registry import make_engine
from memdojo.agents.graders.registry import make_answerer
from memdojo.envs.memory import make_embedder
from memdojo.envs.prompts.registry import make_format
from memdojo.eval.sweeps.registry import find_sweeps
from memdojo.train.config.files import load_config

config = load_config(
    "memory_r1_manager_laptop",
    [
        "answerer.kind=toy_answerer",
        "answerer.says=Oslo",
        "engine.kind=toy_engine",
        "policy.format=toy_format",
    ],
)
answerer = make_answerer(config.answerer)
engine = make_engine("a/model", config.engine)
print(answerer.answer([None])[0].text, config.policy.format, engine.fingerprint)
choices = memdojo.EvalChoices(
    max_entries=9, retriever="toy_retriever", answerer=answerer, metric="toy_metric", num_resamples=10
)
evaluation = memdojo.evaluate("toy_baseline", "toy_source:test", choices).evaluation
toys = evaluation.streams[evaluation.streams["policy"] == "toy_baseline"]
print(set(evaluation.questions["score"]), sum(toys["stress"]))
print(find_sweeps(("toy_sweep",))[0].values, make_retriever_baseline("toy_retriever_baseline").name)
print(make_embedder("toy_embedder").dim, type(make_format("manager", "toy_format")).__name__)
env = gymnasium.make("toys/Toy-v0", reward={"toy_part": 1.0})
observation, _ = env.reset(seed=0)
print("I live in Rome." in observation, env.step("ADD Ann lives in Rome.")[1])
"""

OLDER = """
from memdojo.envs.streams import StreamSource

SOURCE = StreamSource("x", lambda split: (), description="From before.")


def run():
    import memdojo

    memdojo.register_env("older/Toy-v0", "memdojo.envs.gym.text:MemoryManagerEnv")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages: one brings toys, one is broken, one uses the older groups."""
    folder = tmp_path_factory.mktemp("site")
    _install(folder, "toys", PLUGIN, "[memdojo.plugins]\ntoys = toys\n")
    _install(folder, "broken", "raise RuntimeError('no luck')\n", "[memdojo.plugins]\nbroken = broken:run\n")
    _install(folder, "graders", GRADERS, "[memdojo.plugins]\ngraders = graders\n")
    _install(folder, "search", SEARCH, "[memdojo.plugins]\nsearch = search\n")
    older = "[memdojo.envs]\nolder = older:run\n\n[memdojo.streams]\nolder_source = older:SOURCE\n"
    _install(folder, "older", OLDER, older)
    return folder


def _install(site: Path, name: str, code: str, entry_points: str) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    (site / f"{name}.py").write_text(code)


def _run(
    site: Path,
    code: str,
    *,
    warnings: str = "ignore",
    cwd: Path | None = None,
    returncode: int = 0,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200", **variables}
    command = [sys.executable, "-W", warnings, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, timeout=300)
    assert result.returncode == returncode, result.stderr
    return result


def test_what_a_package_brings_is_used(site: Path) -> None:
    assert _run(site, USE).stdout.splitlines() == [
        "Oslo toy_format scripted(weights=0)",
        "{0.75} 6",
        "(20, 24) toy_retriever_baseline",
        "256 ToyFormat",
        "True 0.5",
    ]


@pytest.mark.parametrize("num_workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_what_a_package_brings_is_trained_with_from_the_command_line(
    site: Path, tmp_path: Path, num_workers: int
) -> None:
    """By a user who never imports it, in the process and in workers: source, embedder, rewards, algorithm."""
    words = (
        "train quickstart --quiet name=toys streams.train=toy_source:train streams.validation="
        "toy_source:validation streams.test=toy_source:test streams.num_train=2 streams.num_validation=1 "
        "streams.num_test=2 features.embedder=toy_embedder reward.toy_part=1.0 reward.toy_metric=1.0 "
        "algorithm.name=toy_algorithm algorithm.boldness=3.0 algorithm.num_updates=1 "
        "algorithm.groups_per_update=2 evaluation.every=1 evaluation.metric=toy_metric "
        f"imitation.num_updates=0 rollouts.num_workers={num_workers}"
    )
    result = _run(site, f"from memdojo.cli import app\napp({words.split()})\n", cwd=tmp_path)
    assert "boldness 3.0" in result.stdout.splitlines()
    assert "toy metric" in result.stdout


@pytest.mark.slow
def test_an_engine_an_answerer_and_a_judge_of_a_package_train_and_evaluate(
    site: Path, tmp_path: Path, tiny_language_model: Path
) -> None:
    """The run is trained in processes of Ray and evaluated in its own; each loads the package by itself."""
    words = (
        "train language_tiny --quiet name=toys warm_start.num_steps=0 rollouts.num_workers=1 "
        "streams.train=toy_source:train streams.validation=toy_source:validation streams.options= "
        "streams.test=toy_source:test streams.num_train=2 streams.num_validation=1 streams.num_test=1 "
        f"policy.model={tiny_language_model} policy.max_response_tokens=6 "
        "engine.kind=noting engine.note=mine answerer.kind=first answerer.prefix=Rightly judge.kind=lenient "
        "reward={judge=1.0} evaluation.metric=judge evaluation.every=1 "
        "algorithm.num_updates=1 algorithm.groups_per_update=2 algorithm.group_size=2"
    )
    notes = tmp_path / "notes"
    run = f"from memdojo.cli import app\napp({words.split()})\n"
    result = _run(site, run, cwd=tmp_path, NOTES=str(notes))
    said = set(notes.read_text().splitlines())
    # The engine of the run and that of the evaluation, which knows the checkpoint alone.
    assert said == {
        "engine mine",
        "answerer Rightly",
        "judge Rightly said",
        "judge of the evaluation",
    }
    assert "judge" in result.stdout
    resolved = (tmp_path / "runs" / "toys" / "config.toml").read_text()
    assert 'kind = "noting"\n' in resolved
    assert 'note = "mine"\n' in resolved
    checkpoint = tmp_path / "runs" / "toys" / "best"
    assert json.loads((checkpoint / "policy.json").read_text())["engine_settings"] == {"note": "mine"}
    wrong = f"from memdojo.cli import app\napp({[*words.split(), 'engine.kind=notin']})\n"
    refused = _run(site, wrong, cwd=tmp_path, returncode=2, NOTES=str(notes))
    assert "engine.kind is 'notin'; it must be 'vllm', 'transformers'" in refused.stderr
    assert "Did you mean 'noting'?" in refused.stderr


WORDS_TOML = """
task = "manager"
[streams]
train = "small_talk:train"
validation = "small_talk:validation"
test = "small_talk:test"
[policy]
kind = "words"
[episode]
max_entries = 1
token_share = inf
[reward]
evidence_recall = 1.0
[evaluation]
every = 1
baselines = ["recency"]
"""

USE_WORDS = """
from pathlib import Path
import memdojo
from memdojo.cli import app
from memdojo.train.checkpoints.loading import load_learned

app(["eval", "runs/words", "--streams", "small_talk:test", "--out", "again"], standalone_mode=False)
run = Path("runs/words")
learned = load_learned(run)
print(learned.policy.min_words, learned.training.groups, learned.config.policy.kind)
with memdojo.open_memory("memory", manager=run) as agent:
    agent.observe("Ann", "It rains.")
    agent.observe("Ann", "My dog is called Rex.")
    print(agent.manager.name, [entry.text for entry in agent.entries])
"""


def test_a_kind_of_policy_of_a_package_is_trained_resumed_evaluated_and_used(
    site: Path, tmp_path: Path
) -> None:
    """One module, installed, is all there is of it: it searches for the least words that a turn must have."""

    def train(*words: str) -> None:
        command = ["train", "words.toml", "--quiet", *words]
        _run(site, f"from memdojo.cli import app\napp({command})\n", cwd=tmp_path)

    (tmp_path / "words.toml").write_text(WORDS_TOML)
    run = tmp_path / "runs" / "words"
    train("algorithm.num_updates=2")
    assert _found(run) == [0, 0]
    train("--resume")
    assert _found(run) == [0, 0, 0, 3]
    assert json.loads((run / "best" / "policy.json").read_text())["min_words"] == 3
    assert _recall(run / "evaluation") == {"words": 1.0, "oracle": 1.0, "recency": 0.0, "no_op": 0.0}
    *_, learned, remembered = _run(site, USE_WORDS, cwd=tmp_path).stdout.splitlines()
    assert learned == "3 ('train-0', 'train-1') words"
    assert remembered == "words ['Ann: My dog is called Rex.']"
    assert _recall(tmp_path / "again") == {"words": 1.0, "oracle": 1.0, "no_op": 0.0}


def _recall(evaluation: Path) -> dict[str, float]:
    questions = pd.read_csv(evaluation / "eval.csv")
    return {str(policy): rows["recall@10"].mean() for policy, rows in questions.groupby("policy")}


def _found(run: Path) -> list[float]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["search/min_words"] for line in lines]


def test_what_a_package_brings_is_listed(site: Path) -> None:
    expected = {
        "envs": ["toys/Toy-v0", "older/Toy-v0"],
        "streams": ["toy_source[:SPLIT]", "Toys for the test.", "older_source", "From before."],
        "baselines": [
            "toy_baseline",
            "Adds every turn in capitals.",
            "toy_retriever_baseline",
            "BM25, named again.",
        ],
        "sweeps": ["toy_sweep", "Does it keep toys?"],
        "list adversaries": ["toy_adversary", "Floods under another name."],
        "list formats": ["toy_format", "The plain format under another name."],
        "list metrics": ["toy_metric", "Return 0.75, whatever is said."],
        "list reward-parts": ["toy_part", "Half a point a step."],
        "list retrievers": ["toy_retriever", "BM25 under another name."],
        "list operations": ["STRESS", "Write an entry in capitals."],
        "list algorithms": ["toy_algorithm", "GRPO that prints how bold it is."],
        "list engines": [
            "toy_engine",
            "Gives the same completion",
            "noting",
            "Transformers, with a note at each start.",
        ],
        "list answerers": [
            "toy_answerer",
            "Says the same",
            "first",
            "Answers with the best entry as it is.",
            "policy",
        ],
        "list policies": ["words", "Stores turns of enough words while there is room."],
        "list judges": ["lenient", "Says yes to everything."],
        "list embedders": ["toy_embedder", "Hashes under another name."],
    }
    code = (
        "from memdojo.cli import app\n"
        f"for words in {list(expected)}:\n"
        "    print('##', words)\n"
        "    app(words.split(), standalone_mode=False)\n"
    )
    listings = dict(part.split("\n", 1) for part in _run(site, code).stdout.split("## ")[1:])
    for kind, words in expected.items():
        assert [word for word in words if word not in listings[kind]] == [], listings[kind]


def test_a_broken_package_is_named_and_takes_nothing_with_it(site: Path) -> None:
    code = "import memdojo; print(memdojo.load_streams('toy_source:test')[0].id)"
    result = _run(site, code, warnings="default")
    assert result.stdout == "toy-test-0\n"
    assert "RuntimeWarning: the plugin broken = broken:run of broken failed with RuntimeError('no luck')" in (
        result.stderr
    )


def test_a_plugin_is_a_module_or_a_function_without_arguments() -> None:
    def plugin(value: str) -> EntryPoint:
        return EntryPoint("mine", value, "memdojo.plugins")

    load_plugins([plugin("math"), plugin("os:getcwd")])
    with pytest.warns(
        RuntimeWarning, match=r"mine = math:pi of an unknown package failed .*is 3.14.*; name a"
    ):
        load_plugins([plugin("math:pi")])
    with pytest.warns(RuntimeWarning, match=r"mine = math:sqrt .* failed with TypeError"):
        load_plugins([plugin("math:sqrt")])
