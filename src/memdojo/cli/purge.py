"""`memdojo purge`: a memory file without what nothing in it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memdojo.errors import StoreFileError

from .running import DebugOption


def purge(
    memory_file: Annotated[Path, typer.Argument(help="The memory file.")],
    debug: DebugOption = False,
) -> None:
    """Erase from a memory file what no entry rests on and what does not wait, and write the file anew.

    memdojo purge memory.sqlite

    That is what was dropped or left a full store, of which the file still has the words, and what is left
    between its pages of what was deleted. Entries, the turns behind them and turns that wait stay. The file
    may be in use: other processes wait meanwhile. Copies of it are out of reach.
    """
    from memdojo.deploy.memory_agent import MemoryAgent
    from memdojo.envs.memory.persistence import usable_path

    path = usable_path(memory_file)
    if not path.is_file() or not path.stat().st_size:
        raise StoreFileError(
            f"{path}: there is no memory file; name one that serve-memory or open_memory made."
        )
    with MemoryAgent(path) as agent:
        agent.purge()
        num_entries, num_waiting = len(agent.entries), len(agent.waiting)
    typer.echo(f"{path}: purged; it has {num_entries:,} entries, and {num_waiting:,} turns wait")
