from __future__ import annotations

import pytest

from builders import read_answer
from memdojo.envs.answering.lines import tokenize

VALUES = """
555-0101|+1 (555) 010-1234|555 0101|+49 170 1234567|(030) 123 4567|555.010.1234
ann.lee+x@mail.example.org|https://example.org/a/b?c=1#d|www.example.org/x|example.com/path|@ann.lee|report.pdf
AB-12/34|978-3-16-148410-0|DE89 3704 0044 0532 0130 00|4111 1111 1111 1111|LH404|LH 404|INV-2024-001|#12345
SW1A 1AA|B-MW 1234|550e8400-e29b-41d4-a716-446655440000|hunter2|12B|covid-19
€ 1,200.50|€1.200,50|$5k|$1.5 million|1 200,50 €|1200 EUR|US$ 500|$10-$20
10-12|10–12|2019-2021|5–7 pm|5:30 pm|5 p.m.|17:30|9:00-17:00|9:00 - 17:00
1.2.3-rc1|v1.2.3|192.168.0.1:8080|192.168.1.0/24|2001:db8::1|00:1a:2b:3c:4d:5e
2024-05-12|12/05/2024|12.05.2024|45%|12.5 %|120/80|120/80 mmHg|62.5 kg|-5°C|100 km/h|5'11"|3.14|1,000,000
"""


@pytest.mark.parametrize("value", VALUES.replace("\n", "|").strip("|").split("|"))
def test_a_value_is_one_token_within_a_sentence_and_at_its_end(value: str) -> None:
    for sentence in (f"It is {value} and no other", f"It is {value}."):
        tokens = tokenize(sentence)
        assert value in [sentence[token.start : token.end] for token in tokens]


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("a 5-year-old boy", ["a", "5", "-", "year-old", "boy"]),
        ("5 cats, 6 dogs.", ["5", "cats", ",", "6", "dogs", "."]),
        ("in 2020 2021", ["in", "2020", "2021"]),
        ("home.Then we left", ["home", ".", "then", "we", "left"]),
        ("at 5 in the morning", ["at", "5", "in", "the", "morning"]),
        ("It cost 900 euros", ["it", "cost", "900", "euros"]),
    ],
)
def test_words_beside_a_number_stay_words(sentence: str, words: list[str]) -> None:
    assert [token.lower for token in tokenize(sentence)] == words


@pytest.mark.parametrize(
    ("question", "line", "answer"),
    [
        ("What is Ann's phone number?", "My phone number is 555-0101.", "555-0101"),
        ("What is Ann's number?", "Call me at 555-0101, my new number.", "555-0101"),
        ("What's Ann's mobile number?", "My mobile number is +49 170 1234567, call me.", "+49 170 1234567"),
        ("What is Ann's e-mail address?", "My e-mail address is ann.lee@example.org.", "ann.lee@example.org"),
        ("How can I email Ann?", "My email is ann.lee@example.org.", "ann.lee@example.org"),
        ("What is Ann's website?", "My website is www.annbakes.com, have a look.", "www.annbakes.com"),
        ("What is the code of Ann's order?", "The code of my order is AB-12/34.", "AB-12/34"),
        ("What is Ann's IBAN?", "My IBAN is DE89 3704 0044 0532 0130 00.", "DE89 3704 0044 0532 0130 00"),
        ("How much is Ann's rent?", "My rent is € 1,200.50 a month.", "€ 1,200.50"),
        ("How much did Ann pay for the car?", "I paid $5k for the car.", "$5k"),
        ("When is Ann's conference?", "The conference is on 10-12 May.", "10-12 May"),
        ("When is Ann away?", "I am away 10 May - 12 June.", "10 May - 12 June"),
        ("When is Ann away?", "I am away May 10-12.", "May 10-12"),
        ("When is Ann's class?", "My class is 5–7 pm.", "5–7 pm"),
        ("What time is Ann's shop open?", "My shop is open 9:00-17:00.", "9:00-17:00"),
        ("When did Ann live in Rome?", "I lived in Rome 2019-2021.", "2019-2021"),
        ("When was Ann's exam?", "The exam was on 12/05/2024.", "12/05/2024"),
        ("Which version does Ann use?", "I use version 1.2.3-rc1.", "1.2.3-rc1"),
        ("What is the IP of Ann's printer?", "The IP of the printer is 192.168.0.17.", "192.168.0.17"),
        ("What percentage did Ann get?", "The percentage I got was 45%.", "45%"),
        ("What is Ann's blood pressure?", "My blood pressure is 120/80.", "120/80"),
        ("How much does Ann weigh?", "I weigh 62.5 kg.", "62.5 kg"),
        ("What is Ann's license plate?", "My license plate is B-MW 1234.", "B-MW 1234"),
        ("How many guests does Ann expect?", "I expect 30-40 guests.", "30-40"),
    ],
)
def test_a_value_is_returned_whole(question: str, line: str, answer: str) -> None:
    assert read_answer(question, f"[2024-05-01] Ann: {line}") == answer
