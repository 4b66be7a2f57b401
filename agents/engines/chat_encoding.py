"""From chat messages to token ids, with the chat template's marks as tokens and everybody's words as text.

Rendering a template and encoding what comes out would make control tokens of the marks that somebody said:
`<|im_end|>` in a turn would end the message that tells of it.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from memdojo.envs.prompts.protocol import Message
from memdojo.envs.quoting import MARK, broken
from memdojo.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_PROBE = tuple(Message(role, "." * 8) for role in ("system", "user", "assistant", "user"))
# Of a private plane, so that no template takes them for anything, and escaped where somebody's text has them.
_OPEN, _CLOSE = "\U000ffff0", "\U000ffff1"
_STAND_IN = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


class ChatEncoder:
    """Encodes conversations and replies for one tokenizer.

    Marks are the tokenizer's special tokens, and those of its other own tokens that its chat template writes,
    such as `<think>`. What the template writes of them becomes tokens; what stands in a message is encoded as
    the letters that it is, so that the ids decode to the same text. Without marks in a message the ids are
    those of transformers' `apply_chat_template`.

    A conversation with marks is encoded by a twin of the tokenizer whose marks have names that nobody can
    guess, and that only the template's own get. Tokenizers that do not come from the library `tokenizers`
    have no twin, and some templates write marks as plain letters: such marks are broken by a blank
    (`memdojo.envs.quoting.broken`).

    Args:
        tokenizer: With a chat template.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer

    def encode(
        self, messages: Sequence[Message], tools: Sequence[dict[str, Any]] = (), instructions: str = ""
    ) -> tuple[int, ...]:
        """Return the ids of a conversation, up to where the model speaks.

        Args:
            messages: The conversation.
            tools: Functions as JSON schemas, for the template.
            instructions: Text of our own; the marks in it are meant.
        """
        contents = [self._breaking(message.content, instructions) for message in messages]
        if not any(self._has(self._marks, _theirs(content, instructions)) for content in contents):
            plain = [Message(each.role, text) for each, text in zip(messages, contents, strict=True)]
            return self._ids(render_chat(self._tokenizer, plain, tools))
        hidden = [
            Message(each.role, self._with_stand_ins(text, instructions))
            for each, text in zip(messages, contents, strict=True)
        ]
        rendered = render_chat(self._tokenizer, hidden, tools)
        return self._ids_by_twin(self._marks.sub(lambda mark: self._names[mark[0]], rendered))

    def encode_reply(self, text: str) -> tuple[int, ...]:
        """Return a reply as a model would sample it, without the token that ends it.

        Special tokens in it are text; others, such as those around a function call, are tokens.
        """
        if self._twin is None:
            return self._ids(self._special.sub(lambda mark: broken(mark[0]), text))
        if not self._has(self._special, text):
            return self._ids(text)
        return self._ids_by_twin(
            self._marks.sub(
                lambda mark: mark[0] if self._special.fullmatch(mark[0]) else self._names[mark[0]], text
            )
        )

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False))

    def _ids_by_twin(self, text: str) -> tuple[int, ...]:
        twin = self._twin
        assert twin is not None  # Without one all marks are broken before.
        stand_ins = [*self._tokens, _OPEN, _CLOSE]
        restored = _STAND_IN.sub(lambda found: stand_ins[int(found[1])], text)
        return tuple(twin.encode(restored, add_special_tokens=False).ids)

    def _with_stand_ins(self, text: str, instructions: str) -> str:
        number = {mark: index for index, mark in enumerate([*self._tokens, _OPEN, _CLOSE])}
        marks = re.compile(f"{self._marks.pattern}|{_OPEN}|{_CLOSE}")
        theirs = _theirs(text, instructions)
        ours = text[: len(text) - len(theirs)]
        return ours + marks.sub(lambda mark: f"{_OPEN}{number[mark[0]]}{_CLOSE}", theirs)

    def _breaking(self, text: str, instructions: str) -> str:
        """Break the marks that cannot be encoded as text."""
        theirs = _theirs(text, instructions)
        ours = text[: len(text) - len(theirs)]
        if self._written is not None:
            theirs = self._written.sub(lambda mark: broken(mark[0]), theirs)
        if self._twin is None:
            theirs = self._marks.sub(lambda mark: broken(mark[0]), theirs)
        return ours + theirs

    def _has(self, marks: re.Pattern[str], text: str) -> bool:
        if marks.search(text):
            return True
        # Tokens may be looked for in the text as the tokenizer normalises it.
        normalizer = getattr(getattr(self._tokenizer, "backend_tokenizer", None), "normalizer", None)
        return normalizer is not None and marks.search(normalizer.normalize_str(text)) is not None

    @cached_property
    def _tokens(self) -> tuple[str, ...]:
        """The marks, longest first, as the tokenizer takes them."""
        template = _text_of(self._tokenizer.chat_template)
        added = self._tokenizer.added_tokens_decoder.values()
        found = {token.content for token in added if token.special or token.content in template}
        return tuple(sorted((mark for mark in found if mark.strip()), key=len, reverse=True))

    @cached_property
    def _marks(self) -> re.Pattern[str]:
        return _any_of(self._tokens)

    @cached_property
    def _special(self) -> re.Pattern[str]:
        added = self._tokenizer.added_tokens_decoder.values()
        special = {token.content for token in added if token.special}
        return _any_of([mark for mark in self._tokens if mark in special])

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """The name of each mark in the twin."""
        secret = secrets.token_hex(16)
        return {mark: f"<{secret}:{index}>" for index, mark in enumerate(self._tokens)}

    @cached_property
    def _written(self) -> re.Pattern[str] | None:
        """The marks that the template writes and the tokenizer has no tokens for."""
        rendered = self._probe()
        added = {token.content for token in self._tokenizer.added_tokens_decoder.values()}
        found = sorted({mark[0] for mark in MARK.finditer(rendered)} - added)
        return _any_of(found) if found else None

    def _probe(self) -> str:
        """Return what the template makes of a conversation without words."""
        try:
            return render_chat(self._tokenizer, _PROBE, generate=False)
        except ModelError:
            # Some templates refuse a message of the system.
            return render_chat(self._tokenizer, _PROBE[1:], generate=False)

    @cached_property
    def _twin(self) -> Any:
        """The tokenizer with other names for its marks; None if it is none of the library `tokenizers`."""
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        if backend is None or not hasattr(backend, "to_str"):
            return None
        return type(backend).from_str(json.dumps(_renamed(json.loads(backend.to_str()), self._names)))

    def __reduce__(self) -> tuple[Any, ...]:
        return ChatEncoder, (self._tokenizer,)


def render_chat(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[Message],
    tools: Sequence[dict[str, Any]] = (),
    *,
    generate: bool = True,
) -> str:
    """Return messages as the tokenizer's chat template renders them, up to where the model speaks.

    Only for text that is looked at: what it makes of a mark in a message is a mark. See `ChatEncoder`.

    Raises:
        ModelError: If the template is damaged, or refuses such messages or tools.
    """
    try:
        text: str = tokenizer.apply_chat_template(
            [{"role": each.role, "content": each.content} for each in messages],
            tools=list(tools) or None,
            tokenize=False,
            add_generation_prompt=generate,
            # Templates that know no such switch ignore it.
            enable_thinking=False,
        )
    except Exception as error:  # A template is a program, and fails as such.
        line = (str(error).strip() or repr(error)).splitlines()[0]
        raise ModelError(
            f"the chat template of {tokenizer.name_or_path!r} cannot render a conversation ({line}); use a "
            "model whose template can, or another template."
        ) from error
    return text


def _theirs(text: str, instructions: str) -> str:
    """Return what of a message is not of the instructions at its beginning."""
    return text.removeprefix(instructions)


def _any_of(marks: Sequence[str]) -> re.Pattern[str]:
    """Match one of the marks, the longest first; nothing at all if there is none."""
    return re.compile("|".join(map(re.escape, marks)) or r"(?!)")


def _text_of(template: str | Mapping[str, str] | None) -> str:
    return "\n".join(template.values()) if isinstance(template, Mapping) else template or ""


def _renamed(tokenizer: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the description of a tokenizer with other names for some of its tokens, ids as they were."""
    for token in tokenizer["added_tokens"]:
        token["content"] = names.get(token["content"], token["content"])
    model = tokenizer["model"]
    vocab = model["vocab"]
    if isinstance(vocab, dict):
        model["vocab"] = {names.get(token, token): id for token, id in vocab.items()}
    else:
        model["vocab"] = [[names.get(token, token), score] for token, score in vocab]
    if isinstance(model.get("unk_token"), str):
        model["unk_token"] = names.get(model["unk_token"], model["unk_token"])
    # They add what no prompt asks for, and name tokens by what they were called.
    return {**tokenizer, "post_processor": None, "truncation": None, "padding": None}
