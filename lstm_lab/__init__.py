"""lstm_lab: a notebook laboratory for forecasting with LSTMs and seeing what they do.

Start with a file, a DataFrame or an example, and ask for help about any of these names::

    import lstm_lab as lab

    frame = lab.example("oil")
    run = lab.train(frame, target="price", lookback=20, units=[16], epochs=3)  # help(lab.train)
    fc = run.forecast(30)  # help(run.forecast): a fan of futures, fc.frame, fc.plot(), fc.to_html("oil.html")
    lab.backtest(run, horizon=30)  # how good that is; lab.features(frame) before training, run.gates() after
    %load_ext lstm_lab  # in IPython: %lstm_train?, %lstm_forecast?, ...

The house, from the cellar up; a module imports from its own floor and from those below, never upwards::

    cellar   errors      one hierarchy, one line each
             options     every option, defined once for magics, CLI, Python and dashboard
             events      what happens while a network trains or a forecast grows
             showing     how a result shows itself
    floor 1  data        files, features, transforms, windows, weights (NumPy and pandas)
    floor 2  nn          stacks, training, sampling, gate traces (Keras on TensorFlow)
    floor 3  forecasting what a forecast means: quantiles, metrics, baselines, calibration
    floor 4  run         train() and Run;  prediction, inspection: one forecast, one look inside
             findings, diagnosis: what a network would be given, and what is wrong with it
             stream      a run fed row by row;  continuation: newer rows for it;  archive: it in one file
             export      a run for a small device: a file of one step
    floor 5  studies     backtest and compare: many runs
    floor 6  plots       still pictures (matplotlib)
             widgets     live views (anywidget)
    floor 7  flags       options as flags;  variables, completion, progress: their companions
             commands    what each magic is called, takes and means;  live: what it shows
             subcommands the same for each command of lstm-lab
             faces       what all magics share;  board: the dashboard
             magics, cli parse, call, return

Every public name is imported when it is first used, so that ``import lstm_lab`` costs a blink and no TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lstm_lab.version import __version__

_HOMES = {
    "load": "lstm_lab.data.loading",
    "example": "lstm_lab.data.loading",
    "feature": "lstm_lab.data.features",
    "features": "lstm_lab.diagnosis",
    "FeatureReport": "lstm_lab.diagnosis",
    "train": "lstm_lab.run",
    "Run": "lstm_lab.run",
    "load_run": "lstm_lab.run",
    "backtest": "lstm_lab.studies.backtest",
    "compare": "lstm_lab.studies.compare",
    "ablate": "lstm_lab.studies.ablate",
    "Forecast": "lstm_lab.forecasting.forecast",
    "Stream": "lstm_lab.stream",
    "Export": "lstm_lab.export",
    "trace": "lstm_lab.nn.traces",
    "dashboard": "lstm_lab.board.dashboard",
    "memory": "lstm_lab.nn.memory",
    "LabError": "lstm_lab.errors",
}
__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - every key is text

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from lstm_lab.board.dashboard import dashboard as dashboard
    from lstm_lab.data.features import feature as feature
    from lstm_lab.data.loading import example as example
    from lstm_lab.data.loading import load as load
    from lstm_lab.diagnosis import FeatureReport as FeatureReport
    from lstm_lab.diagnosis import features as features
    from lstm_lab.errors import LabError as LabError
    from lstm_lab.export import Export as Export
    from lstm_lab.forecasting.forecast import Forecast as Forecast
    from lstm_lab.nn.memory import memory as memory
    from lstm_lab.nn.traces import trace as trace
    from lstm_lab.run import Run as Run
    from lstm_lab.run import load_run as load_run
    from lstm_lab.run import train as train
    from lstm_lab.stream import Stream as Stream
    from lstm_lab.studies.ablate import ablate as ablate
    from lstm_lab.studies.backtest import backtest as backtest
    from lstm_lab.studies.compare import compare as compare


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        from lstm_lab.errors import did_you_mean

        raise AttributeError(f"module 'lstm_lab' has no attribute {name!r}; {did_you_mean(name, _HOMES)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics: what ``%load_ext lstm_lab`` calls."""
    from lstm_lab.magics import register

    register(shell)
