"""How the tokens of limits, rewards and tables are counted: by our own rule, or by a model's tokenizer."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from memdojo.errors import ConfigError, missing_for_language, reason_of

from .analysis import count_tokens, exceeds_tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_FILE = "tokenizer.json"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


class TokenCounter:
    """Counts as `count_tokens` does; the counter where no tokenizer is named.

    Attributes:
        name: The tokenizer that it counts by; None for none.
    """

    name: str | None = None

    def count(self, text: str) -> int:
        """Return the tokens of a text: none of an empty one, and at least one of every text with a word."""
        return count_tokens(text)

    def exceeds(self, text: str, max_tokens: int) -> bool:
        """Return whether a text has more than `max_tokens` tokens."""
        return exceeds_tokens(text, max_tokens)


class ModelTokenCounter(TokenCounter):
    """Counts by the tokenizer of a language model, as it encodes text within a prompt.

    A text is text: special tokens that stand in it are the letters that they are, and none are added. A
    token that stands for what the tokenizer does not know counts as that text does by our own rule, so that
    no text is free for being unknown.

    Args:
        name: What to call it.
        tokenizer: Its settings for special tokens, truncation and padding are changed.
    """

    _MAX_TEXTS = 4096
    _MAX_LENGTH = 8192
    """Texts of at most so many characters are remembered: a store asks several times for each text."""

    def __init__(self, name: str, tokenizer: Tokenizer) -> None:
        self.name = name
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        unknown = getattr(tokenizer.model, "unk_token", None)
        self._unknown = None if unknown is None else tokenizer.token_to_id(unknown)
        # Safe to ask from several threads, as stores are read.
        self._remembered = lru_cache(self._MAX_TEXTS)(self._count)

    def count(self, text: str) -> int:
        """Return the tokens of a text; half a surrogate pair counts as a question mark does."""
        return self._count(text) if len(text) > self._MAX_LENGTH else self._remembered(text)

    def exceeds(self, text: str, max_tokens: int) -> bool:
        """Return whether a text has more than `max_tokens` tokens."""
        return self.count(text) > max_tokens

    def _count(self, text: str) -> int:
        text = text.encode("utf-8", "replace").decode("utf-8")
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        count = len(encoding.ids)
        if self._unknown in encoding.ids:
            for id, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
                if id == self._unknown:
                    count += max(1, count_tokens(text[start:end])) - 1
        return max(count, bool(text))


_BY_RULE = TokenCounter()


def token_counter(tokenizer: str | None) -> TokenCounter:
    """Return the counter of a tokenizer, which is loaded once in each process.

    Args:
        tokenizer: Folder of a model with a `tokenizer.json`, such a file, or a model on the Hugging Face hub;
            None counts as `count_tokens`.

    Raises:
        ConfigError: If there is no such tokenizer, or it cannot be loaded.
        MissingDependencyError: If the library `tokenizers` is missing.
    """
    return _BY_RULE if tokenizer is None else _load(tokenizer)


def settled_tokenizer(tokenizer: str | Path) -> str:
    """Return the name of a tokenizer for what is read again elsewhere: a path on this machine in full."""
    path = Path(tokenizer).expanduser()
    return str(path.absolute()) if path.exists() else str(tokenizer)


@lru_cache(maxsize=8)
def _load(name: str) -> TokenCounter:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise missing_for_language("tokenizers") from error
    path = Path(name).expanduser()
    file = path / _FILE if path.is_dir() else path
    try:
        if file.is_file():
            tokenizer = Tokenizer.from_file(str(file))
        elif _HUB_ID.fullmatch(name) and not path.exists():
            tokenizer = Tokenizer.from_pretrained(name)
        else:
            raise FileNotFoundError(f"there is no file {file}")
    except Exception as error:  # The library raises nothing more particular.
        raise ConfigError(
            f"the tokenizer {name!r} cannot be loaded ({reason_of(error)}); give the folder of a "
            f"model with a {_FILE}, as AutoTokenizer.save_pretrained writes it, or leave the tokenizer out."
        ) from error
    return ModelTokenCounter(name, tokenizer)
