"""Typed keywords for editors are those of the options; ``python tests/options/test_keywords.py`` writes them."""

import inspect
import types
import typing
from pathlib import Path

import pytest

import lstm_lab as lab
from lstm_lab import options as every_option
from lstm_lab.options import keywords
from lstm_lab.options.base import as_marks, as_name, as_names, as_path
from lstm_lab.options.search_space import as_space_text

HEAD = '''"""Typed keywords of the public calls, for editors: the fields of `lstm_lab.options`, all optional.

Written by ``python tests/options/test_keywords.py``; a test holds this file equal to the options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from numpy.typing import ArrayLike

__all__ = {names}
'''
CALLS = {
    "FeaturesKeywords": ("lstm_lab.features", ("InputOptions",), ()),
    "TrainKeywords": ("lstm_lab.train", ("TrainOptions",), ()),
    "ForecastKeywords": ("Run.forecast", ("ForecastOptions",), ("horizon",)),
    "ResumeKeywords": ("Run.resume", ("ResumeOptions",), ()),
    "ExportKeywords": ("Run.export", ("ExportOptions",), ()),
    "MemoryKeywords": ("Run.memory", ("MemoryOptions",), ()),
    "BacktestKeywords": ("lstm_lab.backtest", ("BacktestOptions", "ForecastOptions"), ()),
    "CompareKeywords": ("lstm_lab.compare", ("CompareOptions", "TrainOptions", "ForecastOptions"), ()),
    "AblateKeywords": ("lstm_lab.ablate", ("AblateOptions", "TrainOptions", "ForecastOptions"), ()),
    "TuneKeywords": ("lstm_lab.tune", ("TuneOptions", "TrainOptions", "ForecastOptions"), ()),
    "DashboardKeywords": ("lstm_lab.dashboard", ("TrainOptions", "ForecastOptions"), ()),
}


TAKEN = {("TrainKeywords", "weights"): "str | ArrayLike"}
"""What a call takes beyond its option."""


def written(annotation):
    """Write a type as a person may give it: one value, text or a sequence where the option keeps a tuple."""
    if annotation is type(None):
        return "None"
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        taken = {
            as_name: "str | int",
            as_names: "str | Sequence[str | int]",
            as_path: "str | PathLike[str]",
            as_space_text: "str | Mapping[str, object]",
            as_marks: "str | float | Sequence[str | float]",
        }
        return next((taken[rule.func] for rule in parts[1:] if getattr(rule, "func", None) in taken), written(parts[0]))
    if origin is tuple:
        inner = written(parts[0])
        return f"{inner} | Sequence[{inner}]" if inner == "str" else f"{inner} | str | Sequence[{inner}]"
    if origin is typing.Literal:
        return f"Literal[{', '.join(repr(part) for part in parts)}]".replace("'", '"')
    if origin in {types.UnionType, typing.Union}:
        return " | ".join(written(part) for part in parts)
    return annotation.__name__


def fields(models, without):
    return {
        name: field
        for model in models
        for name, field in getattr(every_option, model).model_fields.items()
        if name not in without
    }


def source():
    """Write the whole module."""
    text = HEAD.replace("{names}", "[\n" + "".join(f'    "{name}",\n' for name in sorted(CALLS)) + "]")
    for name, (call, models, without) in CALLS.items():
        text += f'\n\nclass {name}(TypedDict, total=False):\n    """Keywords of `{call}`."""\n\n'
        text += "".join(
            f"    {key}: {TAKEN.get((name, key)) or written(field.annotation)}\n"
            for key, field in fields(models, without).items()
        )
    return text


def test_the_keywords_are_those_of_the_options():
    assert Path(keywords.__file__).read_text() == source(), "run python tests/options/test_keywords.py"


@pytest.mark.parametrize("name", CALLS)
def test_every_call_takes_its_keywords(name):
    call = CALLS[name][0]
    function = getattr(lab.Run, call.removeprefix("Run.")) if call.startswith("Run.") else getattr(lab, call[9:])
    options = inspect.signature(function).parameters["options"]
    assert options.annotation in {f"Unpack[{name}]", f"typing.Unpack[{name}]"}
    assert set(getattr(keywords, name).__annotations__).isdisjoint(inspect.signature(function).parameters)


if __name__ == "__main__":
    Path(keywords.__file__).write_text(source())
