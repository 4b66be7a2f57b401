from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from memdojo.agents.engines.endpoint import EndpointChat
from memdojo.agents.engines.keys import is_of_the_users_endpoint, keys_for_named_hosts, may_have_key


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("OPENAI_ORG_ID", "org")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: secret\nauthorization: Bearer secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://own.example/v1")


def _headers(chat: EndpointChat) -> str:
    async def ask() -> Any:
        client = (await chat._connection()).client
        return {**client.default_headers, **client.auth_headers}

    return str(asyncio.run(ask()))


def test_an_endpoint_of_the_user_has_the_key() -> None:
    assert "secret" in _headers(EndpointChat("m", "http://anywhere.example/v1"))


def test_an_endpoint_that_only_a_run_names_has_nothing_of_the_user() -> None:
    with keys_for_named_hosts():
        chat = EndpointChat("m", "http://anywhere.example/v1")
    for each in (chat, pickle.loads(pickle.dumps(chat))):
        headers = _headers(each)
        assert "secret" not in headers
        assert "org" not in headers


def test_the_host_of_the_users_settings_has_the_key_whoever_names_it() -> None:
    with keys_for_named_hosts():
        assert "secret" in _headers(EndpointChat("m", "https://own.example/v1"))
        assert "given" in _headers(EndpointChat("m", "https://other.example", api_key="given"))
    assert may_have_key("http://anywhere.example")


@pytest.mark.parametrize(
    "url",
    [
        "http://own.example/v1",
        "https://own.example:8443/v1",
        "https://own.example.evil/v1",
        "https://evil/own.example",
        "https://own.example@evil/v1",
        "https://evil:443/v1?https://own.example",
        "own.example/v1",
        "https://own.example:port",
        "",
    ],
)
def test_another_host_is_not_the_users(url: str) -> None:
    assert not is_of_the_users_endpoint(url)
    with keys_for_named_hosts():
        assert not may_have_key(url)


@pytest.mark.parametrize(
    "url", ["https://own.example", "https://OWN.example:443/v2", "https://x@own.example/v1"]
)
def test_case_and_path_make_no_other_host(url: str) -> None:
    assert is_of_the_users_endpoint(url)
