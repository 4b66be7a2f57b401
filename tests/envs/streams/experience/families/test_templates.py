from memdojo.envs.streams.experience.families.templates import Attribute, Kind, template


def test_a_template_is_read_from_what_tables_have() -> None:
    read = template(
        Kind.CRITERIA,
        "boxes",
        "Box {0} waits",
        """
        it is {} | its colour is {}: red, light blue
        it holds {}: tea, salt
        """,
        "left, right",
    )

    assert read.attributes == (
        Attribute(("it is {}", "its colour is {}"), ("red", "light blue")),
        Attribute(("it holds {}",), ("tea", "salt")),
    )
    assert read.answers == ("left", "right")
