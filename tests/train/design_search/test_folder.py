from pathlib import Path

import pytest

from memdojo.errors import ConfigError, RunFolderError
from memdojo.train.design_search.folder import create_folder, resume_folder
from memdojo.train.design_search.settings import SearchSettings


def test_a_search_goes_on_in_its_folder_with_what_it_was_told_alone(
    settings: SearchSettings, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    with pytest.raises(RunFolderError, match="there is no search at"):
        resume_folder(root, "one", settings)
    folder = create_folder(root, "one", settings)
    assert resume_folder(root, "one", settings) == folder
    with pytest.raises(RunFolderError, match="there is something at"):
        create_folder(root, "one", settings)
    other = settings.model_copy(update={"metric": "exact_match"})
    with pytest.raises(ConfigError, match="searched with metric = 'token_f1' and cannot go on"):
        resume_folder(root, "one", other)
    (folder / "search.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunFolderError, match="cannot be read"):
        resume_folder(root, "one", settings)
