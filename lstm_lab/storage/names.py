"""Whether a name is that of a file or a folder: no for a name that no file system takes, where `pathlib` raises."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

__all__ = ["at_home", "exists", "is_file", "is_folder", "is_same"]


def at_home(name: str | os.PathLike[str]) -> Path:
    """Return a path with ``~`` expanded; one of a user without a home stays as it is, and is found nowhere.

    Examples
    --------
    >>> at_home("~no such user/prices.csv").name
    'prices.csv'
    """
    path = Path(name)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def is_file(name: str | os.PathLike[str]) -> bool:
    """Return whether there is a file of this name.

    Examples
    --------
    >>> is_file("9" * 1000)
    False
    """
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long, with a NUL, or in a folder that may not be looked into
        return False


def is_folder(name: str | os.PathLike[str]) -> bool:
    """Return whether there is a folder of this name."""
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False


def exists(name: str | os.PathLike[str]) -> bool:
    """Return whether there is anything of this name."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def is_same(name: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Return whether two names are of one file that exists, by links too."""
    try:
        return at_home(name).samefile(at_home(other))
    except (OSError, ValueError):
        return False
