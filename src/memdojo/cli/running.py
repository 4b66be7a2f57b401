"""The end of a command: exit codes, and errors as one sentence instead of a traceback."""

from __future__ import annotations

import errno
import functools
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import typer

from memdojo.errors import ConfigError, MemdojoError

INPUT_ERROR, FAULT, INTERRUPTED = 2, 1, 130

DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
TrustRunOption = Annotated[
    bool,
    typer.Option(
        "--trust-run",
        help="Let runs ask the endpoints and load the models and folders outside of them that they name.",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Plain lines instead of a progress bar.")]


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function, which has a parameter `debug`, as the command `name` with our way of ending."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        return app.command(name)(_ending_properly(function))

    return register


def _ending_properly(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def run(*args: Any, debug: bool, **kwargs: Any) -> None:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                function(*args, debug=debug, **kwargs)
        except typer.Exit:
            raise
        except KeyboardInterrupt as interrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(exit_code_of(interrupt)) from None
        except MemdojoError as error:
            if debug:
                raise
            typer.echo(f"error: {_cause(error)}", err=True)
            raise typer.Exit(INPUT_ERROR) from None
        except Exception as error:
            # The reader of our output has gone, as `head` does: no fault of anybody's.
            if debug or (isinstance(error, OSError) and error.errno == errno.EPIPE):
                raise
            cause = _cause(error)
            message = " ".join(str(cause).split()) or "no message"
            typer.echo(f"unexpected {type(cause).__name__}: {message} (--debug shows where)", err=True)
            raise typer.Exit(FAULT) from None

    return run


def _show_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Print a warning as one sentence: where in the code it comes from helps nobody at a command line."""
    typer.echo(f"warning: {message}", err=True)


def exit_code_of(interrupt: KeyboardInterrupt) -> int:
    """Return what a process ends with that was interrupted: 130, or 128 more than the signal that did it."""
    return int(getattr(interrupt, "exit_code", INTERRUPTED))


def _cause(error: BaseException) -> BaseException:
    """Return what failed in a Ray worker; Ray's own error has a traceback for its message."""
    cause = getattr(error, "cause", None)
    return _cause(cause) if isinstance(cause, BaseException) else error


def parse_options(options: list[str] | None) -> dict[str, Any]:
    """Parse the `key=value` options of a stream source; values as TOML writes them, else texts.

    Raises:
        ConfigError: If one is malformed or comes twice.
    """
    from memdojo.train.config.files import parse_override

    parsed: dict[str, Any] = {}
    for option in options or ():
        key, value = parse_override(option)
        if value is None or "." in key:
            raise ConfigError(f"the option {option!r} is not of the form key=value.")
        if key in parsed:
            raise ConfigError(f"the option {key} is given twice.")
        parsed[key] = value
    return parsed
