"""`stream_digest`: tells a stream from any other, by all that it says."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..types import Stream


def stream_digest(stream: Stream) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of every field: ids, turns, questions, answers, plans.

    A field that has its default counts as absent, so that a field that streams come to have later changes no
    digest of a stream that does not use it. The `source` counts as little: it is how the data was found.
    """
    plain = _plain(dataclasses.replace(stream, source=""))
    # Lone surrogates, which JSON files may have, are escaped as well.
    return hashlib.sha256(json.dumps(plain, ensure_ascii=True).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: (getattr(value, field.name), field) for field in dataclasses.fields(value)}
        return {name: _plain(each) for name, (each, field) in fields.items() if each != _default(field)}
    if isinstance(value, Mapping):
        return sorted([key, _plain(each)] for key, each in value.items())
    if isinstance(value, frozenset | set):
        return sorted(map(str, value))
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
