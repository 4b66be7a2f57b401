"""Who may do the work of designs' roles, by name: `ROLES`, and `make_roles`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from memdojo.errors import ConfigError
from memdojo.registry import Registry
from memdojo.settings import OneOf

from ...graders.registry import endpoint_chat, served_chat
from .model import ModelRoles
from .protocol import Roles
from .rules import RuleRoles
from .settings import EndpointRolesSettings, RolesSettings, RuleRolesSettings, ServedRolesSettings


@dataclass(frozen=True, slots=True)
class RolesKind:
    """One kind of who does the roles' work.

    Attributes:
        settings: Its table `[design.roles]`; `kind` is the name of the registration.
        make: Builds it from its settings.
    """

    settings: type[RolesSettings]
    make: Callable[[Any], Roles]


ROLES: Registry[RolesKind] = Registry("kind of roles")


def make_roles(settings: RolesSettings) -> Roles:
    """Return who does the work of roles; a model is loaded when it is first asked, in this process."""
    return ROLES.get(settings.kind).make(settings)


def roles_settings(table: Mapping[str, Any]) -> RolesSettings:
    """Return the settings that a table written by memdojo means.

    Raises:
        ConfigError: If it is of a kind that is not registered, or has other keys.
    """
    try:
        settings = OneOf(ROLES, default="rules").read(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ConfigError(f"the roles {dict(table)!r} cannot be used: {key}: {first['msg']}") from None
    assert isinstance(settings, RolesSettings)  # The registry has no others.
    return settings


ROLES.add(
    "rules", RolesKind(RuleRolesSettings, lambda settings: RuleRoles()), description="Rules, without a model."
)
ROLES.add(
    "model",
    RolesKind(ServedRolesSettings, lambda settings: ModelRoles(served_chat(settings))),
    description="A model in an engine of its own.",
)
ROLES.add(
    "endpoint",
    RolesKind(EndpointRolesSettings, lambda settings: ModelRoles(endpoint_chat(settings))),
    description="A model behind an OpenAI-compatible server.",
)
