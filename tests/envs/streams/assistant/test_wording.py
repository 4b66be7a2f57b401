from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import combinations
from statistics import median

import pytest

from memdojo.envs.streams import load_streams, render_turn
from memdojo.envs.streams.assistant import ASSISTANT_CHAT, AssistantSettings
from memdojo.envs.streams.assistant.phrasings.projects import PROJECTS
from memdojo.envs.streams.synthetic import CATEGORIES, SPLITS, generate_stream
from memdojo.envs.types import Add, Delete, Noop, Stream, Turn, Update

SETTINGS = AssistantSettings()
LIST = re.compile(r"(?m)^\s*(?:[-*]|\d+\.)\s")


@pytest.fixture(scope="module")
def streams() -> list[Stream]:
    return [
        stream for split in SPLITS for stream in load_streams(f"assistant:{split}", seed=7, num_streams=12)
    ]


def of(streams: list[Stream], *, assistant: bool) -> list[Turn]:
    return [turn for stream in streams for turn in stream.turns if (turn.speaker == "Assistant") == assistant]


def test_the_user_begins_every_session_and_the_assistant_answers(streams: list[Stream]) -> None:
    for stream in streams:
        speakers = [turn.speaker for turn in stream.turns]
        assert set(speakers[1::2]) == {"Assistant"}
        assert len(set(speakers[::2])) == 1


def test_half_of_the_users_are_called_user_and_the_others_by_their_names(streams: list[Stream]) -> None:
    nameless = [stream for stream in streams if stream.turns[0].speaker == "User"]
    assert 0.25 < len(nameless) / len(streams) < 0.75
    asked = [question.text for stream in nameless for question in stream.questions]
    assert any("the user's" in text for text in asked)
    assert not any(" User" in text for text in asked)


def test_the_assistant_never_tells_a_fact(streams: list[Stream]) -> None:
    for stream in streams:
        for turn in stream.turns:
            (planned,) = stream.oracle[turn.id]
            assert planned.kind == Noop.kind or turn.speaker != "Assistant"


def test_facts_are_said_back_only_after_they_were_told(streams: list[Stream]) -> None:
    said_back = 0
    for stream in streams:
        texts = [turn.text.lower() for turn in stream.turns]
        for place, turn in enumerate(stream.turns):
            if stream.oracle[turn.id][0].kind not in (Add.kind, Update.kind):
                continue
            for question in stream.questions:
                answer = question.answers[0].lower() if question.answers else ""
                if turn.id in question.evidence and len(answer) > 6 and answer in texts[place]:
                    earlier = [text for text in texts[1:place:2] if re.search(rf"\b{answer}\b", text)]
                    said_back += place + 1 < len(texts) and answer in texts[place + 1]
                    assert not earlier or any(re.search(rf"\b{answer}\b", text) for text in texts[0:place:2])
    assert said_back > 20


def test_evidence_lies_in_messages_of_the_user_that_say_the_answer(streams: list[Stream]) -> None:
    for stream in streams:
        turns = {turn.id: turn for turn in stream.turns}
        for question in stream.questions:
            assert question.category in CATEGORIES
            assert all(turns[each].speaker != "Assistant" for each in question.evidence)
            if question.answers and question.category != "count":
                assert any(
                    question.answers[0].lower() in turns[each].text.lower() for each in question.evidence
                )


def test_the_plan_adds_updates_and_deletes_as_in_synthetic_streams(streams: list[Stream]) -> None:
    for stream in streams:
        kinds = Counter(operation.kind for planned in stream.oracle.values() for operation in planned)
        assert (kinds[Add.kind], kinds[Update.kind], kinds[Delete.kind]) == (24, 6, 2)
        for turn in stream.turns:
            (planned,) = stream.oracle[turn.id]
            if planned.text:
                assert planned.text == render_turn(turn)


def test_texts_are_filled_in(streams: list[Stream]) -> None:
    for turn in (turn for stream in streams for turn in stream.turns):
        prose = re.sub(r"(?s)```.*?```", "CODE", turn.text)
        assert not any(mark in prose for mark in ("{", "}", "  ", "\n\n\n")), turn.text
        assert turn.text == turn.text.strip()
        assert turn.text


def test_replies_are_far_longer_than_messages_and_often_have_lists(streams: list[Stream]) -> None:
    messages = [turn.text for turn in of(streams, assistant=False)]
    replies = [turn.text for turn in of(streams, assistant=True)]
    assert 24 <= median(len(text.split()) for text in messages) <= 40
    assert 150 <= median(len(text.split()) for text in replies) <= 250
    assert 0.4 < sum(bool(LIST.search(text)) for text in replies) / len(replies) < 0.7
    assert any("```" in text for text in replies)
    assert any("| --- |" in text for text in replies)
    assert 0.3 < sum("?" in text for text in replies) / len(replies) < 0.5


def test_length_does_not_give_the_facts_away(streams: list[Stream]) -> None:
    told, others = [], []
    for stream in streams:
        for turn in stream.turns[::2]:
            has_fact = stream.oracle[turn.id][0].kind != Noop.kind
            (told if has_fact else others).append(len(turn.text.split()))
    assert 0.6 < median(told) / median(others) < 1.7


def test_projects_come_back_in_later_sessions(streams: list[Stream]) -> None:
    goals = [goal for project in PROJECTS for goal in project.goals]
    for stream in streams:
        sessions = defaultdict(set)
        for turn in stream.turns:
            session = turn.id.split(":")[0]
            sessions[session] |= {goal for goal in goals if goal in turn.text}
        together = Counter(goal for found in sessions.values() for goal in found)
        assert len(together) == 4
        assert min(together.values()) >= 2


def test_distractors_are_supposed_or_about_characters_and_left_alone() -> None:
    def supposed(rate: float) -> int:
        settings = replace(SETTINGS, distractor_rate=rate)
        stream = generate_stream(settings, "train", 0, 0, ASSISTANT_CHAT)
        words = re.compile(r"pretend|suppose|\bif I\b|imagine|example|character|sample|invent", re.IGNORECASE)
        found = [turn for turn in stream.turns[::2] if words.search(turn.text)]
        return sum(stream.oracle[turn.id][0].kind == Noop.kind for turn in found)

    assert supposed(0.0) + 12 < supposed(1.5)


@pytest.mark.parametrize("split", SPLITS)
def test_the_largest_number_of_facts_can_be_told(split: str) -> None:
    settings = replace(SETTINGS, num_sessions=60, num_facts=150, num_questions=150)
    stream = generate_stream(settings, split, 0, 0, ASSISTANT_CHAT)
    assert len(stream.questions) == 150


@pytest.mark.parametrize("num_facts", [1, 2, 5])
def test_tiny_chats_work(num_facts: int) -> None:
    settings = AssistantSettings(
        num_sessions=2, turns_per_session=9, num_facts=num_facts, num_questions=num_facts, multi_hop_share=1.0
    )
    for index in range(20):
        stream = generate_stream(settings, "test", 0, index, ASSISTANT_CHAT)
        assert len(stream.questions) == num_facts


def test_splits_share_no_group_user_answer_or_message_of_several_words() -> None:
    groups, users, answers, texts = (defaultdict(set) for _ in range(4))
    for split in SPLITS:
        for stream in load_streams(f"assistant:{split}", num_streams=15):
            groups[split].add(stream.group)
            users[split] |= {turn.speaker for turn in stream.turns} - {"User", "Assistant"}
            texts[split] |= {turn.text for turn in stream.turns}
            for question in stream.questions:
                if question.category != "count":
                    answers[split].update(question.answers)
    for one, other in combinations(SPLITS, 2):
        for found in (groups, users, answers, texts):
            assert not found[one] & found[other]
