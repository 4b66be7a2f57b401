"""Configurations from TOML files and `key=value` overrides, and back to TOML."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel, ValidationError

from memdojo.configs import config_names, read_config
from memdojo.errors import ConfigError, UnknownNameError, near_hint
from memdojo.settings import union_of

from .name_or_path import named_path
from .run import TrainConfig

_KEY = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_ALTERNATIVES = (("episode.max_entries", "episode.capacity_share"),)
"""Keys of which a configuration has one: an override with one of them takes the place of the other."""
_DEPENDING = {
    "streams.validation": ("streams.num_validation", "evaluation.every"),
    "streams.test": ("streams.num_test",),
}
"""Keys that mean nothing without another one: an override that takes that one out takes them out, too."""

_RULES = {
    "missing": "is missing and has no default",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "finite_number": "must be a finite number",
    "string_pattern_mismatch": "must be letters, digits, '.', '_' and '-', and begin with a letter or digit",
}


def load_config(path_or_name: str | Path, overrides: Sequence[str] = ()) -> TrainConfig:
    """Read a configuration, change it by overrides and check it.

    An override is `key=value` with a dotted key and a value as TOML writes it; what is no TOML value counts
    as a text (`streams.train=locomo:test`), and nothing behind the sign takes the key out, so that its
    default applies (`streams.window_turns=`). An override wins over the keys of the file that it rules out:
    `algorithm.name=ppo` takes out what only GRPO uses, `episode.max_entries=50` takes out `capacity_share`,
    `streams.test=` takes out `num_test`.

    Args:
        path_or_name: The name of a packaged configuration such as `quickstart`, else a file. A packaged name
            wins; a file of that name is written `./quickstart`.
        overrides: Applied in order.

    Raises:
        ConfigError: One sentence that names the key, its value, the rule, and what exists.
    """
    text, name = _read(path_or_name)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path_or_name} is not valid TOML: {error}.") from error
    return parse_config({"name": name, **tree}, overrides)


def parse_config(tree: Mapping[str, Any], overrides: Sequence[str] = ()) -> TrainConfig:
    """Check a tree of tables as `load_config` does; for configurations that are made in code.

    Raises:
        ConfigError: As `load_config`.
    """
    changed = _copy(tree)
    changes = [parse_override(override) for override in overrides]
    _take_out_what_overrides_rule_out(changed, dict(changes))
    for key, value in changes:
        _set(changed, key, value)
    try:
        return TrainConfig.model_validate(changed)
    except ValidationError as error:
        raise ConfigError(_explain(error, changed)) from None


def dump_config(config: TrainConfig) -> str:
    """Return the resolved configuration as TOML, defaults included; it loads back to an equal one."""
    tree = config.model_dump(mode="python", exclude_none=True)
    for key in config.unused_keys():
        table, field = key.split(".")
        tree[table].pop(field, None)
    tree = {key: value for key, value in tree.items() if value != {}}
    return tomlkit.dumps(_without_tuples(tree))


def parse_override(override: str) -> tuple[str, Any]:
    """Return key and value of `key=value`, as `load_config` explains; None for no value.

    Raises:
        ConfigError: If it has another form.
    """
    key, sign, text = (part.strip() for part in override.partition("="))
    if not sign or not _KEY.fullmatch(key):
        raise ConfigError(
            f"the override {override!r} is not of the form key=value, such as algorithm.epochs=4."
        )
    if not text:
        return key, None
    try:
        value = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        if text[0] in "\"'[{":
            raise ConfigError(f"the override {override!r} has a value that is not TOML: {error}.") from error
        return key, text
    # A second line would be a second key. A date stays the text that was typed: no key takes one.
    if len(value) == 1 and isinstance(value["value"], bool | int | float | str | list | dict):
        return key, value["value"]
    return key, text


def _read(path_or_name: str | Path) -> tuple[str, str]:
    """Return the text of the configuration and its default name."""
    try:
        path = named_path(path_or_name, "configuration", config_names(), what="file")
    except UnknownNameError as error:
        raise ConfigError(str(error)) from None
    if path is None:
        return read_config(str(path_or_name)), str(path_or_name)
    try:
        return path.read_text(encoding="utf-8"), path.stem
    except OSError as error:
        raise ConfigError(f"the configuration file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the configuration file {path} is not UTF-8 text ({error.reason}).") from error


def _take_out_what_overrides_rule_out(tree: dict[str, Any], changes: Mapping[str, Any]) -> None:
    ruled_out: list[str] = []
    for pair in _ALTERNATIVES:
        given = [key for key in pair if changes.get(key) is not None]
        if len(given) == 1:
            ruled_out += [key for key in pair if key not in given]
    for key, depending in _DEPENDING.items():
        if key in changes and changes[key] is None:
            ruled_out += depending
    for key in ruled_out:
        _set(tree, key, None)
    for name in TrainConfig.model_fields:
        union, table = union_of(TrainConfig, name), tree.get(name)
        kind = None if union is None else changes.get(f"{name}.{union.tag}")
        if union is not None and kind is not None and isinstance(table, dict):
            for key in union.foreign_keys({**table, union.tag: kind}):
                del table[key]


def _set(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key, or take it out if `value` is None."""
    *tables, last = key.split(".")
    place = tree
    for depth, table in enumerate(tables, start=1):
        inner = place.setdefault(table, {}) if value is not None else place.get(table, {})
        if not isinstance(inner, dict):
            raise ConfigError(
                f"the override {key} does not fit: {'.'.join(tables[:depth])} is {inner!r}, "
                "which is not a table."
            )
        place = inner
    if value is not None:
        place[last] = value
    elif place.pop(last, None) is None and key not in set(_all_keys(TrainConfig)):
        raise ConfigError(f"the override {key}= takes out nothing.{_near_key(key)}")


def _explain(error: ValidationError, tree: Mapping[str, Any]) -> str:
    """Say in one sentence what is wrong; a misspelt key first, since it is why another one is missing."""
    first_told = ("unknown_kind", "extra_forbidden")
    details = sorted(error.errors(), key=lambda detail: detail["type"] not in first_told)
    first = details[0]
    sentence = _explain_one(first["type"], ".".join(map(str, first["loc"])), first["input"], first, tree)
    more = len(details) - 1
    return (
        sentence
        if not more
        else f"{sentence} ({more} more problem{'s' if more > 1 else ''} behind this one.)"
    )


def _explain_one(kind: str, key: str, value: Any, detail: Any, tree: Mapping[str, Any]) -> str:
    table = key.rpartition(".")[0]
    if kind == "extra_forbidden":
        return (
            f"unknown key {key!r} (value {value!r}).{_near_key(key)} "
            f"{f'[{table}]' if table else 'A configuration'} has: "
            f"{', '.join(_model_at(table, tree).model_fields)}."
        )
    if kind == "other_kind":
        choice = detail["ctx"]
        return (
            f"{key} is {value!r}, but {table}.{choice['tag']} is {choice['kind']!r}, which does not use it; "
            f"leave one of the two out. It is a key of {' and '.join(map(repr, choice['users']))}."
        )
    if kind == "value_error":
        cause = detail["ctx"]["error"]
        # A ConfigError is a whole sentence already.
        return str(cause) if isinstance(cause, ConfigError) else f"{key} is {value!r}; it {cause}."
    if kind == "missing":
        return f"{key} {_RULES[kind]}; set it in the file or by an override {key}=VALUE."
    if kind == "unknown_kind":
        return f"{key} is {value!r}; it {detail['msg']}"
    rule = _RULES.get(kind)
    if rule is None:
        rule = detail["msg"].replace("Input should", "must").replace("String should", "must")
    return f"{key} is {value!r}; it {rule}."


def _near_key(key: str) -> str:
    known = list(_all_keys(TrainConfig))
    last = key.rpartition(".")[2]
    same_last = [other for other in known if other.rpartition(".")[2] == last]
    return near_hint(same_last or difflib.get_close_matches(key, known, n=3, cutoff=0.75))


def _all_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        union = union_of(model, name)
        if union is not None:
            kinds = [union.settings(kind) for kind in union.registry]
            yield from dict.fromkeys(key for kind in kinds for key in _all_keys(kind, f"{prefix}{name}."))
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _all_keys(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _model_at(table: str, tree: Mapping[str, Any]) -> type[BaseModel]:
    """Return the model of a table of the tree, in which an unknown key was found."""
    model: type[BaseModel] = TrainConfig
    for name in filter(None, table.split(".")):
        tree, union = tree[name], union_of(model, name)
        annotation = union.settings(union.kind_of(tree)) if union else model.model_fields[name].annotation
        assert isinstance(annotation, type)  # Only a table can have an unknown key.
        assert issubclass(annotation, BaseModel)
        model = annotation
    return model


def _copy(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, Mapping) else value for key, value in tree.items()}


def _without_tuples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_tuples(inner) for key, inner in value.items()}
    return [_without_tuples(inner) for inner in value] if isinstance(value, tuple | list) else value
