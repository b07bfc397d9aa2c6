"""What a file's name says it holds, so that nothing is written under the name of another kind of file."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from lstm_lab.errors import FileWriteError

if TYPE_CHECKING:
    import os

__all__ = ["check_suffix"]

_EXAMPLES = {
    "a run": "prices.lstm",
    "a page": "prices.html",
    "a picture": "prices.png",
    "a table": "prices.csv",
    "an export": "prices.tflite",
}
"""What is written, with a name for it."""
_KINDS = {
    "a run": (".lstm",),
    "a page": (".html", ".htm", ".xhtml"),
    "a picture": (".png",),
    "a picture of another format": (".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".webp", ".tif", ".tiff", ".bmp", ".eps"),
    "a table": (".csv",),
    "a table of another format": (
        *(".tsv", ".parquet", ".feather", ".arrow", ".orc", ".xlsx", ".xls", ".ods"),
        *(".sqlite", ".db", ".sav", ".dta"),
    ),
    "an export": (".tflite",),
    "a network": (".keras", ".h5", ".hdf5", ".onnx", ".pt", ".pth"),
    "arrays": (".npy", ".npz", ".pkl", ".pickle", ".joblib"),
    "a notebook": (".ipynb",),
    "a program": (".py", ".pyi", ".r", ".jl", ".js", ".ts", ".sh", ".c", ".cc", ".cpp", ".h"),
    "text": (".txt", ".md", ".rst", ".tex", ".log", ".json", ".jsonl", ".yaml", ".yml", ".toml", ".xml", ".ini"),
}
_KIND_OF = {suffix: kind for kind, suffixes in _KINDS.items() for suffix in suffixes}
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")


def check_suffix(path: str | os.PathLike[str], what: str) -> None:
    """Refuse a name whose ending belongs to another kind of file; an unknown ending, or none, is the user's choice.

    Parameters
    ----------
    path
        Where a file is to be written.
    what
        What is written: "a run", "a page", "a picture", "a table" or "an export"; all else may have any name.

    Raises
    ------
    FileWriteError
        The name is that of another kind.

    Examples
    --------
    >>> check_suffix("x.lstm", "a run")
    >>> check_suffix("x.csv", "a run")
    Traceback (most recent call last):
    lstm_lab.errors.FileWriteError: x.csv is named like a table, and a run is written; choose a name like x.lstm
    """
    if what not in _EXAMPLES:
        return
    name = PurePath(path)
    packed = name.suffix.lower() in _PACKED
    kind = _KIND_OF.get((PurePath(name.stem) if packed else name).suffix.lower(), what)
    if kind != what:
        stem = name.name.split(".")[0] or "prices"
        example = stem + PurePath(_EXAMPLES[what]).suffix
        raise FileWriteError(f"{name} is named like {kind}, and {what} is written; choose a name like {example}")
