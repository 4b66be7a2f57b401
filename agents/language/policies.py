"""Language policies: views become token ids, sampled token ids become decisions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from memdojo.envs.answering import Answer, AnswerRequest
from memdojo.envs.episodes.visible import VisibleEpisode
from memdojo.envs.memory.retrieval.candidates import CandidateOrder, candidates_for
from memdojo.envs.memory.retrieval.protocol import Retriever
from memdojo.envs.memory.store import MemoryStore
from memdojo.envs.prompts.protocol import (
    AnswerFormat,
    AnswerView,
    AnyView,
    DecisionView,
    ManagerFormat,
    Message,
    PromptFormat,
    RankingFormat,
    RankingView,
    TeachableFormat,
    ToolFormat,
    num_entries,
    parse_reply,
    showing,
)
from memdojo.envs.prompts.tasks import ManagerTask
from memdojo.envs.prompts.thoughts import closing_mark
from memdojo.envs.types import Hit, MemoryEntry, Operation
from memdojo.errors import EngineError, ModelError, PromptTooLongError

from ..engines.chat_encoding import ChatEncoder, render_chat
from ..engines.decoding import ReplyDecoder, opened_at_end
from ..engines.engine import Generation, GenerationRequest, Sampler, generate_all
from ..engines.event_loop import run_coroutine
from ..engines.on_demand import EngineOnDemand
from .tool_replies import ToolReplies

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


DecisionT = TypeVar("DecisionT")

_DATED = re.compile(r"\[([0-9]{4}-[0-9]{2}-[0-9]{2})\] (.*)", re.DOTALL)


class Prompt(NamedTuple):
    """A view as a model reads it.

    Attributes:
        ids: Token ids, the mark after which the model speaks included.
        view: What the ids show: the view that was given, perhaps with fewer entries.
        num_left_out: Entries, or options, that were left out so that the prompt fits.
    """

    ids: tuple[int, ...]
    view: Any
    num_left_out: int


class PromptEncoder:
    """Renders views by a prompt format and the tokenizer's own chat template.

    What somebody said or wrote is encoded as text, also where it has the marks of the template; see
    `ChatEncoder`.

    A prompt that is too long is shortened by leaving out whole entries, in the order that
    `prompt_format.showing` states, and no more of them than needed.

    Where the format has function calls and the chat template has words for them, the template describes the
    functions, and replies are written in its form; else the format does both.

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
        self._chat = ChatEncoder(tokenizer)
        self._decoder = ReplyDecoder(tokenizer)
        self._tool_format: ToolFormat[Any, Any] | None = None
        self._tool_replies: ToolReplies | None = None
        if isinstance(format, ToolFormat) and has_words_for_tools(tokenizer, format.tools):
            self._tool_format = format
            self._tool_replies = ToolReplies(tokenizer, format.tools)

    def encode(self, view: AnyView) -> Prompt:
        """Return the view as token ids, shortened where it must be.

        Raises:
            PromptTooLongError: If it is too long without any entry.
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
            without, instead = "any entry of the memory", ", or lower streams.turns_per_chunk"
            if isinstance(view, DecisionView):
                without, instead = "any option but the rule's", ""
            raise PromptTooLongError(
                f"a prompt has {len(self._ids(showing(view, 0)))} tokens without {without}, and "
                f"policy.max_prompt_tokens is {self.max_prompt_tokens}; raise it{instead}."
            )
        shown = showing(view, fits)
        return Prompt(self._ids(shown), shown, total - fits)

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text of sampled ids, without the marks of the chat template; see `ReplyDecoder`."""
        return self._decoder.decode(token_ids)

    def completion(self, prompt: Prompt, generation: Generation) -> str:
        """Return what a model wrote in reply to a prompt.

        A thought that the chat template has opened is opened in the text as well, if the reply was cut off:
        nothing else tells it from a reply. Function calls that no other way reads are read by the tokenizer's
        own response template; see `ToolReplies`.
        """
        text = self.decode(generation.token_ids)
        if generation.is_cut:
            return opened_at_end(self.decode_prompt, prompt.ids) + text
        if self._tool_replies is None:
            return text
        whole = self.decode_prompt(generation.token_ids)
        return self._tool_replies.readable(text, self.decode_prompt(prompt.ids), whole)

    def decode_prompt(self, token_ids: Sequence[int]) -> str:
        """Return the text of a prompt's ids, with the marks of the chat template."""
        text: str = self._tokenizer.decode(list(token_ids), skip_special_tokens=False)
        return text

    def encode_reply(self, text: str) -> tuple[int, ...]:
        """Return a reply as a model would sample it: its token ids and the one that ends the turn.

        For supervised training only: sampled replies are never tokenised again. Where the chat template opens
        a thought, the reply begins with the mark that closes it.
        """
        end = self._tokenizer.eos_token_id
        assert isinstance(end, int)  # A model without an end token is refused when it is loaded.
        return (*self._chat.encode_reply(self._thoughtless + text), end)

    @cached_property
    def _thoughtless(self) -> str:
        """What a reply without a thought begins with."""
        opened = opened_at_end(self.decode_prompt, self._chat.encode([Message("user", ".")]))
        return f"{closing_mark(opened)}\n\n" if opened else ""

    def write(self, decision: Any, view: AnyView) -> str:
        """Return the reply that decides so, in the form that the prompt asks for.

        Raises:
            ValueError: If the format has no words for the decision.
        """
        if self._tool_format is not None:
            return self._tool_format.write_for_tools(decision, view)
        format: TeachableFormat[Any, Any] = self.format  # type: ignore[assignment]  # Checked by the caller.
        return format.write(decision, view)

    def _ids(self, view: AnyView) -> tuple[int, ...]:
        if self._tool_format is None:
            return self._chat.encode(self.format.messages(view), instructions=self.format.instructions)
        return self._chat.encode(self._tool_format.tool_messages(view), self._tool_format.tools)


def has_words_for_tools(tokenizer: PreTrainedTokenizerBase, tools: Sequence[dict[str, Any]]) -> bool:
    """Return whether a tokenizer's chat template makes anything of tools: it renders otherwise with them."""
    messages = (Message("system", "."), Message("user", "."))
    try:
        return render_chat(tokenizer, messages, tools) != render_chat(tokenizer, messages)
    except ModelError:
        # A template may refuse tools.
        return False


class Completion(NamedTuple):
    """What a model wrote, what it had been shown, and whether it reached its limit of tokens."""

    text: str
    view: Any
    is_cut: bool

    def decision(self, format: PromptFormat[Any, DecisionT]) -> DecisionT:
        """Return what it decides, as far as it could be parsed."""
        return parse_reply(format, self.text, self.view, is_cut=self.is_cut).decision


class GreedyPolicy:
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

    def complete(self, views: Sequence[AnyView]) -> list[Completion]:
        """Return a completion for each view, in their order.

        Raises:
            PromptTooLongError: If a view is too long without any entry.
        """
        prompts = [self._encoder.encode(view) for view in views]
        requests = [
            GenerationRequest(prompt.ids, self._max_response_tokens, temperature=0.0) for prompt in prompts
        ]
        generations = generate_all(self.engine, requests)
        return [
            Completion(self._encoder.completion(prompt, generation), prompt.view, generation.is_cut)
            for generation, prompt in zip(generations, prompts, strict=True)
        ]


class LanguageManager(GreedyPolicy):
    """A manager that is a language model.

    Args:
        engine: Samples.
        encoder: With a manager's format.
        max_response_tokens: Most tokens of a reply.
        turns_per_chunk: Turns that it was trained to see at a step.
        related_entries: Entries that it is shown; see `ManagerTask`.
        name: Names it in tables.
    """

    def __init__(
        self,
        engine: Sampler,
        encoder: PromptEncoder,
        *,
        max_response_tokens: int,
        turns_per_chunk: int,
        related_entries: int | None = None,
        name: str = "language",
    ) -> None:
        super().__init__(engine, encoder, max_response_tokens, name)
        self.turns_per_chunk = turns_per_chunk
        format: ManagerFormat = encoder.format
        self._task = ManagerTask(format, related_entries)
        self._completions: list[str] = []

    def last_completions(self) -> list[str]:
        """Return for each episode of the last `act` what the model wrote, without marks of its template."""
        return self._completions

    def act(self, episodes: Sequence[VisibleEpisode]) -> list[tuple[Operation, ...]]:
        """Return the operations for the current chunk of each episode, as far as they could be parsed."""
        completions = self.complete([self._task.view(episode) for episode in episodes])
        self._completions = [completion.text for completion in completions]
        return [tuple(completion.decision(self._task.format)) for completion in completions]


class LanguageRetriever(GreedyPolicy):
    """A proxy retriever that is a language model, wherever a `Retriever` is wanted.

    Args:
        engine: Samples.
        encoder: With a retriever's format.
        max_response_tokens: Most tokens of a reply.
        max_candidates: Candidates that it is shown.
        prefilter: Chooses them where there are more, by default BM25; see `candidates_for`.
        candidate_order: In which order they are shown.
        name: Names it in tables.
    """

    ranks_all = False
    """It costs a reply to ask it for more than is needed, so diagnosis does not."""

    def __init__(
        self,
        engine: Sampler,
        encoder: PromptEncoder,
        *,
        max_response_tokens: int,
        max_candidates: int,
        prefilter: Retriever | None = None,
        candidate_order: CandidateOrder = CandidateOrder.TIME,
        name: str = "language",
    ) -> None:
        super().__init__(engine, encoder, max_response_tokens, name)
        self._max_candidates = max_candidates
        self._prefilter = prefilter
        self._candidate_order = candidate_order

    def search(self, store: MemoryStore, query: str, k: int) -> tuple[Hit, ...]:
        """Return the ranked entries; none where the ranking is malformed. The n-th from the end scores n."""
        shown, staying = candidates_for(
            store, query, self._max_candidates, self._prefilter, order=self._candidate_order
        )
        if not shown:
            return ()
        (completion,) = self.complete([RankingView(query, None, shown, k, staying)])
        format: RankingFormat = self._encoder.format
        entries = [store.get(id) for id in completion.decision(format)[:k]]
        found = [entry for entry in entries if entry is not None]
        return tuple(Hit(entry, float(len(found) - rank)) for rank, entry in enumerate(found))


class LanguageAnswerAgent(GreedyPolicy):
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
        return run_coroutine(self.answer_async(requests))

    async def answer_async(self, requests: Sequence[AnswerRequest]) -> list[Answer]:
        """Answer a batch together with whatever else the model is asked at the time."""
        return list(await asyncio.gather(*map(self._answer, requests)))

    async def _answer(self, request: AnswerRequest) -> Answer:
        try:
            prompt = self._encoder.encode(_answer_view(request))
            generation = await self.engine.generate(
                GenerationRequest(prompt.ids, self._max_response_tokens, temperature=0.0)
            )
        except (ModelError, EngineError) as error:
            return Answer(None, str(error))
        format: AnswerFormat = self._encoder.format
        text = self._encoder.completion(prompt, generation)
        completion = Completion(text, prompt.view, generation.is_cut)
        return Answer(completion.decision(format).answer)


def _answer_view(request: AnswerRequest) -> AnswerView:
    entries = tuple(_entry(number, text) for number, text in enumerate(request.context, 1))
    return AnswerView(request.question, request.question_time, entries)


def _entry(number: int, rendered: str) -> MemoryEntry:
    """Return an entry that is rendered so: its date apart, as the agent met it in training."""
    entry = MemoryEntry(number, "fact", rendered, None, 0, 0, ())
    if match := _DATED.fullmatch(rendered):
        # Whatever a manager wrote in brackets need not be a date.
        with suppress(ValueError):
            return replace(entry, text=match[2], time=datetime.fromisoformat(match[1]))
    return entry
