"""Settings of who does the work of designs' roles: the table `[design.roles]`."""

from __future__ import annotations

from typing import Literal

from memdojo.settings import Table

from ...engines.settings import EndpointModelSettings, ServedModelSettings


class RolesSettings(Table):
    """Who does the work that memory designs give to a language model; the base of the settings of each kind.

    Attributes:
        kind: Name of the kind in `ROLES`.
    """

    kind: str


class RuleRolesSettings(RolesSettings):
    """Rules, without a model."""

    kind: Literal["rules"] = "rules"


class ServedRolesSettings(RolesSettings, ServedModelSettings):
    """A model in an engine of its own."""

    kind: Literal["model"] = "model"


class EndpointRolesSettings(RolesSettings, EndpointModelSettings):
    """A model behind an OpenAI-compatible server."""

    kind: Literal["endpoint"] = "endpoint"
