from __future__ import annotations

import pytest

from builders import read_answer
from memdojo.rewards import NO_INFORMATION


@pytest.mark.parametrize(
    ("question", "line", "answer"),
    [
        ("Where did Ann get back from?", "I got back from Rome on Monday.", "Rome"),
        ("Who did Ann break up with?", "I broke up with Tom.", "Tom"),
        ("What did Ann quit?", "I quit smoking.", "smoking"),
        ("Who quit the band?", "Kim quit the band.", "Kim"),
        ("Where did Ann lose her wallet?", "I lost my wallet in Oslo.", "Oslo"),
        ("What did Ann lose in Oslo?", "I lost my wallet in Oslo.", "wallet"),
        ("Who did Ann give the ring back to?", "I gave the ring back to Tom.", "Tom"),
        ("Where are Ann's keys?", "I left the keys in Oslo.", "Oslo"),
        ("Where did Ann take her sister?", "I took my sister back to Paris.", "Paris"),
        ("What did Ann get back into?", "I got back into chess.", "chess"),
        ("What is Ann's dog called?", "I got my dog Rex back from the vet.", "Rex"),
        ("Where does Ann live?", "I quit my job and live in Lyon.", "Lyon"),
        ("Where does Ann live now?", "I am out of work, but I live in Lyon now.", "Lyon"),
        ("How long has Ann been out of work?", "I have been out of work for three months.", "three months"),
        ("Where did Ann's band break up?", "My band broke up in Berlin.", "Berlin"),
        ("Where was Ann's train cancelled?", "My train was cancelled in Oslo.", "Oslo"),
        ("What did Ann give up?", "I gave up the flute.", "flute"),
        ("What are Ann's dreams?", "I won't give up my dreams of opera.", "dreams of opera"),
        ("What recipe did Ann like?", "I like the soup recipe you gave a while back.", "soup recipe"),
    ],
)
def test_what_happened_to_something_is_a_fact(question: str, line: str, answer: str) -> None:
    assert read_answer(question, f"[2024-05-01] Ann: {line}") == answer


@pytest.mark.parametrize(
    ("question", "told", "taken_back"),
    [
        ("What does Ann work as?", "I work as a nurse.", "I lost my job on Friday."),
        ("What does Ann work as?", "I work as a nurse.", "I'm out of work since Monday."),
        ("Which course is Ann taking?", "I'm taking a course in pottery.", "I've given up on that course."),
        ("Which band is Ann in?", "I'm in a band called Moss.", "The band has broken up."),
        ("What pet is Ann getting?", "We got a puppy as a pet.", "We gave the pet back to the shelter."),
        ("Where is Ann's trip going to?", "I booked a trip to Rome.", "The trip is off."),
        ("Which club is Ann in?", "I'm in the chess club.", "I've left the club, I had no time."),
    ],
)
def test_the_end_of_what_is_asked_for_takes_it_back(question: str, told: str, taken_back: str) -> None:
    context = (f"[2024-05-01] Ann: {told}", f"[2024-06-01] Ann: {taken_back}")
    assert read_answer(question, context[0]) != NO_INFORMATION
    assert read_answer(question, *context) == NO_INFORMATION


def test_the_end_of_another_persons_thing_takes_nothing_back() -> None:
    context = ("[2024-05-01] Ann: I work as a nurse.", "[2024-06-01] Bob: I lost my job on Friday.")
    assert read_answer("What does Ann work as?", *context) == "nurse"
