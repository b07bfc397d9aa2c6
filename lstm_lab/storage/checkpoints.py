"""Checkpoints: files of arrays and facts in a folder, whole or not there, which say what they were written for.

A file is one line with a format and the SHA-256 of the rest, and then NumPy's own ``npz`` without pickle, so a file
that is damaged anywhere is told from a good one, and nothing in it is run. Beside its arrays a checkpoint holds the
identity of its work: options, data, network, versions. Work with another identity never goes on from it.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_lab.errors import FileWriteError, RunError, warn
from lstm_lab.storage.atomic_files import new_file
from lstm_lab.storage.names import at_home

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["CheckpointFolder", "Contents", "first_difference"]

KEPT = 2
"""Newest files of a series that are kept: the older one is there for the case that the newer one is damaged."""
_FORMAT = b"lstm_lab checkpoint 1 "
_UNREADABLE = (OSError, EOFError, ArithmeticError, KeyError, TypeError, ValueError, zipfile.BadZipFile, struct.error)


@dataclass(frozen=True, eq=False)
class Contents:
    """What a checkpoint holds."""

    facts: Mapping[str, Any]
    """What JSON can hold."""
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class CheckpointFolder:
    """A folder with the checkpoints of one work."""

    path: Path
    work: str
    """What is written, in words: "a training"."""
    identity: Mapping[str, Any]
    """What the work follows from, by name: mappings of what JSON can hold."""

    @classmethod
    def opened(cls, path: str, work: str, identity: Mapping[str, Any]) -> CheckpointFolder:
        """Make the folder where there is none.

        Raises
        ------
        FileWriteError
            It cannot be made.
        """
        folder = at_home(path)
        if folder.parts[:1] and folder.parts[0].startswith("~"):  # mkdir would make a folder of that name
            raise FileWriteError(
                f"checkpoint names a folder to write to, got {path!r}: there is no such user; choose another folder"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as refused:  # a NUL is the latter
            reason = getattr(refused, "strerror", None) or str(refused)
            raise FileWriteError(
                f"checkpoint names a folder to write to, got {str(path)!r}: {reason}; choose another folder"
            ) from refused
        return cls(folder, work, json.loads(json.dumps(identity)))

    def write(self, name: str, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write one checkpoint; it appears whole or not at all.

        Parameters
        ----------
        name
            Of the file, without its ending.
        facts, arrays
            The contents.

        Raises
        ------
        FileWriteError
            The disk is full, or the folder is gone.
        """
        memory = io.BytesIO()
        text = json.dumps({"identity": self.identity, "facts": facts}).encode()
        np.savez(memory, allow_pickle=False, **{"": np.frombuffer(text, np.uint8), **arrays})
        with memory.getbuffer() as body, new_file(self.path / f"{name}.checkpoint", "a checkpoint") as file:
            file.write(_FORMAT + hashlib.sha256(body).hexdigest().encode() + b"\n")
            file.write(body)

    def write_newest(self, series: str, number: int, facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        """Write the newest checkpoint of a series and remove all but the last two of it.

        A file of a later number, which an earlier process wrote and this one could not read, is removed too, and so is
        what a process left half written that was killed.
        """
        newest = f"{series}-{number:012d}"
        self.write(newest, facts, arrays)
        earlier = [path for path in self._files(f"{series}-*") if path.stem <= newest]
        for path in self.path.glob(f".{series}-*.checkpoint.*.part"):
            if path.name[1:].split(".")[0] <= newest:
                path.unlink(missing_ok=True)
        for path in self._files(f"{series}-*"):
            if path not in earlier[-KEPT:]:
                path.unlink(missing_ok=True)

    def read(self, name: str) -> Contents | None:
        """Read one checkpoint; None where there is none, and with a warning where it is damaged.

        Raises
        ------
        RunError
            It is of other work: the difference and the remedy in one line.
        """
        path = self.path / f"{name}.checkpoint"
        return self._read(path) if path.exists() else None

    def newest(self, series: str) -> Contents | None:
        """Read the newest whole checkpoint of a series; damaged ones are passed over with a warning.

        Raises
        ------
        RunError
            It is of other work: the difference and the remedy in one line.
        """
        for path in reversed(list(self._files(f"{series}-*"))):
            contents = self._read(path)
            if contents is not None:
                return contents
        return None

    def check(self, series: str) -> None:
        """Refuse a folder whose checkpoints are of other work; damaged ones say nothing and are passed over.

        Raises
        ------
        RunError
            The difference and the remedy in one line.
        """
        for path in self._files(f"{series}-*"):
            if self._read(path, tell=False) is not None:
                return

    def _files(self, pattern: str) -> Iterator[Path]:
        """List files by name, temporary ones left out, which begin with a dot."""
        yield from sorted(self.path.glob(f"{pattern}.checkpoint"))

    def _read(self, path: Path, *, tell: bool = True) -> Contents | None:
        try:
            kept, arrays = _parsed(path.read_bytes())
            identity, facts = kept["identity"], kept["facts"]
        except _UNREADABLE as damage:
            if tell:
                warn(
                    f"{path} is no whole checkpoint ({type(damage).__name__}) and is passed over; an earlier one is"
                    " used, or the work is done again"
                )
            return None
        difference = first_difference(identity, self.identity)
        if difference is not None:
            raise RunError(
                f"the checkpoint in {self.path} is of {self.work} with {difference}, or name another folder for"
                " checkpoint="
            )
        return Contents(facts, arrays)


def _parsed(content: bytes) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Take a file apart; ValueError where its digest is another."""
    head, _, body = content.partition(b"\n")
    if head != _FORMAT + hashlib.sha256(body).hexdigest().encode():
        raise ValueError
    with np.load(io.BytesIO(body), allow_pickle=False) as data:
        arrays = {name: data[name] for name in data.files}
    return json.loads(arrays.pop("").tobytes()), arrays


def first_difference(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Say in words where two identities differ first, and what would make them the same; None if nowhere.

    >>> first_difference({"options": {"epochs": 3}}, {"options": {"epochs": 5}})
    'epochs=3, here it is 5; use epochs=3'
    >>> first_difference({"versions": {"keras": "3.12.0"}}, {"versions": {"keras": "3.13.1"}})
    'keras 3.12.0, here it is 3.13.1; use keras 3.12.0'
    """
    for part in dict.fromkeys([*now, *earlier]):
        was, is_now = earlier.get(part, {}), now.get(part, {})
        for name in dict.fromkeys([*is_now, *was]):
            if was.get(name) == is_now.get(name):
                continue
            if name.startswith("digest of "):
                what = name.removeprefix("digest of ")
                return f"other {what}; use those"
            written = f"{name}={{}}" if part == "options" else f"{name} {{}}"
            value = written.format(_short(was.get(name)))
            return f"{value}, here it is {_short(is_now.get(name))}; use {value}"
    return None


def _short(value: Any) -> str:
    """Write a value in one short line; a sentence or a version without quotes."""
    plain = isinstance(value, str) and (" " in value or value[:1].isdigit())
    text = " ".join((value if plain else repr(value)).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
