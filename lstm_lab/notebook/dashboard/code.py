"""Code for a dashboard's settings, as magics and as Python; options at their defaults are left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lstm_lab.notebook.commands import BACKTEST, COMPARE_RUNS, FORECAST, GATES, MEMORY, RESUME, TRAIN
from lstm_lab.options import TrainOptions
from lstm_lab.options.flags import value_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings", "magics", "python", "stack_text"]

_STACK = ("cell", "units", "dropout", "dense")
_LAYERS = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
_PLAIN = re.compile(r"[\w./:+-]+")


@dataclass(frozen=True, slots=True)
class Settings:
    """Current values of a dashboard's controls, without those at their defaults."""

    word: str
    """The data, as on a magic's line."""
    source: str
    """The data, as in Python."""
    name: str
    """Name of the next run."""
    run: str
    """The run that is forecast with, looked into and judged."""
    train: Mapping[str, Any] = field(default_factory=dict)
    forecast: Mapping[str, Any] = field(default_factory=dict)
    gates: Mapping[str, Any] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)
    backtest: Mapping[str, Any] = field(default_factory=dict)
    resume: Mapping[str, Any] | None = None
    """Options of training on; None before a run was."""
    compared: tuple[str, ...] = ()
    """Runs that are compared, if there are two or more."""
    configured: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of the magics set by ``%config``, where a line must state even an option's own default."""
    chosen_weights: bool = False
    """Whether weights for the next ``%lstm_train`` were chosen in a weight curve."""


def magics(settings: Settings) -> dict[str, str]:
    """Return the magics as texts of cells, by action."""
    options = {name: value for name, value in settings.train.items() if name not in _STACK}
    weights = {"weights": "uniform"} if settings.chosen_weights else {}
    train = _flags(weights | _over(settings, options, TRAIN.models, without=_STACK))
    forecast = _over(settings, settings.forecast, FORECAST.models)
    backtest = _over(settings, _judging(settings), BACKTEST.models)
    of = f" --run {settings.run}"
    more = {}
    if settings.resume is not None:
        more["Train on"] = f"{RESUME.name}{_flags(settings.resume)}{of} -o {settings.name}"
    if len(settings.compared) > 1:
        first, *others = settings.compared
        more["Compare"] = f"{COMPARE_RUNS.name} {first} {','.join(others)}{_flags(_of_one(forecast))}"
    return {
        "Train": f"%{TRAIN.name} {quoted(settings.word)}{train} -o {settings.name}\n{stack_text(settings.train)}",
        "Forecast": f"{FORECAST.name}{_flags(forecast)}{of}",
        "Look inside": f"{GATES.name}{_flags(settings.gates)}{of}",
        "Memory": f"{MEMORY.name}{_flags(settings.memory)}{of}",
        "Judge": f"{BACKTEST.name}{_flags(backtest)}{of}",
        **more,
    }


def python(settings: Settings) -> str:
    """Return the settings as Python code."""
    data, run = settings.source, settings.run
    backtest = _judging(settings)
    lines = [
        "import lstm_lab as lab",
        "",
        f"{settings.name} = lab.train({', '.join([data, *_keywords(settings.train)])})",
        f"forecast = {run}.forecast({', '.join(_keywords(settings.forecast))})",
        f"gates = {run}.gates({', '.join(_keywords(settings.gates))})",
        f"memory = {run}.memory({', '.join(_keywords(settings.memory))})",
        f"judged = lab.backtest({', '.join([run, *_keywords(backtest)])})",
    ]
    if settings.resume is not None:
        lines.append(f"{settings.name} = {run}.resume({', '.join(_keywords(settings.resume))})")
    if len(settings.compared) > 1:
        runs = ", ".join(f"{name!r}: {name}" for name in settings.compared)
        options = _keywords(_of_one(settings.forecast))
        lines.append(f"compared = lab.compare_runs({', '.join(['{' + runs + '}', *options])})")
    return "\n".join(lines)


def _of_one(forecast: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of forecasts of one series."""
    return {name: value for name, value in forecast.items() if name != "ids"}


def _judging(settings: Settings) -> dict[str, Any]:
    """Return the options of a backtest: every id is judged, whichever are forecast."""
    return {name: value for name, value in {**settings.forecast, **settings.backtest}.items() if name != "ids"}


def stack_text(train: Mapping[str, Any]) -> str:
    """Return the layers that ``cell``, ``units``, ``dropout`` and ``dense`` describe, one a line."""
    options = TrainOptions.of({name: value for name, value in train.items() if name in _STACK})
    lines = []
    for units in options.units:
        lines.append(f"{_LAYERS[options.cell]}({units})")
        lines += [f"Dropout({options.dropout})"] * (options.dropout > 0)
    lines += [f'Dense({units}, activation="relu")' for units in options.dense]
    return "\n".join([*lines, "Dense(1)"])


def quoted(text: str) -> str:
    """Quote a word for a magic's line, where it has spaces, commas or parentheses.

    >>> quoted("log_return,bollinger(20, 2)")
    '"log_return,bollinger(20, 2)"'
    """
    if _PLAIN.fullmatch(text):
        return text
    # No quote can be escaped on a magic's line: parts in either kind of quotes stand side by side.
    return "".join(f"'{part}'" if '"' in part else f'"{part}"' for part in re.findall(r'"+|[^"]+', text)) or '""'


def _over(
    settings: Settings, values: Mapping[str, Any], models: tuple[Any, ...], without: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the values that differ from the magics' defaults, those set by ``%config`` included."""
    fields = {name: option for model in reversed(models) for name, option in model.model_fields.items()}
    wanted = {name: option.default for name, option in fields.items()} | dict(values)
    defaults = {name: option.default for name, option in fields.items()} | {
        name: value for name, value in settings.configured.items() if name in fields
    }
    return {
        name: value
        for name, value in wanted.items()
        if name not in without and value != defaults[name] and value is not None
    }


def _flags(values: Mapping[str, Any]) -> str:
    return "".join(f" --{name.replace('_', '-')} {quoted(_text(value))}" for name, value in values.items())


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else value_text(value)


def _keywords(values: Mapping[str, Any]) -> list[str]:
    shown = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return [f"{name}={value!r}" for name, value in shown.items()]
