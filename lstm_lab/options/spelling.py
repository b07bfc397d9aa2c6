"""How each face writes an option, and which option somebody meant who wrote another name.

A message is written once, as in Python: ``try learning_rate=0.0001``. A magic and the command line show it as
``try --learning-rate 0.0001``, the dashboard as ``try learning rate 0.0001``; what stands inside a call, as in
``lab.load("prices.csv", time="date")``, stays Python everywhere, and what stands in braces is a lesson's.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

__all__ = ["as_controls", "as_flags", "closest", "in_python", "meant"]

_SYNONYMS = {
    "batch_size": "batch",
    "confidence": "interval",
    "coverage": "interval",
    "date": "time",
    "early_stopping": "patience",
    "group": "id",
    "group_ids": "id",
    "hidden": "units",
    "hidden_size": "units",
    "id_col": "id",
    "item_id": "id",
    "layers": "units",
    "level": "interval",
    "lr": "learning_rate",
    "max_epochs": "epochs",
    "n_ahead": "horizon",
    "n_epochs": "epochs",
    "n_jobs": "workers",
    "n_paths": "paths",
    "num_epochs": "epochs",
    "num_samples": "paths",
    "random_seed": "seed",
    "random_state": "seed",
    "samples": "paths",
    "series_id": "id",
    "sequence_length": "lookback",
    "static_cols": "static",
    "static_covariates": "static",
    "static_features": "static",
    "steps": "horizon",
    "timesteps": "lookback",
    "unique_id": "id",
    "val_split": "validation",
    "validation_split": "validation",
    "window": "lookback",
    "window_size": "lookback",
    "y": "target",
}
"""What other libraries call an option."""
_VALUE = r"""'[^']*'|"[^"]*"|\[[^\]]*\]|\([^)]*\)|-?[\w:+-]*(?:\.\w+)*"""
_CALL = r"[\w.]+\((?:[^()]|\([^()]*\))*\)|\{[^{}]*\}"
_OPTION = re.compile(rf"(?P<call>{_CALL})|(?<![\w.'\x22-])(?P<name>[a-z][a-z_]*)=(?!=)(?P<value>{_VALUE})")
_SUBJECT = re.compile(r"^(?P<name>[a-z][a-z_]*)(?= (?:should|needs at) )")


def as_flags(text: str, names: Collection[str]) -> str:
    """Write the options of a message as flags.

    Parameters
    ----------
    text
        As in Python.
    names
        The options that have a flag.

    Examples
    --------
    >>> as_flags("the loss was no number; try learning_rate=0.0001 or units=[32, 16]", {"learning_rate", "units"})
    'the loss was no number; try --learning-rate 0.0001 or --units 32,16'
    >>> as_flags("lookback should be a whole number; see lab.load(x, time='date')", {"lookback", "time"})
    "--lookback should be a whole number; see lab.load(x, time='date')"
    """
    return _rewritten(text, names, lambda name: "--" + name.replace("_", "-"))


def as_controls(text: str, names: Collection[str]) -> str:
    """Write the options of a message as the dashboard's labels do.

    >>> as_controls("train with forget_bias=1.0 and calibrate=False", {"forget_bias", "calibrate"})
    'train with forget bias 1.0 and calibrate off'
    """
    return _rewritten(text, names, lambda name: name.replace("_", " "))


def _rewritten(text: str, names: Collection[str], label: Callable[[str], str]) -> str:
    def option(match: re.Match[str]) -> str:
        if match["call"] is not None or match["name"] not in names:
            return match[0]
        return f"{label(match['name'])} {_typed(match['value'])}".rstrip()

    def subject(match: re.Match[str]) -> str:
        return label(match["name"]) if match["name"] in names else match[0]

    return _SUBJECT.sub(subject, _OPTION.sub(option, text))


def _typed(value: str) -> str:
    """Write a Python value as a person types it after a flag."""
    words = {"True": "on", "False": "off", "None": "none"}
    if value[:1] in {"[", "("}:
        parts = re.split(r",(?![^()]*\))", value[1:-1])
        return ",".join(_typed(part.strip()) for part in parts if part.strip())
    bare = value[1:-1] if value[:1] in {"'", '"'} else value
    return f'"{bare}"' if re.search(r"[\s,()]", bare) else words.get(bare, bare)


def closest(name: str, choices: Iterable[str]) -> str | None:
    """Find the option that a name may mean: what other libraries call so, else the nearest in letters.

    >>> closest("batch_size", ["batch", "epochs"]), closest("epcohs", ["batch", "epochs"]), closest("zzz", ["batch"])
    ('batch', 'epochs', None)
    """
    names = list(choices)
    synonym = _SYNONYMS.get(name.lower())
    near = [synonym] if synonym in names else difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return near[0] if near else None


def meant(name: str, models: Iterable[type[BaseModel]]) -> str:
    """End the refusal of an unknown option with the nearest one of some models, written as in Python.

    >>> from lstm_lab.options import TrainOptions
    >>> meant("epcohs", [TrainOptions])
    'did you mean epochs=100?'
    """
    fields = {field: option for model in models for field, option in model.model_fields.items()}
    near = closest(name, fields)
    if near is None:
        return "choose from " + ", ".join(fields)
    return f"did you mean {in_python(near, fields[near])}?"


def in_python(name: str, field: FieldInfo) -> str:
    """Write an option with its example as a keyword.

    >>> from lstm_lab.options import CompareOptions, TrainOptions
    >>> in_python("units", TrainOptions.model_fields["units"]), in_python("loss", TrainOptions.model_fields["loss"])
    ('units=[128, 128]', "loss='huber'")
    >>> in_python("kinds", CompareOptions.model_fields["kinds"])
    "kinds=['lstm', 'gru', 'naive']"
    """
    extra = field.json_schema_extra
    example = str(extra.get("example") or "") if isinstance(extra, dict) else ""
    if isinstance(field.default, tuple):
        parts = [_keyword(part.strip()) for part in re.split(r",(?![^()]*\))", example.strip("'"))]
        return f"{name}=[{', '.join(parts)}]"
    return f"{name}={_keyword(example) if example else ''}"


def _keyword(text: str) -> str:
    """Write what is typed after a flag as a Python value."""
    words = {"on": "True", "off": "False"}
    return text if re.fullmatch(r"-?[\d.]+(?:e-?\d+)?", text) else words.get(text, repr(text))
