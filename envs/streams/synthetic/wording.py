"""The wording of a plan, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..calendar import MONTHS
from .draws import Draws
from .facts import Fact
from .phrasings import framing as dialogue
from .phrasings import reactions, small_talk_home, small_talk_town
from .phrasings.attributes import Scope
from .phrasings.comments import CIRCLE_COMMENTS, COMMENTS, STRANGER_COMMENTS
from .phrasings.follow_ups import CIRCLE_FOLLOW_UPS, FOLLOW_UPS
from .phrasings.small_talk import ACKNOWLEDGEMENTS, FILLERS, SmallTalkTopic
from .plan import REVISIONS, Event, EventKind, Plan
from .settings import SyntheticSettings
from .values import with_article

TOPICS = (*small_talk_home.TOPICS, *small_talk_town.TOPICS)

_PRONOUNS = {"f": ("she", "her", "her"), "m": ("he", "his", "him")}


def event_turns(plan: Plan, settings: SyntheticSettings, draws: Draws) -> Iterator[str]:
    """The text of each turn of the stream, in order."""
    length = settings.turns_per_session
    topics: list[SmallTalkTopic] = []
    for session in range(settings.num_sessions):
        writer = _SessionWriter(plan, settings, draws, session, topics)
        for place in range(length):
            yield writer.write(session * length + place)


def subject(fact: Fact) -> str:
    """How the dialogue names the person in the middle of a sentence."""
    if fact.name:
        return fact.name
    return (
        fact.relation if fact.relation.split(" ")[0] in ("a", "an", "the", "some") else f"my {fact.relation}"
    )


@dataclass(slots=True)
class _Thread:
    """Small talk that is going on: its topic and who began it."""

    topic: SmallTalkTopic
    beginner: int
    turns: int = 1


class _Gaps(dict[str, str]):
    """Fills the gaps of a small-talk line as they come up."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws

    def __missing__(self, gap: str) -> str:
        draws = self._draws
        if gap == "n":
            return str(draws.number(3, 98))
        if gap in ("clock", "clock2"):
            hour = draws.number(6, 11) if gap == "clock" else draws.number(19, 23)
            return f"{hour}:{draws.number(0, 11) * 5:02d}"
        if gap == "month":
            return draws.one(MONTHS)
        if gap == "day":
            return draws.one(FILLERS["day"])
        if gap.startswith("a_"):
            return with_article(draws.phrase(FILLERS[gap[2:]]))
        return draws.phrase(FILLERS[gap])


def fit(template: str, fields: dict[str, str], *, continues: bool) -> str:
    """Fill a phrasing in, with a capital unless it continues a sentence."""
    if not continues:
        text = template.format_map(fields)
        return text[0].upper() + text[1:]
    if template.startswith("{S}"):
        template = "{s}" + template[3:]
    text = template.format_map(fields)
    if template[0] == "{" or template.split(" ")[0].split("'")[0].rstrip(",.:!?") in _KEEP_CAPITAL:
        return text
    return text[0].lower() + text[1:]


_KEEP_CAPITAL = frozenset({"I", "Portuguese", "Mondays", "Easter", *MONTHS})


class _SessionWriter:
    """Writes the turns of one session; remembers what the turn before left open."""

    def __init__(
        self,
        plan: Plan,
        settings: SyntheticSettings,
        draws: Draws,
        session: int,
        topics: list[SmallTalkTopic],
    ) -> None:
        self._topics = topics
        self._plan = plan
        self._settings = settings
        self._draws = draws
        self._first = session * settings.turns_per_session
        self._last = self._first + settings.turns_per_session - 1
        self._values = {history[0].fact: history[0].value for history in plan.histories}
        self._thread: _Thread | None = None
        self._answer = ""

    def write(self, turn: int) -> str:
        event = self._plan.events.get(turn)
        parts = [self._told(turn, event)] if event is not None else self._free(turn)
        following = self._plan.events.get(turn + 1)
        if event is None and following is not None and following.prompted:
            parts.append(self._say(self._draws.phrase(following.fact.attribute.prompts), following))
        return " ".join(part for part in parts if part)

    def _say(self, template: str, event: Event, *, continues: bool = False) -> str:
        return fit(template, self._fields(event), continues=continues)

    def _fields(self, event: Event) -> dict[str, str]:
        fact, value, old = event.fact, event.value, event.old
        person = subject(fact) if fact.relation else ""
        he, his, him = _PRONOUNS[fact.gender or "f"]
        parent = self._values.get(fact.parent) if fact.parent is not None and fact.attribute.parent else None
        key = parent.said if parent is not None else fact.key
        fields = {
            "s": person, "S": person[:1].upper() + person[1:], "he": he, "his": his, "him": him,
            "He": he.capitalize(), "His": his.capitalize(), "k": key, "ka": with_article(key) if key else "",
            "v": value.said if value is not None else "", "old": old.said if old is not None else "",
        }  # fmt: skip
        fields["a"] = with_article(fields["v"]) if fields["v"] else ""
        fields["old_a"] = with_article(fields["old"]) if fields["old"] else ""
        fields["about"] = fact.attribute.about.format_map(fields)
        return fields

    def _told(self, turn: int, event: Event) -> str:
        """A turn that tells a fact, reacts to the turn before and may add a comment."""
        draws = self._draws
        self._thread, self._answer = None, ""
        template = draws.phrase(self._templates(event))
        lead, continues = "", False
        before = self._plan.events.get(turn - 1) if turn > self._first else None
        if before is not None and draws.chance(0.75):
            lead = self._reaction(before)
        if event.kind is not EventKind.CORRECTION and not event.prompted and draws.chance(0.45):
            transition = draws.phrase(dialogue.TRANSITIONS)
            continues = transition[-1] not in ".?!"
            lead = f"{lead} {transition}".strip()
        told = self._say(template, event, continues=continues)
        comment = self._comment(event) if draws.chance(0.4) else ""
        return " ".join(part for part in (lead, told, comment) if part)

    def _templates(self, event: Event) -> tuple[str, ...]:
        attribute = event.fact.attribute
        if event.kind is EventKind.CORRECTION:
            return dialogue.CORRECTIONS
        if event.kind is EventKind.UPDATE:
            return attribute.updates
        if event.kind is EventKind.RETRACTION:
            return attribute.retractions
        return attribute.replies if event.prompted else attribute.states

    def _comment(self, event: Event) -> str:
        attribute = event.fact.attribute
        if event.kind is EventKind.CORRECTION or event.kind is EventKind.RETRACTION:
            return ""
        if event.kind is EventKind.DISTRACTOR:
            return self._say(self._draws.phrase(STRANGER_COMMENTS), event)
        if attribute.scope is Scope.CIRCLE and attribute.topic in ("health", "date", "age"):
            return ""
        if attribute.scope is Scope.CIRCLE and attribute.name != "introduction":
            return self._say(self._draws.phrase(CIRCLE_COMMENTS), event)
        return self._draws.phrase(COMMENTS[attribute.topic])

    def _reaction(self, event: Event) -> str:
        if event.kind is EventKind.RETRACTION:
            return self._draws.phrase(reactions.SAD_REACTIONS)
        if event.kind in REVISIONS and event.kind is not EventKind.CONTRADICTION:
            return self._draws.phrase(reactions.UPDATE_REACTIONS)
        topic = reactions.TOPIC_REACTIONS[event.fact.attribute.topic]
        return self._draws.phrase(topic if self._draws.chance(0.5) else reactions.REACTIONS)

    def _free(self, turn: int) -> list[str]:
        """A turn without a fact: hello, goodbye, an answer, a reaction or small talk."""
        if turn == self._first:
            return [self._address(dialogue.GREETINGS, turn), self._small_talk(turn, 0.4)]
        if turn == self._first + 1 and turn - 1 not in self._plan.events:
            return [self._address(dialogue.GREETING_REPLIES, turn), self._small_talk(turn, 0.8)]
        if self._answer:
            answer, self._answer = self._answer, ""
            return [answer, self._small_talk(turn, 0.4)]
        before = self._plan.events.get(turn - 1)
        lead = self._reaction(before) if before is not None else ""
        if turn == self._last:
            return [lead, self._address(dialogue.GOODBYES, turn)]
        if (
            before is not None
            and before.kind is not EventKind.RETRACTION
            and turn + 1 not in self._plan.events
            and self._draws.chance(0.45)
        ):
            return [lead if self._draws.chance(0.5) else "", self._follow_up(before)]
        if before is not None and self._draws.chance(0.25):
            return [lead]
        return [lead, self._small_talk(turn, 1.0)]

    def _address(self, pool: tuple[str, ...], turn: int) -> str:
        speaker = self._plan.speaker_of(turn, self._settings.turns_per_session)
        return self._draws.phrase(pool).format(other=self._plan.speakers[1 - speaker])

    def _follow_up(self, event: Event) -> str:
        attribute = event.fact.attribute
        about_others = attribute.scope is Scope.CIRCLE and attribute.name != "introduction"
        pool = CIRCLE_FOLLOW_UPS if about_others else FOLLOW_UPS[attribute.topic]
        question, self._answer = self._say(self._draws.phrase(pool), event).split(" | ")
        return question

    def _small_talk(self, turn: int, probability: float) -> str:
        """The next lines of the small talk that is going on, or the first of a new one."""
        draws = self._draws
        if not draws.chance(probability):
            return ""
        speaker = self._plan.speaker_of(turn, self._settings.turns_per_session)
        thread = self._thread
        if thread is not None and thread.turns < 4 and draws.chance(0.8):
            thread.turns += 1
            if speaker != thread.beginner:
                reply = draws.phrase(thread.topic.replies).format_map(_Gaps(draws))
                reply = reply[0].upper() + reply[1:]
                acknowledges = turn > self._first + 1 and draws.chance(0.5)
                return f"{draws.phrase(ACKNOWLEDGEMENTS)} {reply}" if acknowledges else reply
            return self._line(thread.topic.returns)
        opener, continues = "", False
        if thread is not None and draws.chance(0.6):
            opener = draws.phrase(ACKNOWLEDGEMENTS) + " "
        elif turn > self._first + 1 and draws.chance(0.4):
            opener = draws.phrase(dialogue.SMALL_TRANSITIONS) + " "
            continues = opener[-2] not in ".?!"
        self._thread = thread = _Thread(self._new_topic(), speaker)
        template = draws.phrase(thread.topic.openers)
        text = opener + fit(template, _Gaps(draws), continues=continues)
        return f"{text} {self._line(thread.topic.more)}" if draws.chance(0.5) else text

    def _new_topic(self) -> SmallTalkTopic:
        if not self._topics:
            self._topics.extend(self._draws.shuffled(TOPICS))
        return self._topics.pop()

    def _line(self, pool: tuple[str, ...]) -> str:
        text = self._draws.phrase(pool).format_map(_Gaps(self._draws))
        return text[0].upper() + text[1:]
