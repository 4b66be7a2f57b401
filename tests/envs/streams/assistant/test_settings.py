from __future__ import annotations

from dataclasses import replace

import pytest

from memdojo.envs.streams.assistant import AssistantSettings
from memdojo.errors import ConfigError

SETTINGS = AssistantSettings()


def test_a_chat_has_sixteen_sessions_of_ten_messages_by_default() -> None:
    assert SETTINGS.num_turns == 160
    assert (SETTINGS.num_facts, SETTINGS.num_questions) == (24, 20)


def test_all_that_is_told_must_fit_into_the_messages_of_the_user() -> None:
    # 24 facts, 6 revisions, 2 retractions and 48 distractors for 80 messages of the user.
    assert replace(SETTINGS, distractor_rate=2.0).num_events == 80
    with pytest.raises(ConfigError) as error:
        replace(SETTINGS, distractor_rate=2.05)
    assert str(error.value) == (
        "81 facts, revisions and distractors do not fit into 160 turns (the one who tells them has 80 turns "
        "for 81); add sessions or turns, or lower num_facts, update_rate, retraction_rate or distractor_rate."
    )
