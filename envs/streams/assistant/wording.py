"""The wording of a plan as a chat with an assistant, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator

from ..synthetic.draws import Draws
from ..synthetic.plan import Plan
from ..synthetic.sentences import Sentences
from ..synthetic.settings import SyntheticSettings
from .answers import AssistantReplies
from .messages import UserMessages, Wish
from .phrasings.projects import PROJECTS
from .project_gaps import Undertaking
from .writer import Writer

ASSISTANT, NAMELESS_USER = "Assistant", "User"

SESSIONS_PER_PROJECT = 4


def chat_turns(plan: Plan, settings: SyntheticSettings, draws: Draws) -> Iterator[str]:
    """The text of each turn of the chat, in order."""
    sentences = Sentences(plan)
    user = plan.speakers[0]
    signature = "" if user == NAMELESS_USER else user
    length = settings.turns_per_session
    for session, undertaking in enumerate(_undertakings(settings.num_sessions, draws)):
        writer = Writer(draws, undertaking, signature)
        first = session * length
        yield from _session_turns(plan, range(first, first + length), writer, sentences)


def _undertakings(num_sessions: int, draws: Draws) -> Iterator[Undertaking]:
    """What each session is about: a few projects, which come back in ever new order."""
    number = min(len(PROJECTS), -(-num_sessions // SESSIONS_PER_PROJECT))
    projects = draws.shuffled(PROJECTS)[:number]
    under_way = [Undertaking(project, draws.phrase(project.goals)) for project in projects]
    ahead: list[Undertaking] = []
    for _ in range(num_sessions):
        if not ahead:
            ahead = draws.shuffled(under_way)
        yield ahead.pop()


def _session_turns(plan: Plan, turns: range, writer: Writer, sentences: Sentences) -> Iterator[str]:
    """The turns of one session: messages of the user, each with a reply."""
    messages, replies = UserMessages(writer, sentences), AssistantReplies(writer, sentences)
    wish = Wish.NOTHING
    for turn in turns:
        event = plan.events.get(turn)
        opens, closes = turn == turns[0], turn + 2 >= turns.stop
        if (turn - turns.start) % 2:
            following = plan.events.get(turn + 1) if turn + 1 in turns else None
            asks = following is not None and following.prompted
            yield replies.reply(plan.events.get(turn - 1), wish, asks=asks)
            continue
        if event is not None:
            text, wish = messages.telling(event, opens=opens)
        elif opens:
            text, wish = messages.opening()
        elif closes and writer.draws.chance(0.5):
            text, wish = messages.closing()
        else:
            text, wish = messages.plain()
        yield text
