"""The one hierarchy of errors, and the "did you mean" that many of them end with.

::

    LabError                    every mistake we can explain; one line: rule, value received, remedy
    ├── OptionError             an option's name or value
    ├── DataError               a file, column, time index or value
    ├── StackError              layers that cannot make a forecaster
    ├── ForecastError           a forecast that cannot be drawn
    │   └── CalibrationError    too few calibration rows, or rows that say nothing
    ├── TraceError              a model or input that cannot be traced
    │   └── VerificationError   the replay disagrees with the layer's own output
    ├── RunError                a run that is missing, stopped too early or not readable
    ├── ExportError             a network that no small device could run step by step
    ├── FileWriteError          a file that cannot be written
    └── MissingExtraError       an optional dependency is not installed

A `LabError` is the user's to mend and is shown without a traceback; a `LabWarning` tells what a result leaves out or
does without; anything else is ours.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "KERAS_WRAPS",
    "CalibrationError",
    "DataError",
    "ExportError",
    "FileWriteError",
    "ForecastError",
    "LabError",
    "LabWarning",
    "MissingExtraError",
    "OptionError",
    "RunError",
    "StackError",
    "TraceError",
    "VerificationError",
    "did_you_mean",
    "first_line",
    "is_endless",
    "named_keywords",
    "shown",
    "warn",
]

Given = ParamSpec("Given")
Returned = TypeVar("Returned")


_PACKAGE = str(Path(__file__).parent) + os.sep
_LONGEST = 1000
"""Characters of a message: what a file or a `repr` holds may have millions."""
_DIGITS_PER_BIT = 0.30103
_ENDLESS = 10**300


class LabError(Exception):
    """A mistake that one line can explain: the rule, the value received, the remedy."""

    def __init__(self, message: object = "") -> None:
        super().__init__(_one_line(str(message)))


def is_endless(value: object) -> bool:
    """Return whether a value is a whole number beyond every float that an option can mean, as 10**400 is."""
    return isinstance(value, int) and abs(value) >= _ENDLESS


def shown(value: object) -> str:
    """Write down a value that was received; by its type where it has no `repr`, or a whole number no end.

    >>> shown(10**5000)
    'a whole number of 5001 digits'
    """
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        return f"a whole number of {int(value.bit_length() * _DIGITS_PER_BIT) + 1} digits"
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - what a user's class raises, or Python at numbers of 4300 digits within a list
        return f"a {type(value).__name__}"


def _one_line(text: str) -> str:
    """Join the lines of a message, and cut the middle of one that is too long: its remedy stands at the end.

    >>> len(_one_line("x" * 20_000_000)) <= 1000
    True
    """
    cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 303]} … {text[-300:]}"
    return " ".join(cut.split()) if len(cut.splitlines()) > 1 or "\0" in cut else cut


class LabWarning(UserWarning):
    """What a result leaves out or does without: one line, in a notebook without the place in the code."""


def warn(message: str) -> None:
    """Give a `LabWarning` of the line outside the package that called it, however many calls lie between.

    Parameters
    ----------
    message
        One line.
    """
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, LabWarning, stacklevel=level + 1)


class OptionError(LabError, ValueError):
    """An option with an unknown name or a value outside its rule."""


class DataError(LabError, ValueError):
    """A file, frame, column, time index or value that cannot be used as it is."""


class StackError(LabError, ValueError):
    """A stack of layers that cannot make a forecaster."""


class ForecastError(LabError, ValueError):
    """A forecast that cannot be drawn."""


class CalibrationError(ForecastError):
    """A calibration without enough rows, or whose rows carry no information."""


class TraceError(LabError, ValueError):
    """A model or an input that cannot be traced."""


class VerificationError(TraceError):
    """A replay that does not reproduce the layer's own output."""


class RunError(LabError, RuntimeError):
    """A run that does not exist, was stopped before its first epoch, or cannot be read."""


class ExportError(LabError, ValueError):
    """A network that cannot go row by row, or a name that no export can have."""


class FileWriteError(LabError, OSError):
    """A path where no file can be written, or a disk that is full."""


class MissingExtraError(LabError, ImportError):
    """An optional dependency that is not installed."""


_MOST_CHOICES = 40


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """End an error message with the nearest choice, or with all of them.

    Parameters
    ----------
    name
        What the user wrote.
    choices
        What could have been meant.

    Returns
    -------
    str
        ``"did you mean 'close'?"``, or ``"choose from a, b, c"`` when nothing is near: at most 40 of them.

    Examples
    --------
    >>> did_you_mean("clsoe", ["open", "close"])
    "did you mean 'close'?"
    >>> did_you_mean("x", ["open", "close"])
    "choose from 'open', 'close'"
    """
    names = list(dict.fromkeys(choices))
    lowered = {choice.lower(): choice for choice in reversed(names)}
    near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if near:
        return f"did you mean {lowered[near[0]]!r}?"
    if not names:
        return "there is nothing to choose from"
    first = ", ".join(repr(choice) for choice in names[:_MOST_CHOICES])
    return f"choose from {first}" + (f" and {len(names) - _MOST_CHOICES} more" if len(names) > _MOST_CHOICES else "")


KERAS_WRAPS = "Exception encountered when calling"
"""How Keras begins what a layer raises: the layer first, then in the next paragraph what is wrong."""


def first_line(error: Exception) -> str:
    """Return the line of an error, also of one that Keras has wrapped, that says what is wrong."""
    text = str(error).replace("\x1b[1m", "").replace("\x1b[0m", "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    announced = (KERAS_WRAPS, "Could not automatically infer the output shape")
    first = next((line for line in lines if not line.startswith(announced)), type(error).__name__)
    return first.rstrip(".;:")


def named_keywords(function: Callable[Given, Returned]) -> Callable[Given, Returned]:
    """Return a function that refuses an unknown keyword in one line, with the nearest that it has.

    Parameters
    ----------
    function
        A public function, or a method of a result. One with ``**options`` is returned as it is, for these are checked
        by their own model.

    Examples
    --------
    >>> @named_keywords
    ... def load(source, *, on_disk=False):
    ...     return source
    >>> load("prices.csv", on_disc=True)
    Traceback (most recent call last):
    lstm_lab.errors.OptionError: load has no option 'on_disc'; did you mean 'on_disk'?
    """
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return function

    @functools.wraps(function)
    def checked(*args: Given.args, **keywords: Given.kwargs) -> Returned:
        unknown = next((name for name in keywords if name not in parameters), None)
        if unknown is None:
            return function(*args, **keywords)
        names = [name for name in parameters if name != "self"]
        remedy = did_you_mean(unknown, names) if names else "leave it out"
        raise OptionError(f"{function.__name__} has no option {unknown!r}; {remedy}")

    return checked
