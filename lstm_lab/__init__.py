"""lstm_lab: a notebook laboratory for forecasting with LSTMs and seeing what they do.

Start with a file, a DataFrame or an example, and ask for help about any of these names::

    import lstm_lab as lab

    frame = lab.example("oil")
    run = lab.train(frame, target="price", lookback=20, units=[16], epochs=3)  # help(lab.train)
    fc = run.forecast(30)  # help(run.forecast): a fan of futures, fc.frame, fc.plot(), fc.to_html("oil.html")
    lab.backtest(run, horizon=30)  # how good that is; lab.features(frame) before training, run.gates() after
    %load_ext lstm_lab  # in IPython: %lstm_train?, %lstm_forecast?, ...

The packages, from the top down; a module imports from its own floor and from those below, never upwards::

    cli          the command lstm-lab
    notebook     the magics, and the dashboard
    widgets      live views (anywidget);  plots: still pictures (matplotlib)
    evaluation   backtest, compare, ablate, tune: forecasts from many origins, scored
    progress     progress as text or as a bar
    diagnostics  what a network would be given, and what is wrong with it
    run          train() and Run;  export: a run in one file, and a network for a small device
    forecasting  forecasts, streams, calibration, baselines, metrics
    interpret    gate traces, attribution, memory;  training: batches and Keras' loop
    fitted       FittedModel: a network with all it takes to forecast from a Dataset
    simulation   Monte Carlo roll-outs
    models       Keras networks; TensorFlow is imported in models.backend alone
    data         sources (tables, dates), encoding (features, scaling), windows, Dataset: NumPy and pandas
    options      every option, defined once for Python, magics, command line and dashboard
    execution    tasks on any executor, interrupts;  results: how a result shows itself
    storage      whole files, checkpoints;  events, formatting, errors, version

Every public name is imported when it is first used, so that ``import lstm_lab`` costs a blink and no TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lstm_lab.execution.interrupts import held_back
from lstm_lab.results import provide_renderer
from lstm_lab.version import __version__

_HOMES = {
    "load": "lstm_lab.data.sources.loading",
    "example": "lstm_lab.data.sources.bundled",
    "feature": "lstm_lab.data.encoding.features",
    "features": "lstm_lab.diagnostics.report",
    "FeatureReport": "lstm_lab.diagnostics.feature_report",
    "preview_losses": "lstm_lab.diagnostics.training_previews",
    "preview_weights": "lstm_lab.diagnostics.training_previews",
    "train": "lstm_lab.run",
    "Run": "lstm_lab.run",
    "load_run": "lstm_lab.run",
    "backtest": "lstm_lab.evaluation.backtest",
    "compare_bands": "lstm_lab.evaluation.band_comparison",
    "compare_runs": "lstm_lab.evaluation.run_comparison",
    "compare": "lstm_lab.evaluation.compare",
    "ablate": "lstm_lab.evaluation.ablate",
    "tune": "lstm_lab.evaluation.tune",
    "bench": "lstm_lab.evaluation.benchmark",
    "mask_effect": "lstm_lab.evaluation.mask_effect",
    "repeat": "lstm_lab.evaluation.repeat",
    "family": "lstm_lab.models.family",
    "Forecast": "lstm_lab.forecasting.forecast",
    "Stream": "lstm_lab.forecasting.stream",
    "Export": "lstm_lab.export.exporter",
    "trace": "lstm_lab.interpret.trace",
    "dashboard": "lstm_lab.notebook.dashboard.view",
    "memory": "lstm_lab.interpret.memory",
    "padded_steps": "lstm_lab.data.windows.padding",
    "LabError": "lstm_lab.errors",
}
__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - every key is text

if TYPE_CHECKING:
    from types import ModuleType

    from IPython.core.interactiveshell import InteractiveShell

    from lstm_lab.data.encoding.features import feature as feature
    from lstm_lab.data.sources.bundled import example as example
    from lstm_lab.data.sources.loading import load as load
    from lstm_lab.data.windows.padding import padded_steps as padded_steps
    from lstm_lab.diagnostics.feature_report import FeatureReport as FeatureReport
    from lstm_lab.diagnostics.report import features as features
    from lstm_lab.diagnostics.training_previews import preview_losses as preview_losses
    from lstm_lab.diagnostics.training_previews import preview_weights as preview_weights
    from lstm_lab.errors import LabError as LabError
    from lstm_lab.evaluation.ablate import ablate as ablate
    from lstm_lab.evaluation.backtest import backtest as backtest
    from lstm_lab.evaluation.band_comparison import compare_bands as compare_bands
    from lstm_lab.evaluation.benchmark import bench as bench
    from lstm_lab.evaluation.compare import compare as compare
    from lstm_lab.evaluation.mask_effect import mask_effect as mask_effect
    from lstm_lab.evaluation.repeat import repeat as repeat
    from lstm_lab.evaluation.run_comparison import compare_runs as compare_runs
    from lstm_lab.evaluation.tune import tune as tune
    from lstm_lab.export.exporter import Export as Export
    from lstm_lab.forecasting.forecast import Forecast as Forecast
    from lstm_lab.forecasting.stream import Stream as Stream
    from lstm_lab.interpret.memory import memory as memory
    from lstm_lab.interpret.trace import trace as trace
    from lstm_lab.models.family import family as family
    from lstm_lab.notebook.dashboard.view import dashboard as dashboard
    from lstm_lab.run import Run as Run
    from lstm_lab.run import load_run as load_run
    from lstm_lab.run import train as train


def _imported(name: str) -> ModuleType:
    """Import a module, with Ctrl-C held back: NumPy, pandas and others cannot be imported again from half-way."""
    with held_back():
        return import_module(name)


def _plots() -> ModuleType:
    return _imported("lstm_lab.plots")


def _widgets() -> ModuleType:
    return _imported("lstm_lab.widgets")


provide_renderer("picture", _plots)
provide_renderer("view", _widgets)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        from lstm_lab.errors import did_you_mean

        raise AttributeError(f"module 'lstm_lab' has no attribute {name!r}; {did_you_mean(name, _HOMES)}")
    value = getattr(_imported(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics: what ``%load_ext lstm_lab`` calls."""
    from lstm_lab.notebook.magics import register

    register(shell)
