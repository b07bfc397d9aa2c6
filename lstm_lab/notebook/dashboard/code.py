"""Code for a dashboard's settings, as magics and as Python; options at their defaults are left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lstm_lab.notebook.commands import BACKTEST, COMPARE_RUNS, FORECAST, GATES, MEMORY, RESUME, TRAIN
from lstm_lab.options.code import LAYER_OPTIONS, flags_text, keywords, quoted, stack_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Settings", "magics", "python", "quoted", "stack_text"]


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
    watch: bool = False
    """Whether trainings are watched."""


def magics(settings: Settings) -> dict[str, str]:
    """Return the magics as texts of cells, by action."""
    options = {name: value for name, value in settings.train.items() if name not in LAYER_OPTIONS}
    weights = {"weights": "uniform"} if settings.chosen_weights else {}
    train = flags_text(weights | _over(settings, options, TRAIN.models, without=LAYER_OPTIONS))
    forecast = _over(settings, settings.forecast, FORECAST.models)
    backtest = _over(settings, _judging(settings), BACKTEST.models)
    of = f" --run {settings.run}"
    train += " --watch" if settings.watch else ""
    more = {}
    if settings.resume is not None:
        watch = " --watch" if settings.watch else ""
        more["Train on"] = f"{RESUME.name}{flags_text(settings.resume)}{of}{watch} -o {settings.name}"
    if len(settings.compared) > 1:
        first, *others = settings.compared
        more["Compare"] = f"{COMPARE_RUNS.name} {first} {','.join(others)}{flags_text(_of_one(forecast))}"
    return {
        "Train": f"%{TRAIN.name} {quoted(settings.word)}{train} -o {settings.name}\n{stack_text(settings.train)}",
        "Forecast": f"{FORECAST.name}{flags_text(forecast)}{of}",
        "Look inside": f"{GATES.name}{flags_text(settings.gates)}{of}",
        "Memory": f"{MEMORY.name}{flags_text(settings.memory)}{of}",
        "Judge": f"{BACKTEST.name}{flags_text(backtest)}{of}",
        **more,
    }


def python(settings: Settings) -> str:
    """Return the settings as Python code."""
    data, run = settings.source, settings.run
    backtest, watch = _judging(settings), ["watch=True"] if settings.watch else []
    lines = [
        "import lstm_lab as lab",
        "",
        f"{settings.name} = lab.train({', '.join([data, *keywords(settings.train), *watch])})",
        f"forecast = {run}.forecast({', '.join(keywords(settings.forecast))})",
        f"gates = {run}.gates({', '.join(keywords(settings.gates))})",
        f"memory = {run}.memory({', '.join(keywords(settings.memory))})",
        f"judged = lab.backtest({', '.join([run, *keywords(backtest)])})",
    ]
    if settings.resume is not None:
        lines.append(f"{settings.name} = {run}.resume({', '.join([*keywords(settings.resume), *watch])})")
    if len(settings.compared) > 1:
        runs = ", ".join(f"{name!r}: {name}" for name in settings.compared)
        options = keywords(_of_one(settings.forecast))
        lines.append(f"compared = lab.compare_runs({', '.join(['{' + runs + '}', *options])})")
    return "\n".join(lines)


def _of_one(forecast: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of forecasts of one series."""
    return {name: value for name, value in forecast.items() if name != "ids"}


def _judging(settings: Settings) -> dict[str, Any]:
    """Return the options of a backtest: every id is judged, whichever are forecast."""
    return {name: value for name, value in {**settings.forecast, **settings.backtest}.items() if name != "ids"}


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
