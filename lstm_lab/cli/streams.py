"""Standard output and error of a command: in any encoding, and told in one line where they cannot be written."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

__all__ = ["OutputError", "discard_output", "open_streams", "say"]


class OutputError(Exception):
    """Standard output is closed, or what it goes to is full: one line."""


def open_streams() -> None:
    """Make standard output and error ready for any text.

    A character that the encoding lacks, such as an arrow in a C locale, is written as a question mark. A closed
    standard error is replaced by one that forgets what it gets.

    Raises
    ------
    OutputError
        Standard output is closed.
    """
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for the rest of the process
    if sys.stdout is None:
        raise OutputError("standard output is closed, and the result is written to it; use >/dev/null to be rid of it")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(text: str) -> None:
    """Write lines to standard output at once.

    Raises
    ------
    OutputError
        What it goes to takes no more; a reader that has gone stays a `BrokenPipeError`.
    """
    try:
        sys.stdout.write(f"{text}\n" if text else "")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as refused:
        reason = refused.strerror or str(refused)
        raise OutputError(f"standard output cannot be written: {reason}; send it elsewhere") from None


def discard_output() -> None:
    """Let the interpreter's own last flush of standard output succeed."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
