"""The location of the model in a run, a checkpoint or a plain folder. Needs no heavy libraries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from memdojo.errors import ModelError

from ..runs.checkpoint_folders import CHECKPOINTS, find_checkpoint
from .digests import require_unchanged

MODEL, POLICY, CONFIG = "model", "policy.json", "config.json"


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model on the disk.

    Attributes:
        folder: The Hugging Face folder with all weights.
        checkpoint: The checkpoint of memdojo that it belongs to; None for a plain folder.
    """

    folder: Path
    checkpoint: Path | None

    @property
    def policy(self) -> Path | None:
        """The checkpoint's description of the policy, if there is one."""
        path = None if self.checkpoint is None else self.checkpoint / POLICY
        return path if path is not None and path.is_file() else None


def find_model(path: str | Path) -> FoundModel:
    """Find the model of a run (its best checkpoint, else the latest), of a checkpoint, or in a plain folder.

    Raises:
        RunFolderError: If a run has no checkpoint yet.
        ModelError: If there is no folder, or no model in it.
        CheckpointError: If the weights in a checkpoint are not those that were written.
    """
    path = Path(path).expanduser()
    if (path / CHECKPOINTS).is_dir():
        return find_model(find_checkpoint(path))
    if (path / MODEL / CONFIG).is_file():
        require_unchanged(path, MODEL)
        return FoundModel(path / MODEL, path)
    if (path / CONFIG).is_file():
        return FoundModel(path, None)
    why = f"has neither a {CONFIG} nor a folder {MODEL} with one" if path.exists() else "does not exist"
    raise ModelError(
        f"{path} {why}; give a run, a checkpoint of a language policy, or the folder of a Hugging Face model."
    )
