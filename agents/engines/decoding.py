"""From sampled token ids to the text of a reply, with the marks of thoughts and calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from memdojo.envs.prompts.thoughts import is_thought_mark, opened_thought
from memdojo.envs.prompts.tool_calls import is_call_mark

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_END_OF_PROMPT = 16
_CHANNEL = "<|channel|>"
# Of gpt-oss, which says with them who speaks and to whom.
_CHANNEL_MARKS = frozenset((_CHANNEL, "<|message|>", "<|start|>", "<|end|>", "<|constrain|>", "<|call|>"))


def opened_at_end(decode: Callable[[Sequence[int]], str], prompt_ids: Sequence[int]) -> str:
    """Return the mark at the end of a prompt that opens a thought; empty where there is none.

    Args:
        decode: Returns the text of ids, marks included.
        prompt_ids: Of the prompt.
    """
    return opened_thought(decode(prompt_ids[-_END_OF_PROMPT:]))


class ReplyDecoder:
    """Decodes what a model sampled, without the special tokens of its chat template.

    Where the marks of thoughts and function calls are special tokens (Magistral's `[THINK]`, Mistral's
    `[TOOL_CALLS]`, the channels of gpt-oss), they stay: without them a thought could not be told from a
    reply.

    Args:
        tokenizer: Of the model.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text of a reply."""
        if not self._kept:
            text: str = self._tokenizer.decode(list(token_ids), skip_special_tokens=True)
            return text
        shown = [id for id in token_ids if id not in self._special or id in self._kept]
        text = self._tokenizer.decode(shown, skip_special_tokens=False)
        return text

    @cached_property
    def _special(self) -> frozenset[int]:
        added = self._tokenizer.added_tokens_decoder
        return frozenset(id for id, token in added.items() if token.special)

    @cached_property
    def _kept(self) -> frozenset[int]:
        added = self._tokenizer.added_tokens_decoder
        names = {id: added[id].content for id in self._special}
        has_channels = _CHANNEL in names.values()
        return frozenset(
            id
            for id, name in names.items()
            if is_thought_mark(name) or is_call_mark(name) or (has_channels and name in _CHANNEL_MARKS)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return ReplyDecoder, (self._tokenizer,)
