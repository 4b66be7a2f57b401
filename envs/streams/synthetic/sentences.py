"""`Sentences`: the events of a plan, put into phrasings."""

from __future__ import annotations

from ..calendar import MONTHS
from .facts import Fact
from .gaps import capitalised
from .plan import Event, Plan
from .values import with_article

_PRONOUNS = {"f": ("she", "her", "her"), "m": ("he", "his", "him")}

_KEEP_CAPITAL = frozenset({"I", "Portuguese", "Mondays", "Easter", *MONTHS})


class Sentences:
    """Says what happens in the events of one plan."""

    def __init__(self, plan: Plan) -> None:
        """Speak of the facts of `plan`."""
        self._values = {history[0].fact: history[0].value for history in plan.histories}

    def say(self, template: str, event: Event, *, continues: bool = False) -> str:
        """The phrasing about the event, with a capital unless it continues a sentence."""
        return fit(template, self.fields(event), continues=continues)

    def fields(self, event: Event) -> dict[str, str]:
        """What the gaps of phrasings mean at the event, as `Attribute` names them."""
        fact, value, old = event.fact, event.value, event.old
        person = subject(fact) if fact.relation else ""
        he, his, him = _PRONOUNS[fact.gender or "f"]
        parent = self._values.get(fact.parent) if fact.parent is not None and fact.attribute.parent else None
        key = parent.said if parent is not None else fact.key
        fields = {
            "s": person, "S": capitalised(person), "he": he, "his": his, "him": him,
            "He": he.capitalize(), "His": his.capitalize(), "k": key, "ka": with_article(key) if key else "",
            "v": value.said if value is not None else "", "old": old.said if old is not None else "",
        }  # fmt: skip
        fields["a"] = with_article(fields["v"]) if fields["v"] else ""
        fields["old_a"] = with_article(fields["old"]) if fields["old"] else ""
        fields["about"] = fact.attribute.about.format_map(fields)
        return fields


def subject(fact: Fact) -> str:
    """How the dialogue names the person in the middle of a sentence."""
    if fact.name:
        return fact.name
    return (
        fact.relation if fact.relation.split(" ")[0] in ("a", "an", "the", "some") else f"my {fact.relation}"
    )


def fit(template: str, fields: dict[str, str], *, continues: bool) -> str:
    """Fill a phrasing in, with a capital unless it continues a sentence."""
    if not continues:
        return capitalised(template.format_map(fields))
    if template.startswith("{S}"):
        template = "{s}" + template[3:]
    text = template.format_map(fields)
    if template[0] == "{" or template.split(" ")[0].split("'")[0].rstrip(",.:!?") in _KEEP_CAPITAL:
        return text
    return text[0].lower() + text[1:]
