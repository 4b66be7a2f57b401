"""Configurations from TOML files and `key=value` overrides, and back to TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tomlkit
from pydantic import BaseModel, ValidationError

from memdojo.configs import config_names, read_config
from memdojo.errors import ConfigError, UnknownNameError, near_hint, near_names
from memdojo.settings import OneOf, keys_of, union_of

from .name_or_path import named_path
from .policies import POLICY_KINDS
from .run import TrainConfig

_KEY = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_ALTERNATIVES = (("episode.max_entries", "episode.capacity_share"),)
"""Keys of which a configuration has one: an override with one of them takes the place of the other."""
_OLD_KEYS = {
    "episode.memory": "episode.written_by",
    "engine.memory": "engine.cache_size",
    "answerer.memory": "answerer.cache_size",
    "judge.memory": "judge.cache_size",
}
"""Former spellings that files and overrides may still have."""
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
    `algorithm.name=ppo` takes out what only GRPO uses, `answerer.kind=extractive` the model of another
    answerer, `episode.max_entries=50` takes out `capacity_share`, `streams.test=` takes out `num_test`.

    Args:
        path_or_name: The name of a packaged configuration such as `quickstart`, else a file. A packaged name
            wins; a file of that name is written `./quickstart`.
        overrides: Applied in order.

    Raises:
        ConfigError: One sentence that names the key, its value, the rule, and what exists.
    """
    return parse_config(_read_tree(path_or_name), overrides)


def load_config_of_run(path: Path) -> TrainConfig:
    """Read the configuration that a run has left in its folder.

    Unlike in a file that people write, keys that only other kinds have than those that are chosen
    (`answerer.timeout_s` under `answerer.kind = "extractive"`) are no mistake: runs of before were written
    with them.

    Args:
        path: The file `config.toml` of the folder.

    Raises:
        ConfigError: As `load_config`.
    """
    tree = _with_names_of_today(_read_tree(path))
    model = _model_of(tree)
    for name, choice in _choices(model):
        _take_out_foreign_keys(tree, name, choice)
    return parse_config(tree)


def parse_config(tree: Mapping[str, Any], overrides: Sequence[str] = ()) -> TrainConfig:
    """Check a tree of tables as `load_config` does; for configurations that are made in code.

    Raises:
        ConfigError: As `load_config`.
    """
    changed = _with_names_of_today(tree)
    changes = [(_OLD_KEYS.get(key, key), value) for key, value in map(parse_override, overrides)]
    _take_out_what_overrides_rule_out(changed, dict(changes))
    for key, value in changes:
        _set(changed, key, value)
    try:
        return _model_of(changed).model_validate(changed)
    except ValidationError as error:
        raise ConfigError(_explain(error, changed)) from None


def parse_table(name: str, table: Mapping[str, Any]) -> Any:
    """Return the settings that a table such as `answerer` or `design.roles` means by itself.

    Args:
        name: Of a table that is one of several.
        table: What it has.

    Raises:
        ConfigError: As `load_config`.
    """
    tree: dict[str, Any] = {}
    _set(tree, name, dict(table))
    tree = _with_names_of_today(tree)
    try:
        return dict(_choices(_model_of(tree)))[name].read(_table(tree, name))
    except ValidationError as error:
        raise ConfigError(_explain(error, tree, name)) from None


def dump_config(config: TrainConfig) -> str:
    """Return the resolved configuration as TOML, defaults included; it loads back to an equal one."""
    tree = config.model_dump(mode="python", exclude_none=True)
    if not config.tune.ranges:
        del tree["tune"]
    for key in config.unused_keys():
        *tables, field = key.split(".")
        reduce(dict.__getitem__, tables, tree).pop(field, None)
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
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the override of {key} has a value too long or too deep to be read.") from error
    # A second line would be a second key. A date stays the text that was typed: no key takes one.
    if len(value) == 1 and isinstance(value["value"], bool | int | float | str | list | dict):
        return key, value["value"]
    return key, text


def _read_tree(path_or_name: str | Path) -> dict[str, Any]:
    text, name = _read(path_or_name)
    try:
        return {"name": name, **tomllib.loads(text)}
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path_or_name} is not valid TOML: {error}.") from error


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
    _take_out_tables_of_other_policies(tree, changes)
    model = _model_of(tree | {"policy": {"kind": changes.get("policy.kind") or _policy_kind(tree)}})
    for name, choice in _choices(model):
        kind = changes.get(f"{name}.{choice.tag}")
        if kind is not None:
            _take_out_foreign_keys(tree, name, choice, {choice.tag: kind})


def _choices(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, OneOf]]:
    """Yield the tables of a configuration that are one of several, by their dotted names."""
    for name, field in model.model_fields.items():
        choice, inner = union_of(model, name), field.annotation
        if choice is not None:
            yield f"{prefix}{name}", choice
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _choices(inner, f"{prefix}{name}.")


def _take_out_foreign_keys(
    tree: dict[str, Any], name: str, choice: OneOf, change: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Take out of a table the keys that only other kinds have than the one that it names under `change`."""
    table = _table(tree, name)
    if isinstance(table, dict):
        for key in choice.foreign_keys({**table, **change}):
            del table[key]


def _table(tree: Mapping[str, Any], name: str) -> Any:
    """Return what a tree has under a dotted name; an empty table if nothing."""
    place: Any = tree
    for part in name.split("."):
        place = place.get(part, {}) if isinstance(place, Mapping) else {}
    return place


def _take_out_tables_of_other_policies(tree: dict[str, Any], changes: Mapping[str, Any]) -> None:
    kind = changes.get("policy.kind")
    if kind not in POLICY_KINDS:
        return
    own = POLICY_KINDS.get(str(kind)).config.model_fields
    for key in [key for key in tree if key not in own and _kinds_with_table(key)]:
        del tree[key]


def _policy_kind(tree: Mapping[str, Any]) -> Any:
    policy = tree.get("policy")
    choice = union_of(TrainConfig, "policy")
    assert choice is not None  # It is one.
    return choice.kind_of(policy if isinstance(policy, Mapping) else {})


def _model_of(tree: Mapping[str, Any]) -> type[TrainConfig]:
    """Return the kind of configuration that a tree is; the common one if its kind of policy is unknown."""
    kind = _policy_kind(tree)
    model: type[TrainConfig] = POLICY_KINDS.get(kind).config if kind in POLICY_KINDS else TrainConfig
    return model


def _kinds_with_table(key: str) -> list[str]:
    return [kind for kind in POLICY_KINDS if key in POLICY_KINDS.get(kind).config.model_fields]


def _with_names_of_today(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy without former spellings.

    Raises:
        ConfigError: If a key is given under both names.
    """
    renamed = _copy(tree)
    for old, new in _OLD_KEYS.items():
        _rename(renamed, old, new)
    return renamed


def _rename(tree: dict[str, Any], old: str, new: str) -> None:
    """Give a key of a table the name that it has now.

    Raises:
        ConfigError: If the table has both.
    """
    (name, before), after = old.split("."), new.partition(".")[2]
    table = tree.get(name)
    if isinstance(table, dict) and before in table:
        if after in table:
            raise ConfigError(f"{old} is the former name of {new}, and both are given; leave {old} out.")
        table[after] = table.pop(before)


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
    elif place.pop(last, None) is None and key not in set(_known_keys()):
        raise ConfigError(f"the override {key}= takes out nothing.{_near_key(key)}")


def _explain(error: ValidationError, tree: Mapping[str, Any], inside: str = "") -> str:
    """Say in one sentence what is wrong; a misspelt key first, since it is why another one is missing.

    Args:
        error: What the models have found.
        tree: The configuration that they were given.
        inside: The table whose model has found it, if it was not the whole.
    """
    first_told = ("unknown_kind", "extra_forbidden")
    details = sorted(error.errors(), key=lambda detail: detail["type"] not in first_told)
    first = details[0]
    place = ".".join(filter(None, (inside, *map(str, first["loc"]))))
    sentence = _explain_one(first["type"], place, first["input"], first, tree)
    more = len(details) - 1
    return (
        sentence
        if not more
        else f"{sentence} ({more} more problem{'s' if more > 1 else ''} behind this one.)"
    )


def _explain_one(kind: str, key: str, value: Any, detail: Any, tree: Mapping[str, Any]) -> str:
    table = key.rpartition(".")[0]
    if kind == "extra_forbidden":
        if not table and (users := _kinds_with_table(key)):
            return (
                f"[{key}] is given, but policy.kind is {_policy_kind(tree)!r}, which does not use it; leave "
                f"one of the two out. It is a table of {' and '.join(map(repr, users))}."
            )
        return (
            f"unknown key {key!r} (value {value!r}).{_near_key(key)} "
            f"{f'[{table}]' if table else 'A configuration'} has: "
            f"{', '.join(keys_of(_model_at(table, tree)))}."
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
        choice = dict(_choices(_model_of(tree))).get(table)
        if choice is not None and choice.tag != key.rpartition(".")[2]:
            chosen = f"{table}.{choice.tag} is {choice.kind_of(_table(tree, table))!r}"
            return f"{chosen} without {key}; set it in the file or by an override {key}=VALUE."
        return f"{key} {_RULES[kind]}; set it in the file or by an override {key}=VALUE."
    if kind == "unknown_kind":
        return f"{key} is {value!r}; it {detail['msg']}"
    rule = _RULES.get(kind)
    if rule is None:
        rule = detail["msg"].replace("Input should", "must").replace("String should", "must")
    return f"{key} is {value!r}; it {rule}."


def _near_key(key: str) -> str:
    known = list(_known_keys())
    last = key.rpartition(".")[2]
    same_last = [other for other in known if other.rpartition(".")[2] == last]
    return near_hint(same_last or near_names(key, known, cutoff=0.75))


def _known_keys() -> Iterator[str]:
    """Return the keys of all kinds of configurations."""
    models = (POLICY_KINDS.get(kind).config for kind in POLICY_KINDS)
    yield from dict.fromkeys(key for model in models for key in _all_keys(model))


def _all_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name in keys_of(model):
        field, union = model.model_fields[name], union_of(model, name)
        if union is not None:
            kinds = [union.settings(kind) for kind in union.registry]
            yield from dict.fromkeys(key for kind in kinds for key in _all_keys(kind, f"{prefix}{name}."))
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _all_keys(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _model_at(table: str, tree: Mapping[str, Any]) -> type[BaseModel]:
    """Return the model of a table of the tree, in which an unknown key was found."""
    model: type[BaseModel] = _model_of(tree)
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
