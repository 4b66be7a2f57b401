"""Language policies: views become token ids, sampled token ids become decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.manager_episode import ManagerEpisode
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.prompt_format import (
    AnswerFormat,
    AnswerView,
    AnyView,
    ManagerFormat,
    PromptFormat,
    RankingFormat,
    RankingView,
    num_entries,
    showing,
)
from memdojo.envs.stream_env import select_candidates
from memdojo.envs.text_tasks import ManagerTask
from memdojo.envs.types import Hit, MemoryEntry, Operation
from memdojo.errors import ModelError

from .engines.engine import GenerationRequest, Sampler, generate_all
from .engines.on_demand import EngineOnDemand

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Prompt(NamedTuple):
    """A view as a model reads it.

    Attributes:
        ids: Token ids, the mark after which the model speaks included.
        view: What the ids show: the view that was given, perhaps with fewer entries.
        num_left_out: Entries that were left out so that the prompt fits.
    """

    ids: tuple[int, ...]
    view: Any
    num_left_out: int


class PromptEncoder:
    """Renders views by a prompt format and the tokenizer's own chat template.

    A prompt that is too long is shortened by leaving out whole entries, in the order that
    `prompt_format.showing` states, and no more of them than needed.

    Args:
        tokenizer: With a chat template.
        format: How the policy is spoken to.
        max_prompt_tokens: Longest prompt.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        format: PromptFormat[Any, Any],
        max_prompt_tokens: int,
    ) -> None:
        self.format = format
        self.max_prompt_tokens = max_prompt_tokens
        self._tokenizer = tokenizer

    def encode(self, view: AnyView) -> Prompt:
        """Return the view as token ids, shortened where it must be.

        Raises:
            ModelError: If it is too long without any entry.
        """
        ids = self._ids(view)
        if len(ids) <= self.max_prompt_tokens:
            return Prompt(ids, view, 0)
        total = num_entries(view)
        # The most entries that fit: a prompt with fewer entries is never longer.
        fits, too_many = -1, total
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            if len(self._ids(showing(view, middle))) <= self.max_prompt_tokens:
                fits = middle
            else:
                too_many = middle
        if fits < 0:
            raise ModelError(
                f"a prompt has {len(self._ids(showing(view, 0)))} tokens without any entry of the memory, "
                f"and policy.max_prompt_tokens is {self.max_prompt_tokens}; raise it, or lower "
                "streams.turns_per_chunk."
            )
        shown = showing(view, fits)
        return Prompt(self._ids(shown), shown, total - fits)

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text of sampled ids, without the marks of the chat template."""
        text: str = self._tokenizer.decode(list(token_ids), skip_special_tokens=True)
        return text

    def decode_prompt(self, token_ids: Sequence[int]) -> str:
        """Return the text of a prompt's ids, with the marks of the chat template."""
        text: str = self._tokenizer.decode(list(token_ids), skip_special_tokens=False)
        return text

    def encode_reply(self, text: str) -> tuple[int, ...]:
        """Return a reply as a model would sample it: its token ids and the one that ends the turn.

        For supervised training only: sampled replies are never tokenised again.
        """
        ids = self._tokenizer.encode(text, add_special_tokens=False)
        end = self._tokenizer.eos_token_id
        assert isinstance(end, int)  # A model without an end token is refused when it is loaded.
        return (*ids, end)

    def _ids(self, view: AnyView) -> tuple[int, ...]:
        messages = [{"role": each.role, "content": each.content} for each in self.format.messages(view)]
        text = self._tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return tuple(self._tokenizer.encode(text, add_special_tokens=False))


class _LanguagePolicy:
    """What speaks for a model: greedily, with an engine of its own.

    Attributes:
        name: Names it in tables.
        engine: Samples.
    """

    stochastic = False

    def __init__(self, engine: Sampler, encoder: PromptEncoder, max_response_tokens: int, name: str) -> None:
        self.name = name
        self.engine = engine
        self._encoder = encoder
        self._max_response_tokens = max_response_tokens

    def release(self) -> None:
        """Give the model's memory back until the policy acts again, if the engine is one that can."""
        if isinstance(self.engine, EngineOnDemand):
            self.engine.release()

    def _complete(self, views: Sequence[AnyView]) -> list[tuple[str, Any]]:
        """Return a completion for each view, with what the model was shown of it."""
        prompts = [self._encoder.encode(view) for view in views]
        requests = [
            GenerationRequest(prompt.ids, self._max_response_tokens, temperature=0.0) for prompt in prompts
        ]
        generations = generate_all(self.engine, requests)
        return [
            (self._encoder.decode(generation.token_ids), prompt.view)
            for generation, prompt in zip(generations, prompts, strict=True)
        ]


class LanguageManager(_LanguagePolicy):
    """A manager that is a language model.

    Args:
        engine: Samples.
        encoder: With a manager's format.
        max_response_tokens: Most tokens of a reply.
        turns_per_chunk: Turns that it was trained to see at a step.
        name: Names it in tables.
    """

    def __init__(
        self,
        engine: Sampler,
        encoder: PromptEncoder,
        *,
        max_response_tokens: int,
        turns_per_chunk: int,
        name: str = "language",
    ) -> None:
        super().__init__(engine, encoder, max_response_tokens, name)
        self.turns_per_chunk = turns_per_chunk
        format: ManagerFormat = encoder.format
        self._task = ManagerTask(format)

    def act(self, episodes: Sequence[ManagerEpisode]) -> list[tuple[Operation, ...]]:
        """Return the operations for the current chunk of each episode, as far as they could be parsed."""
        completions = self._complete([self._task.view(episode) for episode in episodes])
        return [tuple(self._task.format.parse(text, view).decision) for text, view in completions]


class LanguageRetriever(_LanguagePolicy):
    """A proxy retriever that is a language model, wherever a `Retriever` is wanted.

    Args:
        engine: Samples.
        encoder: With a retriever's format.
        max_response_tokens: Most tokens of a reply.
        max_candidates: Candidates that it is shown; see `select_candidates`.
        name: Names it in tables.
    """

    def __init__(
        self,
        engine: Sampler,
        encoder: PromptEncoder,
        *,
        max_response_tokens: int,
        max_candidates: int,
        name: str = "language",
    ) -> None:
        super().__init__(engine, encoder, max_response_tokens, name)
        self._max_candidates = max_candidates

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return the ranked entries; none where the ranking is malformed. The n-th from the end scores n."""
        shown = select_candidates(store, query, self._max_candidates)
        if not shown:
            return ()
        ((text, view),) = self._complete([RankingView(query, None, shown, k)])
        format: RankingFormat = self._encoder.format
        entries = [store.get(id) for id in format.parse(text, view).decision[:k]]
        found = [entry for entry in entries if entry is not None]
        return tuple(Hit(entry, float(len(found) - rank)) for rank, entry in enumerate(found))


class LanguageAnswerAgent(_LanguagePolicy):
    """An answer agent that is a language model, wherever an `Answerer` is wanted.

    Args:
        engine: Samples.
        encoder: With an answer agent's format.
        max_response_tokens: Most tokens of a reply.
        name: Names it in tables.
    """

    def __init__(
        self, engine: Sampler, encoder: PromptEncoder, *, max_response_tokens: int, name: str = "language"
    ) -> None:
        super().__init__(engine, encoder, max_response_tokens, name)

    @property
    def fingerprint(self) -> str:
        """Names the model and how it is spoken to."""
        return f"{self.engine.fingerprint} {self._encoder.format.name} {self._max_response_tokens}"

    def answer(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer a batch; where the model gave no answer, it is an empty one."""
        completions = self._complete([_answer_view(request) for request in requests])
        format: AnswerFormat = self._encoder.format
        return [Answer(format.parse(text, view).decision.answer) for text, view in completions]


def _answer_view(request: AnswerRequest) -> AnswerView:
    entries = tuple(
        MemoryEntry(number, "fact", text, None, 0, 0, ()) for number, text in enumerate(request.context, 1)
    )
    return AnswerView(request.question, request.question_time, entries)
