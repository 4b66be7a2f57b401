"""Matplotlib figures as inline SVG in the colours of the page's theme."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"

VARIABLES = (
    "ink", "muted", "rule", "paper", "series-1", "series-2", "series-3", "series-4", "series-5", "series-6",
    "write", "read", "use", "unknown", "good",
)  # fmt: skip
"""The colours of the page's style sheet that figures may use."""

_HEX = {name: f"#0000{place:02x}" for place, name in enumerate(VARIABLES, start=1)}
_NAMES = {hex: name for name, hex in _HEX.items()}

# Names may hold them; the line ends and tabs of the file itself are left.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

_FONT = re.compile(r"(?P<size>[\d.]+)px")


def colour(name: str) -> str:
    """Return what to give matplotlib for a colour of the style sheet."""
    return _HEX[name]


def inline_svg(figure: Figure, prefix: str, alt: str) -> str:
    """Return a figure as an `<svg>` element without styles, scripts or fixed colours.

    Style attributes would be refused by the page's Content-Security-Policy, so they become presentation
    attributes.

    Args:
        figure: Drawn in colours by `colour`.
        prefix: Begins all ids, and differs from that of every other figure of the page.
        alt: What the figure shows, for those who do not see it.
    """
    import matplotlib

    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}), warnings.catch_warnings():
        # Texts stay texts, which the browser has fonts for.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", buffer.getvalue().decode()))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    _rename_ids(root, prefix)
    for element in root.iter():
        _unstyle(element)
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", alt))
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _rename_ids(root: ElementTree.Element, prefix: str) -> None:
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.set(name, f"{prefix}-{value}")
            elif name.endswith("href") and value.startswith("#"):
                element.set(name, f"#{prefix}-{value[1:]}")
            elif "url(#" in value:
                element.set(name, value.replace("url(#", f"url(#{prefix}-"))


def _unstyle(element: ElementTree.Element) -> None:
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            # The family is the page's.
            size = _FONT.search(value)
            element.set("font-size", size["size"] if size else "10")
            if "bold" in value or "700" in value:
                element.set("font-weight", "bold")
        elif name:
            element.set(name, value)
    for name in ("fill", "stroke", "stop-color"):
        value = element.get(name, "")
        if value in _NAMES:
            element.set(name, f"var(--{_NAMES[value]})")
    if element.tag == f"{{{_SVG}}}text" and "fill" not in element.attrib:
        element.set("fill", "var(--ink)")
