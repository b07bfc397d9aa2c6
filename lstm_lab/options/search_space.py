"""The space of a search over training options: each option's values, or its range, as a person writes them.

One grammar for every face, ``units=32|64,64; dropout=0..0.5; learning_rate=1e-4..1e-2:log``: ``|`` parts values,
``low..high`` is a range of numbers, and ``:log`` searches it by its logarithm. Python takes a mapping as well.
"""

from __future__ import annotations

import math
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from lstm_lab.errors import OptionError
from lstm_lab.options.spelling import closest
from lstm_lab.options.training import CHECKPOINT_OPTIONS, TrainOptions

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "EXAMPLE",
    "Choices",
    "Dimension",
    "Range",
    "Space",
    "as_space_text",
    "default_space",
    "read_space",
    "short_text",
    "value_text",
    "values_text",
]

EXAMPLE: Final = "units=32|64,64; dropout=0..0.5"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?::(\w+))?")
_ROWS: Final = frozenset(
    {"target", "time", "id", "static", "short", "dayfirst", "date_format", "missing", "na_values", "decimal"}
    | {"encoding", "header", "max_size", "max_gap", "validation", "calibration"}
)
"""Options that say which rows and values there are: trials that differ in them would not be judged by the same."""


@dataclass(frozen=True)
class Choices:
    """Some values of an option."""

    members: tuple[Any, ...]
    """As the option keeps them."""

    @property
    def size(self) -> float:
        """How many values there are."""
        return len(self.members)

    def has(self, value: Any) -> bool:
        """Return whether a value is among them."""
        return value in self.members

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw a value at random."""
        return self.members[int(rng.integers(len(self.members)))]

    def text(self) -> str:
        """Write them as in a space."""
        return "|".join(value_text(value) for value in self.members)


@dataclass(frozen=True)
class Range:
    """All numbers from a lowest to a highest, both included."""

    low: float
    high: float
    log: bool
    whole: bool
    """Whether the option takes whole numbers alone."""

    @property
    def size(self) -> float:
        """How many numbers there are; infinite where they are not whole."""
        return self.high - self.low + 1 if self.whole else math.inf

    def has(self, value: Any) -> bool:
        """Return whether a value lies in the range."""
        return isinstance(value, int | float) and self.low <= value <= self.high

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw a number at random, evenly or by its logarithm."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        value = float(rng.uniform(low, high))
        value = min(max(math.exp(value) if self.log else value, self.low), self.high)
        return round(value) if self.whole else value

    def text(self) -> str:
        """Write the range as in a space."""
        return f"{value_text(self.low)}..{value_text(self.high)}{':log' * self.log}"


Dimension: TypeAlias = Choices | Range


@dataclass(frozen=True)
class Space:
    """The options that a search varies, with their values."""

    dimensions: Mapping[str, Dimension]

    @property
    def size(self) -> float:
        """How many combinations there are."""
        return math.prod(dimension.size for dimension in self.dimensions.values())

    def has(self, values: Mapping[str, Any]) -> bool:
        """Return whether a combination lies in the space."""
        return all(dimension.has(values[name]) for name, dimension in self.dimensions.items())

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a combination at random."""
        return {name: dimension.draw(rng) for name, dimension in self.dimensions.items()}

    def text(self) -> str:
        """Write the space as a person would."""
        return "; ".join(f"{name}={dimension.text()}" for name, dimension in self.dimensions.items())


def value_text(value: Any) -> str:
    """Write a value of an option as it is typed, without loss.

    >>> value_text((64, 64)), value_text(True), value_text(1e-4), value_text(())
    ('64,64', 'on', '0.0001', 'none')
    """
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return ",".join(str(part) for part in value) or "none"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def values_text(values: Mapping[str, Any]) -> str:
    """Write options with their values in short.

    >>> values_text({"units": (32, 32), "learning_rate": 0.00123456})
    'units 32,32, learning_rate 0.001235'
    """
    return ", ".join(f"{name} {short_text(value)}" for name, value in values.items())


def short_text(value: Any) -> str:
    """Write a value of an option, numbers to four digits."""
    return "auto" if value is None else f"{value:.4g}" if isinstance(value, float) else value_text(value)


def as_space_text(value: object) -> object:
    """Convert a mapping of option names to values to the text of a space; other values are returned as they are.

    >>> as_space_text({"units": [32, (64, 64)], "learning_rate": (1e-4, 1e-2, "log")})
    'units=32|64,64; learning_rate=0.0001..0.01:log'
    """
    if isinstance(value, Space):
        return value.text()
    if not isinstance(value, Mapping):
        return value
    return "; ".join(f"{name}={_dimension_text(values)}" for name, values in value.items())


def _dimension_text(values: Any) -> str:
    """Write a tuple of two numbers as a range, a list as its values, a text as it is."""
    if isinstance(values, str):
        return values
    if isinstance(values, range):
        values = list(values)
    if isinstance(values, tuple) and len(values) in {2, 3} and all(_is_number(part) for part in values[:2]):
        kind = f":{values[2]}" if len(values) == 3 else ""
        return f"{value_text(values[0])}..{value_text(values[1])}{kind}"
    if isinstance(values, tuple | list):
        return "|".join(value_text(part) for part in values)
    return value_text(values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_space(value: object) -> Space:
    """Read a space from text, or from a mapping of option names to a list of values or a range.

    Raises
    ------
    OptionError
        What is wrong with it: one line with the remedy.

    Examples
    --------
    >>> read_space("units=32|64,64; dropout=0..0.5").dimensions["units"]
    Choices(members=((32,), (64, 64)))
    >>> read_space({"learning_rate": (1e-4, 1e-2, "log")}).dimensions["learning_rate"]
    Range(low=0.0001, high=0.01, log=True, whole=False)
    """
    text = as_space_text(value)
    if not isinstance(text, str):
        raise OptionError(f"space should be a mapping or a text, got {value!r}; for example space={EXAMPLE!r}")
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not parts:
        raise OptionError(f"space should name an option with its values, got {text!r}; for example space={EXAMPLE!r}")
    dimensions: dict[str, Dimension] = {}
    for part in parts:
        written, equals, values = part.partition("=")
        if not equals:
            raise OptionError(
                f"space should hold an option, = and its values, got {part!r}; for example space={EXAMPLE!r}"
            )
        name = _checked_name(written.strip().lstrip("-").replace("-", "_"))
        if name in dimensions:
            raise OptionError(f"space should have {name!r} once, got it twice; keep one, with all of its values")
        dimensions[name] = _dimension(name, values.strip())
    return Space(dimensions)


def _checked_name(name: str) -> str:
    """Return the name of an option that can be searched over."""
    if name in {"seed", "seeds"}:
        raise OptionError(
            f"space should not hold {name!r}, for the luckiest seed would win; use seeds=[0, 1, 2] beside it"
        )
    if name in _ROWS:
        raise OptionError(
            f"space should not hold {name!r}, for trials must be judged by the same rows; set {name}= beside it"
        )
    free = [field for field in TrainOptions.model_fields if field not in {"seed", *_ROWS, *CHECKPOINT_OPTIONS}]
    if name not in free:
        near = closest(name, free)
        remedy = f"did you mean {near!r}?" if near else f"choose from {', '.join(free)}"
        raise OptionError(f"space should hold options of a training, got {name!r}; {remedy}")
    return name


def _dimension(name: str, text: str) -> Dimension:
    """Read the values of one option, each by the option's own rule."""
    if ".." in text:
        return _range(name, text)
    values = tuple(dict.fromkeys(_valid(name, part.strip()) for part in text.split("|") if part.strip()))
    if len(values) < 2:
        raise OptionError(
            f"space should have two values or more of {name!r}, got {text!r}; part them by |, or set {name}= alone"
        )
    return Choices(values)


def _range(name: str, text: str) -> Range:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise OptionError(
            f"space should have ranges such as 1..5 or 0.001..0.1:log, got {text!r} for {name!r}; write it so"
        )
    kinds = _number_kinds(name)
    if not kinds:
        raise OptionError(f"space should list the values of {name!r}, which is no number, got {text!r}; part them by |")
    if match[3] not in {None, "log"}:
        raise OptionError(f"space should have ranges that end in :log or in the number, got {text!r} for {name!r}")
    low, high = _valid(name, match[1]), _valid(name, match[2])
    if not low < high:
        raise OptionError(
            f"space should have ranges from low to high, got {text!r} for {name!r};"
            f" {f'write {value_text(high)}..{value_text(low)}' if low > high else f'set {name}= alone'}"
        )
    if match[3] and low <= 0:
        raise OptionError(f"space should have logarithmic ranges above zero, got {text!r} for {name!r}; leave out :log")
    return Range(low, high, bool(match[3]), float not in kinds)


def _number_kinds(name: str) -> set[type]:
    """Return the kinds of number that an option takes."""
    annotation = TrainOptions.model_fields[name].annotation
    parts = typing.get_args(annotation) or (annotation,)
    return {part for part in parts if part in {int, float}}


def _valid(name: str, text: str) -> Any:
    """Return a value as the option keeps it."""
    try:
        return getattr(TrainOptions.of({name: text}), name)
    except OptionError as refused:
        raise OptionError(f"space should hold values that the option takes: {refused}") from None


def default_space(base: TrainOptions) -> Space:
    """Return what is searched where no space is named: the sizes, the dropout, the rate and the lookback.

    Options that the base sets are left as they are.

    Raises
    ------
    OptionError
        All of them are set.
    """
    lookback = base.lookback
    dimensions: dict[str, Dimension] = {
        "units": Choices(((32,), (64,), (32, 32), (64, 64), (128, 128), (128, 128, 128))),
        "dropout": Range(0.0, 0.5, log=False, whole=False),
        "learning_rate": Range(5e-4, 1e-2, log=True, whole=False),
        "lookback": Range(max(2, lookback // 2), 2 * lookback, log=True, whole=True),
    }
    free = {name: values for name, values in dimensions.items() if name not in base.model_fields_set}
    if not free:
        raise OptionError(
            f"{', '.join(dimensions)} are all set, so that nothing is left to search; name a space={EXAMPLE!r}"
        )
    return Space(free)
