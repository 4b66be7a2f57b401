"""Text embedded in a page so that it is never run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

# What could end the element or begin a tag, the line ends that only some readers of JSON take, and halves of
# surrogate pairs, which no file takes.
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def json_for_script(value: Any) -> str:
    """Return JSON that may stand inside `<script type="application/json">`, whatever its texts hold."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def csp_hash(text: str) -> str:
    """Return the source expression by which a Content-Security-Policy allows an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
