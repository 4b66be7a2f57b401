"""Whom the user's key is sent to: hosts that the user named, and none that only somebody else's run names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

NO_KEY = "none"

_ONLY_NAMED: ContextVar[bool] = ContextVar("keys_for_named_hosts", default=False)


@contextmanager
def keys_for_named_hosts() -> Iterator[None]:
    """Keep the user's key from endpoints that are made meanwhile, but for the one of OPENAI_BASE_URL.

    For endpoints that somebody else's run names: it must not choose who gets the key.
    """
    token = _ONLY_NAMED.set(True)
    try:
        yield
    finally:
        _ONLY_NAMED.reset(token)


def may_have_key(url: str) -> bool:
    """Return whether an endpoint that is made now gets the key of the environment."""
    return not _ONLY_NAMED.get() or is_of_the_users_endpoint(url)


def is_of_the_users_endpoint(url: str) -> bool:
    """Return whether a URL has scheme, host and port of the one in OPENAI_BASE_URL, which is the user's."""
    own = _origin(os.environ.get("OPENAI_BASE_URL"))
    return own is not None and own == _origin(url)


def without_identity(omitted: Any) -> dict[str, Any]:
    """Return the options of OpenAI's client that let it tell nothing of the user whom the environment names.

    Args:
        omitted: What the client takes for a header that is left out.
    """
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
    names = {name.strip() for name, colon, _ in (line.partition(":") for line in lines) if colon}
    headers = {name: f"Bearer {NO_KEY}" if name.lower() == "authorization" else omitted for name in names}
    return {"organization": "", "project": "", "default_headers": headers}


def _origin(url: str | None) -> tuple[str, str, int] | None:
    """Return scheme, host and port; None for what is no URL."""
    try:
        parts = urlsplit(url or "")
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and port else None
