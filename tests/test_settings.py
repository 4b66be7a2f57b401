import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import ValidationError

from memdojo.registry import Registry
from memdojo.settings import Count, OneOf, SetByCode, Table, UsedIf, keys_of, unused_keys


class PetSettings(Table):
    kind: str
    age: Count = 1


class CatSettings(PetSettings):
    kind: Literal["cat"] = "cat"
    lives: Count = 9


class DogSettings(PetSettings):
    kind: Literal["dog"] = "dog"
    tricks: Count
    barks: bool = True


@dataclass(frozen=True)
class Kind:
    settings: type[PetSettings]


PETS: Registry[Kind] = Registry("pet")
PETS.add("cat", Kind(CatSettings))
PETS.add("dog", Kind(DogSettings))


class House(Table):
    rooms: Count = 3
    garden: Annotated[
        int, UsedIf(lambda run: run.rooms > 3, "rooms is {run.rooms} and only a big house has one")
    ] = 0
    pet: Annotated[PetSettings, OneOf(PETS, default="cat")] = CatSettings()


def _details(**tables: Any) -> list[Any]:
    with pytest.raises(ValidationError) as caught:
        House.model_validate(tables)
    return caught.value.errors()


def test_a_table_has_the_model_of_the_kind_that_it_names() -> None:
    assert House.model_validate({"pet": {"kind": "dog", "tricks": 2}}).pet == DogSettings(tricks=2)
    assert House.model_validate({"pet": {"lives": 3}}).pet == CatSettings(lives=3)
    assert House(pet=DogSettings(tricks=1)).pet == DogSettings(tricks=1)


def test_what_is_dumped_has_the_keys_of_the_kind_and_is_read_back() -> None:
    house = House(pet=DogSettings(tricks=2))
    dumped = house.model_dump()
    assert dumped["pet"] == {"kind": "dog", "age": 1, "tricks": 2, "barks": True}
    assert House.model_validate(dumped) == house


def test_a_kind_that_is_registered_later_is_a_choice_like_any_other() -> None:
    class FishSettings(PetSettings):
        kind: Literal["fish"] = "fish"
        bowl: str = "round"

    fish = {"pet": {"kind": "fish", "bowl": "square"}}
    with PETS.temporarily("fish", Kind(FishSettings)):
        assert House.model_validate(fish).pet == FishSettings(bowl="square")
        assert "'cat', 'dog' or 'fish'. Did you mean 'fish'?" in _details(pet={"kind": "fsh"})[0]["msg"]
    assert _details(**fish)[0]["type"] == "unknown_kind"


def test_errors_have_their_place_in_the_whole_configuration() -> None:
    for table, place, kind in (
        ({"lives": 0}, ("pet", "lives"), "greater_than_equal"),
        ({"kind": "dog"}, ("pet", "tricks"), "missing"),
        ({"livs": 2}, ("pet", "livs"), "extra_forbidden"),
        ({"kind": 3}, ("pet", "kind"), "unknown_kind"),
        (4, ("pet",), "model_type"),
    ):
        first, *_ = _details(pet=table)
        assert (first["loc"], first["type"]) == (place, kind)


def test_a_kind_that_has_no_default_must_be_named() -> None:
    class Farm(Table):
        pet: Annotated[PetSettings, OneOf(PETS)]

    with pytest.raises(ValidationError) as caught:
        Farm.model_validate({"pet": {"age": 2}})
    assert [(each["loc"], each["type"]) for each in caught.value.errors()] == [(("pet", "kind"), "missing")]


def test_a_key_of_another_kind_is_refused_unless_it_says_what_is_so_anyway() -> None:
    (only,) = _details(pet={"kind": "cat", "barks": False})
    assert (only["loc"], only["type"], only["input"]) == (("pet", "barks"), "other_kind", False)
    assert only["ctx"] == {"tag": "kind", "kind": "cat", "users": ["dog"]}
    assert House.model_validate({"pet": {"kind": "cat", "barks": True}}).pet == CatSettings()


def test_what_a_configuration_does_not_use_is_told_with_why() -> None:
    assert unused_keys(House()) == {"garden": "rooms is 3 and only a big house has one"}
    assert unused_keys(House(rooms=5)) == {}

    class Street(Table):
        kept: Annotated[House, UsedIf(lambda run: False, "it is empty")] = House()

    assert unused_keys(Street()) == dict.fromkeys(["kept.rooms", "kept.garden", "kept.pet"], "it is empty")


def test_a_field_that_code_sets_is_no_key() -> None:
    class Boat(Table):
        length: Count = 3
        seats: Annotated[Count, SetByCode("length says how many have room")] = 6

    assert keys_of(Boat) == ["length"]
    assert unused_keys(Boat()) == {"seats": "length says how many have room"}
    assert Boat().model_copy(update={"seats": 2}).seats == 2


def test_settings_cannot_be_changed_and_know_their_keys() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        House().rooms = 2
    with pytest.raises(ValidationError, match=re.escape("Extra inputs are not permitted")):
        House.model_validate({"room": 2})
