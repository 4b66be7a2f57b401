"""Settings of things that a configuration chooses among: their base, their number types, and the choice.

    class VLLMSettings(EngineSettings):
        kind: Literal["vllm"] = "vllm"

    ENGINES.add("vllm", EngineKind(VLLMSettings, make=...))

    class Run(Table):
        engine: Annotated[EngineSettings, OneOf(ENGINES, default="vllm")] = VLLMSettings()

What is chosen among is a registry, which is asked when a configuration is read: what another package has
registered by then is a choice like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from memdojo.errors import ConfigError, near_hint, near_names
from memdojo.registry import Registry

TableT = TypeVar("TableT", bound=BaseModel)

MOST = 2**31 - 1
"""The largest count: what 32 bits hold, which every library takes."""
LARGEST_NUMBER = 1e30
"""The largest number of other keys: torch computes with it in 32 bits, and fails on what they do not hold."""
LARGEST_SEED = 2**63 - 1
"""The largest seed: what 64 bits hold, as TOML has it."""

Count = Annotated[int, Field(ge=1, le=MOST)]
CountOrZero = Annotated[int, Field(ge=0, le=MOST)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=LARGEST_NUMBER)]
NotNegative = Annotated[float, Field(ge=0, le=LARGEST_NUMBER)]
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]


def seed_of_32_bits(seed: int) -> int:
    """Return a seed for libraries that take no more (transformers, TRL, vLLM): itself if it fits."""
    return seed % 2**32


Names = Annotated[tuple[str, ...], Field(strict=False)]


def not_blank(text: str) -> str:
    """Return the text if there is any.

    Raises:
        ValueError: If it is blank.
    """
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Text = Annotated[str, AfterValidator(not_blank)]


class _NamesFolder:
    """Marks a text that may be the path of a folder."""


FolderOrName = Annotated[Text, _NamesFolder()]
"""A folder's path, or a name such as a model's hub id where there is no such folder."""


class Table(BaseModel):
    """A table of a configuration: frozen, strictly typed, without keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class HasSettings(Protocol):
    """What a registry must hold for a configuration to choose from it."""

    @property
    def settings(self) -> type[Any]:
        """The model of the table, with the name of the kind in its tag."""
        ...


def check_kind(settings: type[BaseModel], name: str, *, tag: str = "kind") -> None:
    """Refuse settings that a configuration could not name as the kind `name`.

    Raises:
        ConfigError: If their field `tag` is anything but `Literal[name]`.
    """
    field = settings.model_fields.get(tag)
    if field is None or get_args(field.annotation) != (name,):
        raise ConfigError(
            f"{settings.__name__} is registered as the settings of {name!r}, but its field {tag!r} does not "
            f"say so; write {tag}: Literal[{name!r}] = {name!r}."
        )


@dataclass(frozen=True, slots=True)
class OneOf:
    """Marks a field whose model is that of the registered kind that the table itself names.

    In a table, keys that other kinds have are refused with a hint at the kind; only where such a key has its
    default does it count as left out, as in files that were written with all keys of all kinds.

    Attributes:
        registry: The kinds by name.
        tag: The key that names the kind.
        default: The kind of a table without the key; None if it must have it.
    """

    registry: Registry[Any]
    tag: str = "kind"
    default: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def settings(self, kind: str) -> type[BaseModel]:
        """Return the model of a kind."""
        model: type[BaseModel] = self.registry.get(kind).settings
        return model

    def kind_of(self, table: Mapping[str, Any]) -> Any:
        """Return the kind that a table names or means; None if it must name one and does not."""
        return table.get(self.tag, self.default)

    def foreign_keys(self, table: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return the keys of a table that only other kinds have, each with those kinds."""
        kind = self.kind_of(table)
        unknown = table.keys() - self.settings(kind).model_fields.keys() if kind in self.registry else set()
        kinds = {key: [name for name in self.registry if self._has(name, key)] for key in sorted(unknown)}
        return {key: names for key, names in kinds.items() if names}

    def read(self, table: object) -> BaseModel:
        """Return the settings that a table means; settings are returned as they are.

        Raises:
            ValidationError: With places inside the table.
            PydanticCustomError: If it is no table.
        """
        if isinstance(table, BaseModel):
            return table
        if not isinstance(table, Mapping):
            raise PydanticCustomError("model_type", "Input should be a table")
        kind = self.kind_of(table)
        if kind is None:
            raise self._errors(InitErrorDetails(type="missing", loc=(self.tag,), input=table))
        if kind not in self.registry:
            raise self._errors(self._unknown(kind))
        foreign = self.foreign_keys(table)
        refused = [
            InitErrorDetails(
                type=PydanticCustomError(
                    "other_kind",
                    "{tag} is {kind}, which does not use it",
                    {"tag": self.tag, "kind": kind, "users": kinds},
                ),
                loc=(key,),
                input=table[key],
            )
            for key, kinds in foreign.items()
            if not any(self._is_default(name, key, table[key]) for name in kinds)
        ]
        if refused:
            raise self._errors(*refused)
        own = {key: value for key, value in table.items() if key not in foreign}
        return self.settings(kind).model_validate({**own, self.tag: kind})

    def _has(self, kind: str, key: str) -> bool:
        return key in self.settings(kind).model_fields

    def _is_default(self, kind: str, key: str, value: Any) -> bool:
        return bool(self.settings(kind).model_fields[key].get_default(call_default_factory=False) == value)

    def _errors(self, *details: InitErrorDetails) -> ValidationError:
        return ValidationError.from_exception_data(self.registry.kind, list(details))

    def _unknown(self, kind: Any) -> InitErrorDetails:
        *others, last = map(repr, self.registry)
        known = f"{', '.join(others)} or {last}" if others else last
        hint = near_hint(near_names(str(kind), self.registry))
        message = PydanticCustomError(
            "unknown_kind", "must be {known}.{hint}", {"known": known, "hint": hint}
        )
        return InitErrorDetails(type=message, loc=(self.tag,), input=kind)


def names_folder(table: BaseModel, key: str) -> bool:
    """Return whether a key of a table may be the path of a folder."""
    field = type(table).model_fields.get(key)
    return field is not None and any(isinstance(mark, _NamesFolder) for mark in field.metadata)


def with_absolute_folders(table: TableT) -> TableT:
    """Return settings whose `FolderOrName`s are found from wherever a process works."""
    changes: dict[str, Any] = {}
    for name in type(table).model_fields:
        value = getattr(table, name)
        if isinstance(value, BaseModel):
            changes[name] = with_absolute_folders(value)
        elif names_folder(table, name) and Path(value).is_dir():
            changes[name] = str(Path(value).absolute())
    # Only what is given stays given.
    given = {name: value for name, value in changes.items() if value != getattr(table, name)}
    return table.model_copy(update=given)


@dataclass(frozen=True, slots=True)
class UsedIf:
    """Marks a field, or a whole table, that means something only in some configurations.

    Attributes:
        test: Whether a configuration uses it, from the configuration.
        why: The reason to give if it does not: a clause with the configuration as `run`, such as
            "task is {run.task!r} and only a manager uses it".
    """

    test: Callable[[Any], bool]
    why: str


@dataclass(frozen=True, slots=True)
class SetByCode:
    """Marks a field that is no key of a configuration, because other keys say what it must be.

    Attributes:
        why: Which they are, as a clause.
    """

    why: str


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys that a table of the model may have."""
    return [
        name
        for name, field in model.model_fields.items()
        if not any(isinstance(mark, SetByCode) for mark in field.metadata)
    ]


def unused_keys(run: BaseModel) -> dict[str, str]:
    """Return the dotted keys that mean nothing in a configuration, each with why."""
    return dict(_unused(run, run, ""))


def _unused(run: BaseModel, table: BaseModel, prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in type(table).model_fields.items():
        value = getattr(table, name)
        keys = (
            [f"{prefix}{name}.{key}" for key in type(value).model_fields]
            if isinstance(value, BaseModel)
            else [f"{prefix}{name}"]
        )
        failed = [
            mark.why
            for mark in field.metadata
            if isinstance(mark, SetByCode) or (isinstance(mark, UsedIf) and not mark.test(run))
        ]
        if failed:
            yield from dict.fromkeys(keys, failed[0].format(run=run)).items()
        elif isinstance(value, BaseModel):
            yield from _unused(run, value, f"{prefix}{name}.")


def union_of(model: type[BaseModel], field: str) -> OneOf | None:
    """Return what a field of a model is one of; None if it is no such choice."""
    found = [mark for mark in model.model_fields[field].metadata if isinstance(mark, OneOf)]
    return found[0] if found else None
