"""Files written whole or not at all: a temporary file in the same folder, flushed to the disk, then renamed."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from lstm_lab.errors import FileWriteError
from lstm_lab.storage.names import at_home, exists, is_file, is_folder
from lstm_lab.storage.suffixes import check_suffix

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_target", "new_file", "write_bytes", "write_text"]

_LEFTOVER_SECONDS = 3600.0
"""A temporary file of a process that was killed is removed by the next write to its target after this age."""


def check_target(path: str | os.PathLike[str], what: str = "a file") -> Path:
    """Return the path with ``~`` expanded, or refuse one where no file can be written.

    Parameters
    ----------
    path
        Where a file is to be written.
    what
        What is written, for the message: "a run".

    Raises
    ------
    FileWriteError
        The folder does not exist, the path is a folder, a pipe or a device, or its ending is of another kind of file.
    """
    try:
        target = at_home(path)
    except TypeError:
        kind = type(path).__name__
        raise FileWriteError(f"{what} is written to a path, got a {kind}; name the file as text") from None
    if "\0" in str(target) or target.name in {"", ".."}:
        raise FileWriteError(f"{what} is written to a path with a name of its own, got {str(path)!r}; choose one")
    check_suffix(target, what)
    if not is_folder(target.parent):
        raise FileWriteError(f"{what} is written to a folder that exists, got {target}; make {target.parent} first")
    if is_folder(target):
        raise FileWriteError(f"{what} is a file, got the folder {target}; choose another name")
    if exists(target) and not is_file(target) and not target.is_symlink():  # renaming would put a file in its place
        raise FileWriteError(f"{what} is a file, got the pipe or device {target}; choose another name")
    return target


@contextmanager
def new_file(path: str | os.PathLike[str], what: str = "a file") -> Iterator[IO[bytes]]:
    """Open a file to write, such that readers see the old content or the new one, never a part.

    What the ``with`` block writes goes into a temporary file, which takes the target's name when the block is over. The
    temporary file has a name of its own, so processes that write to one target do not disturb each other and a link
    that somebody planted under a guessed name is not followed; a link at the target itself is replaced.

    Parameters
    ----------
    path
        Where to; an existing file is replaced, with its permissions kept.
    what
        What is written, for the message.

    Yields
    ------
    typing.IO
        The temporary file, which can seek.

    Raises
    ------
    FileWriteError
        The folder does not exist or cannot be written, the disk is full, ...: one line.
    """
    target = check_target(path, what)
    temporary: Path | None = None
    try:
        _remove_leftovers(target)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_mode(target))
        temporary.replace(target)
        temporary = None
    except OSError as refused:
        reason = refused.strerror or str(refused)
        raise FileWriteError(f"{target} cannot be written: {reason}; choose another place") from refused
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], content: bytes, what: str = "a file") -> Path:
    """Write a file that is in memory, see `new_file`; return its path."""
    with new_file(path, what) as file:
        file.write(content)
    return at_home(path)


def write_text(path: str | os.PathLike[str], text: str, what: str = "a file") -> Path:
    """Write a text in UTF-8, see `write_bytes`."""
    return write_bytes(path, text.encode("utf-8"), what)


def _mode(target: Path) -> int:
    """Return the permissions of the file that is replaced, else those that a new file gets."""
    if is_file(target) and not target.is_symlink():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _remove_leftovers(target: Path) -> None:
    """Remove temporary files for this target whose process was killed long ago."""
    now = time.time()
    for path in target.parent.iterdir():
        if path.name.startswith(f".{target.name}.") and path.name.endswith(".part") and not path.is_symlink():
            try:
                if now - path.stat().st_mtime > _LEFTOVER_SECONDS:
                    path.unlink()
            except OSError:  # another process was faster, or the file is not ours to remove
                continue
