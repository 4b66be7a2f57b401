"""Kinds of who does the roles' work."""

from __future__ import annotations

import pickle

import pytest

from memdojo.agents.designs.roles.registry import make_roles, roles_settings
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.agents.designs.roles.settings import EndpointRolesSettings, ServedRolesSettings
from memdojo.errors import ConfigError, ModelError


def test_without_a_kind_rules_do_it():
    assert isinstance(make_roles(roles_settings({})), RuleRoles)


def test_a_table_that_was_written_comes_to_the_same_settings():
    settings = EndpointRolesSettings(model="m", url="http://127.0.0.1:9/v1", timeout_s=5.0)
    assert roles_settings(settings.model_dump(mode="json")) == settings
    roles = make_roles(settings)
    assert roles.fingerprint.endswith("(endpoint(model=m, url=http://127.0.0.1:9/v1))")
    assert pickle.loads(pickle.dumps(roles)).fingerprint == roles.fingerprint


def test_a_model_that_is_not_there_is_told_before_it_is_asked():
    with pytest.raises(ModelError, match="/nowhere/model does not exist"):
        make_roles(ServedRolesSettings(model="/nowhere/model", engine="transformers"))


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"kind": "oracle"}, "kind: must be 'rules', 'model' or 'endpoint'"),
        ({"kind": "endpoint", "url": "http://x"}, "model: Field required"),
        ({"url": "http://x"}, "url: kind is rules, which does not use it"),
    ],
)
def test_a_table_of_another_version_is_refused_with_a_sentence(table, why):
    with pytest.raises(ConfigError, match=f"the roles .* cannot be used: {why}"):
        roles_settings(table)
