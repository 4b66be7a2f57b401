import tomllib
from pathlib import Path

import pytest

from builders import invoke
from memdojo.configs import config_names, read_config


def test_all_packaged_configurations_are_listed_with_their_task() -> None:
    lines = invoke("configs", "list").stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(config_names())
    of_name = {line.split()[0]: line for line in lines}
    *row, sentence = of_name["quickstart"].split(maxsplit=3)
    assert row == ["quickstart", "manager", "compact"]
    assert sentence.startswith("A compact manager on generated dialogues")
    assert sentence.endswith("three minutes on two cores")
    assert "retriever     language" in of_name["memsifter"]


def test_a_configuration_is_shown_as_it_was_written() -> None:
    assert invoke("configs", "show", "quickstart").stdout == read_config("quickstart")
    missing = invoke("configs", "show", "quikstart")
    assert missing.exit_code == 2
    assert "unknown configuration 'quikstart'. Did you mean 'quickstart'" in missing.stderr


def test_a_copy_can_be_edited_and_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    copied = invoke("configs", "copy", "quickstart", path)
    assert copied.stdout == f"written to {path}; train on it with: memdojo train {path}\n"
    path.write_text(
        path.read_text(encoding="utf-8").replace("num_train = 320", "num_train = 4"), encoding="utf-8"
    )
    shown = invoke("train", path, "--dry-run").stdout
    assert 'name = "mine"' in shown
    assert "num_train = 4" in shown


def test_a_copy_is_named_after_its_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    invoke("configs", "copy", "quickstart")
    assert tomllib.loads(Path("quickstart.toml").read_text(encoding="utf-8"))["task"] == "manager"
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "folder/quickstart.toml" in invoke("configs", "copy", "quickstart", folder).stdout


def test_a_copy_replaces_no_file_unasked(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("mine", encoding="utf-8")
    refused = invoke("configs", "copy", "quickstart", path)
    assert refused.exit_code == 2
    assert f"{path} exists; name another file, or pass --overwrite" in refused.stderr
    assert path.read_text(encoding="utf-8") == "mine"
    invoke("configs", "copy", "quickstart", path, "--overwrite")
    assert path.read_text(encoding="utf-8") == read_config("quickstart")


@pytest.mark.parametrize(
    ("name", "message"),
    [("mine", "mine does not end in .toml"), ("nowhere/mine.toml", "cannot be written: No such file")],
)
def test_a_copy_goes_where_it_can_be_found(tmp_path: Path, name: str, message: str) -> None:
    refused = invoke("configs", "copy", "quickstart", tmp_path / name)
    assert refused.exit_code == 2
    assert message in refused.stderr
