"""Records as JSON values and back; equal records give the same bytes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Set
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from memdojo.errors import DataError

RecordT = TypeVar("RecordT")

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def to_plain(value: Any) -> Any:
    """Return a record in plain values.

    Records become objects in which fields at their default are left out, sets sorted lists, enums their
    values, times ISO 8601, and numbers that are not finite null.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_plain(given)
            for field in dataclasses.fields(value)
            if not _is_default(field, given := getattr(value, field.name))
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): to_plain(each) for key, each in value.items()}
    if isinstance(value, Set):
        return sorted(map(to_plain, value))
    if isinstance(value, list | tuple):
        return [to_plain(each) for each in value]
    return value


def from_plain(record: type[RecordT], value: Any) -> RecordT:
    """Return the record that `to_plain` made `value` of; fields that the record does not have are ignored.

    Raises:
        DataError: If the values are not those of such a record.
    """
    if record not in _ADAPTERS:
        _ADAPTERS[record] = TypeAdapter(record)
    try:
        read: RecordT = _ADAPTERS[record].validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(
            f"this is not a record of the kind {record.__name__}: {place}: {first['msg']}; write it again."
        ) from error
    return read


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        return bool(value == field.default)
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return False
