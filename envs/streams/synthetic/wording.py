"""The wording of a plan, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .draws import Draws
from .gaps import Gaps, capitalised
from .phrasings import framing as dialogue
from .phrasings import reactions, small_talk_home, small_talk_town
from .phrasings.attributes import Scope
from .phrasings.comments import CIRCLE_COMMENTS, COMMENTS, STRANGER_COMMENTS
from .phrasings.follow_ups import CIRCLE_FOLLOW_UPS, FOLLOW_UPS
from .phrasings.small_talk import ACKNOWLEDGEMENTS, SmallTalkTopic
from .plan import REVISIONS, Event, EventKind, Plan
from .sentences import Sentences, fit
from .settings import SyntheticSettings

TOPICS = (*small_talk_home.TOPICS, *small_talk_town.TOPICS)


def event_turns(plan: Plan, settings: SyntheticSettings, draws: Draws) -> Iterator[str]:
    """The text of each turn of the stream, in order."""
    length = settings.turns_per_session
    sentences = Sentences(plan)
    topics: list[SmallTalkTopic] = []
    for session in range(settings.num_sessions):
        writer = _SessionWriter(plan, settings, draws, sentences, session, topics)
        for place in range(length):
            yield writer.write(session * length + place)


@dataclass(slots=True)
class _Thread:
    """Small talk that is going on: its topic and who began it."""

    topic: SmallTalkTopic
    beginner: int
    turns: int = 1


class _SessionWriter:
    """Writes the turns of one session; remembers what the turn before left open."""

    def __init__(
        self,
        plan: Plan,
        settings: SyntheticSettings,
        draws: Draws,
        sentences: Sentences,
        session: int,
        topics: list[SmallTalkTopic],
    ) -> None:
        self._topics = topics
        self._plan = plan
        self._settings = settings
        self._draws = draws
        self._first = session * settings.turns_per_session
        self._last = self._first + settings.turns_per_session - 1
        self._sentences = sentences
        self._thread: _Thread | None = None
        self._answer = ""

    def write(self, turn: int) -> str:
        event = self._plan.events.get(turn)
        parts = [self._told(turn, event)] if event is not None else self._free(turn)
        following = self._plan.events.get(turn + 1)
        if event is None and following is not None and following.prompted:
            parts.append(self._sentences.say(self._draws.phrase(following.fact.attribute.prompts), following))
        return " ".join(part for part in parts if part)

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
        told = self._sentences.say(template, event, continues=continues)
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
            return self._sentences.say(self._draws.phrase(STRANGER_COMMENTS), event)
        if attribute.scope is Scope.CIRCLE and attribute.topic in ("health", "date", "age"):
            return ""
        if attribute.scope is Scope.CIRCLE and attribute.name != "introduction":
            return self._sentences.say(self._draws.phrase(CIRCLE_COMMENTS), event)
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
        question, self._answer = self._sentences.say(self._draws.phrase(pool), event).split(" | ")
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
                reply = draws.phrase(thread.topic.replies).format_map(Gaps(draws))
                reply = capitalised(reply)
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
        text = opener + fit(template, Gaps(draws), continues=continues)
        return f"{text} {self._line(thread.topic.more)}" if draws.chance(0.5) else text

    def _new_topic(self) -> SmallTalkTopic:
        if not self._topics:
            self._topics.extend(self._draws.shuffled(TOPICS))
        return self._topics.pop()

    def _line(self, pool: tuple[str, ...]) -> str:
        return capitalised(self._draws.phrase(pool).format_map(Gaps(self._draws)))
