"""Every example in a docstring runs: those with an output give it, those of a whole training run on a small network."""

import doctest
import importlib
import inspect
import pkgutil
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import lstm_lab

OF_MANY_SERIES = (
    "mask_effect",
    "PanelFeatureReport",
    "PanelForecast",
    "PanelForecast.reveal",
    "PanelReveal",
    "Run.series",
)
"""Examples whose `frame` and `run` are of stores."""
SMALL = {"units": [4], "dense": [], "epochs": 1, "lookback": 10}
JUDGED = {"origins": 6, "paths": 50, "horizon": 3}


def modules():
    names = [module.name for module in pkgutil.walk_packages(lstm_lab.__path__, "lstm_lab.")]
    return [name for name in names if "__main__" not in name]


class Finder(doctest.DocTestFinder):
    """Finds the examples of decorated functions, too, whose globals are those of the decorator's module."""

    def _from_module(self, module, object):  # noqa: A002 - doctest's name
        return super()._from_module(module, inspect.unwrap(object))


def examples():
    for name in modules():
        module = importlib.import_module(name)
        for test in Finder(exclude_empty=True).find(module, name):
            if test.examples:
                yield test


def is_long(test):
    return bool(test.examples[0].options.get(doctest.SKIP))


TESTS = list(examples())
_AS_THEY_ARE = (
    "compare_bands",
    "compare_runs",
    "dashboard",
    "example",
    "features",
    "load",
    "load_run",
    "padded_steps",
    "preview_losses",
    "preview_weights",
    "trace",
)


@pytest.mark.parametrize("test", [test for test in TESTS if not is_long(test)], ids=lambda test: test.name)
def test_an_example_gives_the_output_that_it_shows(test):
    runner = doctest.DocTestRunner()
    runner.run(test, clear_globs=False)
    assert runner.failures == 0
    assert runner.tries > 0


@pytest.fixture(scope="module")
def namespace(tmp_path_factory):
    """Give the names that an example may use: data, a run, a file; trainings that are not told otherwise are small."""
    folder = tmp_path_factory.mktemp("examples")
    lab = lstm_lab
    frame = lab.example("oil").rename(columns={"price": "close"}).iloc[-700:]
    older = frame.iloc[:-60]
    run = lab.train(older, target="close", transform="log_return", features=[], **{**SMALL, "lookback": 20})
    frame.to_csv(folder / "prices-today.csv")
    run.save(folder / "prices.lstm")
    small = SimpleNamespace(
        **{name: getattr(lab, name) for name in _AS_THEY_ARE},
        train=partial(lab.train, **SMALL),
        backtest=lambda *args, **options: lab.backtest(*args, **{**options, **JUDGED}),
        compare=partial(lab.compare, seeds=[0], test=0.4, **SMALL, **JUDGED),
        ablate=partial(lab.ablate, changes=["loss: mse"], test=0.4, **SMALL, **JUDGED),
        tune=lambda frame, **options: lab.tune(frame, **{**options, **SMALL, **JUDGED, "folds": 1, "trials": 1}),
        mask_effect=lambda *args, **options: lab.mask_effect(
            *args, **{**options, **SMALL, "lookback": 40, "seeds": [0]}
        ),
        memory=lambda **options: lab.memory(**{**options, "recall": [5], "updates": 2}),
    )
    x = np.random.default_rng(0).normal(size=(1, 20, 1)).astype(np.float32)
    fc = run.forecast(5, paths=50)
    later = pd.DataFrame({"price": np.linspace(60, 70, 5)}, index=fc.index)
    names = {
        "lab": small,
        "run": run,
        "first": run,
        "second": lab.load_run(folder / "prices.lstm"),
        "frame": frame,
        "longer": frame,
        "model": run.model,
        "x": x,
        "fc": fc,
    }
    return folder, {**names, "later": later, "actual": later["price"]}


@pytest.fixture(scope="module")
def of_many_series(namespace):
    """Give the same names for four stores, one of which has fewer rows than a window."""
    rng = np.random.default_rng(1)
    rows = {"store_1": 200, "store_2": 200, "store_3": 200, "store_4": 30}
    parts = []
    for name, count in rows.items():
        days = pd.date_range(end="2024-07-18", periods=count)
        parts.append(pd.DataFrame({"store": name, "day": days, "sales": 50 + rng.normal(0, 1, count)}))
    frame = pd.concat(parts)
    run = lstm_lab.train(frame, id="store", target="sales", features=[], **SMALL)
    report, fcs = lstm_lab.features(frame, id="store", target="sales"), run.forecast(5, paths=50)
    later = pd.Series(50.0, fcs.index, name="sales")
    return {**namespace[1], "frame": frame, "run": run, "report": report, "fcs": fcs, "later": later}


@pytest.mark.parametrize("test", [test for test in TESTS if is_long(test)], ids=lambda test: test.name)
def test_an_example_of_a_training_runs(test, namespace, of_many_series, monkeypatch):
    folder, names = namespace
    monkeypatch.chdir(folder)
    names = of_many_series if test.name.endswith(OF_MANY_SERIES) else names
    available = {**test.globs, **names}
    if "trace" in available:
        available["trace"] = lstm_lab.trace
    for example in test.examples:
        exec(compile(example.source, test.name, "single"), available)  # noqa: S102 - the examples are our own
