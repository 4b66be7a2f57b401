"""Function calls in forms that only a tokenizer's own response template describes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from memdojo.envs.prompts.tool_calls import Call, in_block, read_calls, write_call

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MAX_CHARACTERS = 20_000
"""Longest reply that a template is tried on: its patterns may take the square of that."""


class ToolReplies:
    """Rewrites calls that `read_calls` cannot read, as transformers' `parse_response` reads them.

    A tokenizer may bring its response template, and TRL knows those of several chat templates. They come
    second, because they take a mark within a text for the end of a call.

    Args:
        tokenizer: Of the model.
        tools: The functions as JSON schemas.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, tools: Sequence[dict[str, Any]]) -> None:
        self._tokenizer = tokenizer
        self._tools = list(tools)
        described = [tool.get("function", tool) for tool in tools]
        self._functions = {
            each["name"]: tuple(each.get("parameters", {}).get("properties", ())) for each in described
        }

    def readable(self, text: str, prompt: str, whole: str) -> str:
        """Return a reply whose calls `read_calls` can read, if anything can; else the text as it is.

        Args:
            text: The reply without the special tokens of the chat template.
            prompt: The text of the prompt, with them.
            whole: The reply with them.
        """
        if len(whole) > _MAX_CHARACTERS:
            return text
        found = read_calls(text, self._functions)
        if not found or any(isinstance(each, Call) for each in found) or self._template is None:
            return text
        try:
            message = self._tokenizer.parse_response(whole, self._template, prefix=prompt, tools=self._tools)
            calls = [call["function"] for call in message["tool_calls"]]
            return "\n".join(in_block(write_call(call["name"], call["arguments"])) for call in calls)
        except (ValueError, TypeError, KeyError):
            # What a model writes need not have the form of its template.
            return text

    @cached_property
    def _template(self) -> dict[str, Any] | None:
        own: dict[str, Any] | None = getattr(self._tokenizer, "response_template", None)
        return _known_to_trl(self._tokenizer.chat_template) if own is None else own


def _known_to_trl(chat_template: object) -> dict[str, Any] | None:
    try:
        from trl.chat_template_utils import add_response_schema

        described = add_response_schema(SimpleNamespace(chat_template=chat_template))
    except (ImportError, ValueError):
        # TRL is not installed, or does not know the template.
        return None
    template: dict[str, Any] | None = getattr(described, "response_template", None)
    return template
