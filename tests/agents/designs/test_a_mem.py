"""A-MEM: notes that link to each other, and let each other be found."""

from __future__ import annotations

import pytest

from memdojo.agents.designs.a_mem import AMem
from memdojo.errors import ConfigError

from .acting import Choosing, Memory

SAID = (
    "The weather is dull today.",
    "I bought a red bicycle in Rome.",
    "My red bicycle squeaks whenever it rains in Rome.",
)


def test_a_note_has_keywords_and_links_to_the_neighbours_that_it_relates_to():
    weather, bought, squeaks = Memory(AMem(), *SAID).entries
    assert "weather" in weather.tags
    assert bought.links == weather.links == ()
    assert squeaks.links == (bought.id,)


def test_a_neighbour_takes_over_keywords_of_the_new_note():
    _, bought, _ = Memory(AMem(), *SAID).entries
    _, alone = Memory(AMem(), *SAID[:2]).entries
    assert "squeaks" in bought.tags
    assert "squeaks" not in alone.tags
    _, as_it_was, _ = Memory(AMem(), *SAID, choosing=Choosing(evolve=0)).entries
    assert as_it_was.tags == alone.tags


def test_links_can_be_chosen():
    assert all(not note.links for note in Memory(AMem(), *SAID, choosing=Choosing(relate=0)).entries)
    *_, last = Memory(AMem(), *SAID, choosing=Choosing(relate=1)).entries
    assert {*last.links} == {1, 2}


def test_by_the_published_fault_the_note_of_the_same_rank_in_the_list_evolves():
    weather, bought, _ = Memory(AMem(faulty_neighbours=True), *SAID).entries
    assert "squeaks" in weather.tags
    assert "squeaks" not in bought.tags


class _RelatingTo(Choosing):
    """Lets new notes relate to the neighbours that begin with some words."""

    def __init__(self, words):
        super().__init__()
        self._words = f"neighbour: Ann: {words}"

    def choose(self, decisions):
        return [int(self._words in decision.about) for decision in decisions]


def test_a_note_is_found_by_keywords_that_it_took_over():
    said = ("I fed Otto.", "Greece has many islands.", "Otto, my old tortoise from Crete, is asleep.")
    without, with_keywords = (
        Memory(AMem(keyword_weight=weight, linked_share=0), *said, choosing=_RelatingTo("I fed Otto"))
        for weight in (0.0, 1.0)
    )
    assert without.read("Crete", k=2) == [f"Ann: {said[2]}", f"Ann: {said[1]}"]
    assert with_keywords.read("Crete", k=2) == [f"Ann: {said[2]}", f"Ann: {said[0]}"]


def test_the_last_places_are_those_of_linked_notes():
    said = ("My cat is called Otto.", "The red bicycle is old.", "A bicycle and a cat: Otto in a basket.")
    memory = Memory(AMem(linked_share=0.5), *said, choosing=_RelatingTo("My cat"))
    assert memory.entries[-1].links == (1,)
    question = "Who is in the bicycle's basket?"
    assert memory.read(question, k=2) == [f"Ann: {said[2]}", f"Ann: {said[0]}"]
    unlinked = Memory(AMem(linked_share=0.5), *said, choosing=Choosing(relate=0))
    assert unlinked.read(question, k=2) == [f"Ann: {said[2]}", f"Ann: {said[1]}"]


@pytest.mark.parametrize("values", [{"num_neighbours": 0}, {"keyword_weight": -1}, {"linked_share": 1}])
def test_numbers_out_of_range_are_refused(values):
    with pytest.raises(ConfigError, match="a_mem has num_neighbours="):
        AMem(**values)
