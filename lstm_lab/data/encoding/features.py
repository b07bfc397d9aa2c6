"""Features, the inputs beside the target: pure functions of the target's path, of the time, and other columns.

A path feature is a function ``(..., time) -> (..., time)`` with a declared warmup: its value at a row depends on that
row and the `warmup` rows before it, and on nothing else. The same function builds the training columns and is evaluated
again on each simulated path, so a forecast price moves its own Bollinger position.

The text of a feature is a name with arguments in parentheses. Text that is exactly a column's name always means that
column; with parentheses, as in ``hour()``, it means the feature even where a column has the same name.
"""

from __future__ import annotations

import ast
import inspect
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from lstm_lab.data.encoding.builtin_features import CALENDAR, PATH
from lstm_lab.errors import DataError, OptionError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lstm_lab.data.encoding.builtin_features import Function, Warmup

__all__ = ["Feature", "feature", "feature_names", "parse_features"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature with its arguments bound."""

    label: str
    """Canonical text, as ``bollinger(20, 2)``; of a column, its name."""
    source: Literal["path", "time", "column"]
    columns: tuple[str, ...]
    """Names of the input columns it makes."""
    warmup: int
    """Rows before its first value."""
    positive: bool
    """Whether it is defined for positive targets only."""
    function: Function
    """path: y (..., time) -> (..., time); time: DatetimeIndex -> (rows, columns); column: its values, unchanged."""
    text: str
    """What `parse_features` reads back as this feature, whatever the columns are called."""
    fallback: float | None = None
    """Its value where all values it looks at are alike, if it is defined there by this alone."""
    name: str = ""
    """The registered function's, as ``bollinger``; none of a column."""


@dataclass(frozen=True, slots=True)
class _FeatureKind:
    """A registered feature whose arguments are still open."""

    name: str
    function: Function
    source: Literal["path", "time"]
    warmup: Warmup
    positive: bool
    columns: tuple[str, ...]
    own: bool
    """Registered by a user, so its promises are checked before it is used."""
    fallback: float | None = None

    @property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """Arguments after the path or the times."""
        return tuple(inspect.signature(self.function).parameters.values())[1:]

    @property
    def usage(self) -> str:
        """How to write it: ``bollinger(n=20, k=2)``."""
        parts = [p.name if p.default is p.empty else f"{p.name}={p.default}" for p in self.parameters]
        return f"{self.name}({', '.join(parts)})" if parts else self.name


_KINDS: dict[str, _FeatureKind] = {
    **{
        name: _FeatureKind(
            name, kind.function, "path", kind.warmup, kind.positive, (), own=False, fallback=kind.fallback
        )
        for name, kind in PATH.items()
    },
    **{
        name: _FeatureKind(name, pair, "time", 0, positive=False, columns=(f"{name}_sin", f"{name}_cos"), own=False)
        for name, pair in CALENDAR.items()
    },
}


@overload
def feature(function: Function) -> Function: ...
@overload
def feature(*, warmup: Warmup = 0, positive: bool = False) -> Callable[[Function], Function]: ...
def feature(
    function: Function | None = None, *, warmup: Warmup = 0, positive: bool = False
) -> Function | Callable[[Function], Function]:
    """Register a feature of your own under its function's name.

    Parameters
    ----------
    function
        ``f(y, *arguments)`` with y (..., time) float64, giving an array of the same shape that is NaN in the first
        `warmup` places of the last axis. The value at a row must depend on that row and the `warmup` rows before it
        alone: this is checked on random numbers when the feature is first used.
    warmup
        Rows before the first value: a number, or a function of the arguments, as in ``lambda n: n``.
    positive
        Whether the feature is defined for positive targets only; such a feature refuses other data, naming the row.

    Returns
    -------
    Callable
        The function, unchanged.

    Raises
    ------
    OptionError
        The name belongs to a built-in feature.

    Examples
    --------
    >>> import numpy as np
    >>> @feature(warmup=lambda n: n)
    ... def spread(y, n=1):
    ...     out = np.full(y.shape, np.nan)
    ...     out[..., n:] = y[..., n:] - y[..., :-n]
    ...     return out
    >>> parse_features(["spread(2)"], [], "price")[0].warmup
    2
    """

    def register(own: Function) -> Function:
        known = _KINDS.get(own.__name__)
        if known is not None and not known.own:
            raise OptionError(f"a feature's name must be new, got {own.__name__!r}, which is built in; rename yours")
        _KINDS[own.__name__] = _FeatureKind(own.__name__, own, "path", warmup, positive, (), own=True)
        return own

    return register if function is None else register(function)


def feature_names() -> tuple[str, ...]:
    """List the names of all registered features, the built-in ones first."""
    return tuple(_KINDS)


def parse_features(texts: Sequence[str], columns: Iterable[str], target: str) -> tuple[Feature, ...]:
    """Read features from their texts, in order, each once.

    Parameters
    ----------
    texts
        As ``"bollinger(20, 2)"``, ``"lag(n=7)"``, ``"hour"``, or a numeric column's name.
    columns
        The numeric columns there are.
    target
        The target's column. Named as a feature it follows the simulated path.

    Returns
    -------
    tuple of Feature
        Without repetitions.

    Raises
    ------
    OptionError
        An unknown feature, or arguments it does not take: one line with what is meant.
    """
    names = list(columns)
    parsed = [_parse(text.strip(), names, target) for text in texts]
    return tuple({feature.text: feature for feature in parsed}.values())


def _parse(text: str, columns: Sequence[str], target: str) -> Feature:
    if text == target or text in columns:
        source: Literal["path", "column"] = "path" if text == target else "column"
        return Feature(text, source, (text,), 0, positive=False, function=_unchanged, text=text)
    name, parenthesis, rest = text.partition("(")
    kind = _KINDS.get(name.strip())
    if kind is None:
        choices = [*_KINDS, *(column for column in columns if column not in _KINDS)]
        raise OptionError(f"there is no feature or numeric column {text!r}; {did_you_mean(name.strip(), choices)}")
    if parenthesis and not rest.endswith(")"):
        raise OptionError(f"a feature's arguments stand in parentheses, got {text!r}; write {kind.usage}")
    return _bind(kind, rest[:-1] if parenthesis else "", text)


def _unchanged(values: np.ndarray) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def _bind(kind: _FeatureKind, arguments: str, text: str) -> Feature:
    """Bind a kind of feature to the arguments of a text such as ``20, k=2``."""
    bound = _arguments(kind, arguments, text)
    shown = f"{kind.name}({', '.join(f'{value:g}' for value in bound.values())})"
    label = shown if bound else kind.name

    def function(values: Any) -> np.ndarray:
        return kind.function(values, **bound)

    function.__doc__ = kind.function.__doc__  # its first line tells a program outside what to compute
    columns = kind.columns or (label,)
    warmup = _warmup(kind, bound)
    feature = Feature(label, kind.source, columns, warmup, kind.positive, function, shown, kind.fallback, kind.name)
    if kind.own:
        _prove(feature)
    return feature


def _warmup(kind: _FeatureKind, bound: dict[str, int | float]) -> int:
    """Compute the rows before the first value, for bound arguments."""
    if not callable(kind.warmup):
        return kind.warmup
    try:
        return kind.warmup(**bound)
    except TypeError:
        taken = ", ".join(inspect.signature(kind.warmup).parameters) or "none"
        raise OptionError(
            f"the warmup of {kind.name} takes the feature's arguments ({', '.join(bound) or 'none'}), got a function of"
            f" {taken}; for example warmup=lambda n, **_: n"
        ) from None


def _arguments(kind: _FeatureKind, text: str, whole: str) -> dict[str, int | float]:
    """Read the arguments of a call and match them with the parameters."""
    usage = f"{whole!r}; write {kind.usage}"
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        assert isinstance(call, ast.Call)  # noqa: S101 - tells mypy what ast.parse gives for a call
        positional = [ast.literal_eval(argument) for argument in call.args]
        named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError, AssertionError, MemoryError, RecursionError):
        raise OptionError(f"a feature's arguments are numbers, got {usage}") from None
    try:
        signature = inspect.Signature(kind.parameters)
        bound = signature.bind(*positional, **named)
    except TypeError:
        raise OptionError(f"{kind.name} does not take these arguments, got {usage}") from None
    bound.apply_defaults()
    return {p.name: _argument(p, bound.arguments[p.name], usage) for p in kind.parameters}


_MOST_ROWS = 1e12
"""No feature counts more rows."""


def _argument(parameter: inspect.Parameter, value: Any, usage: str) -> int | float:
    """Check one argument: a whole number of at least 1 for a count, a positive number otherwise."""
    whole = parameter.annotation in (int, "int")
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise OptionError(f"{parameter.name} is a number, got {value!r} in {usage}")
    if whole and value != int(value):
        raise OptionError(f"{parameter.name} counts rows and is a whole number, got {value!r} in {usage}")
    if whole and value > _MOST_ROWS:
        raise OptionError(f"{parameter.name} is at most {_MOST_ROWS:g} rows, got {value!r} in {usage}")
    if whole and value < 1:
        raise OptionError(f"{parameter.name} is at least 1, got {value!r} in {usage}")
    if parameter.annotation in (float, "float") and value <= 0:
        raise OptionError(f"{parameter.name} is above 0, got {value!r} in {usage}")
    return int(value) if whole else value


def _prove(feature: Feature) -> None:
    """Hold a user's feature to its promises on random numbers: shape, warmup, no look-ahead, finite memory."""
    rows = feature.warmup + 40
    y = np.exp(np.random.default_rng(0).normal(0.0, 0.1, (2, rows)).cumsum(axis=-1))
    values = np.asarray(feature.function(y.copy()), dtype=np.float64)
    if values.shape != y.shape:
        raise DataError(
            f"a feature gives an array of its input's shape, {feature.label} made {values.shape} of {y.shape}"
        )
    if not np.isfinite(values[..., feature.warmup :]).all():
        raise DataError(
            f"{feature.label} has no value after its declared warmup of {feature.warmup} rows; declare a longer one"
        )
    short = rows - 10
    if not np.allclose(
        feature.function(y[..., :short].copy())[..., feature.warmup :], values[..., feature.warmup : short]
    ):
        raise DataError(f"a feature must not look ahead, but {feature.label} changes its past when rows are added")
    tail = np.asarray(feature.function(y[..., -feature.warmup - 1 :].copy()))[..., -1]
    if not np.allclose(tail, values[..., -1]):
        raise DataError(
            f"{feature.label} needs more than its declared warmup of {feature.warmup} rows; declare a longer one"
        )
