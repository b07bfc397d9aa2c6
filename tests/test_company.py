"""A run beside others: pickled, copied, in threads, in forked processes, and from scripts without a guard."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab

OPTIONS = {"transform": "none", "lookback": 6, "units": [4], "dense": [], "epochs": 1, "batch": 32}


def series():
    rng = np.random.default_rng(0)
    return pd.DataFrame({"y": 3 + np.sin(np.arange(200) / 5) + 0.1 * rng.normal(size=200)})


@pytest.fixture(scope="module")
def run():
    return lab.train(series(), **OPTIONS)


@pytest.fixture(scope="module")
def paths(run):
    return run.forecast(3, paths=20).paths


def bits(run):
    return b"".join(np.ascontiguousarray(weight).tobytes() for weight in run.model.get_weights())


@pytest.mark.parametrize(
    "again",
    [lambda run: pickle.loads(pickle.dumps(run)), copy.deepcopy, copy.copy],  # noqa: S301 - our own bytes
    ids=["pickle", "deepcopy", "copy"],
)
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own, while it saves
def test_a_run_that_has_forecast_is_pickled_and_copied(run, paths, again):
    run.gates()
    other = again(run)
    assert bits(other) == bits(run)
    np.testing.assert_array_equal(other.forecast(3, paths=20).paths, paths)
    assert other.end == run.end
    pd.testing.assert_frame_equal(other.history, run.history)


def test_trainings_and_forecasts_in_threads_give_the_numbers_they_give_alone(run, paths):
    alone = [bits(lab.train(series(), seed=seed, **OPTIONS)) for seed in (0, 1)]
    results, errors = {}, []

    def work(name, call):
        try:
            results[name] = call()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    calls = {seed: lambda seed=seed: bits(lab.train(series(), seed=seed, **OPTIONS)) for seed in (0, 1)}
    calls["forecast"] = lambda: run.forecast(3, paths=20).paths
    threads = [threading.Thread(target=work, args=item) for item in calls.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [results[0], results[1]] == alone
    np.testing.assert_array_equal(results["forecast"], paths)


FORK = """
import os, sys
import numpy as np, pandas as pd, lstm_lab as lab
frame = pd.DataFrame({"y": np.sin(np.arange(200) / 5)})
run = lab.train(frame, transform="none", lookback=6, units=[4], dense=[], epochs=1)
run.forecast(2, paths=10)
for call in (lambda: run.forecast(2, paths=10), run.gates, lambda: run.resume(epochs=1), lambda: lab.train(frame)):
    child = os.fork()
    if child == 0:
        try:
            call()
        except lab.LabError as refused:
            print(str(refused), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_a_forked_child_is_refused_and_does_not_hang():
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=240, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert {line.partition(" from that;")[0] for line in lines} == {
        "TensorFlow works in the process that started it, and this one was forked"
    }


UNGUARDED = """
import numpy as np, pandas as pd, lstm_lab as lab
frame = pd.DataFrame({"y": np.sin(np.arange(200) / 5)})
options = dict(kinds=["lstm"], seeds=[0], units=[3], dense=[], epochs=1, lookback=6, horizon=2, origins=4)
try:
    lab.compare(frame, workers=2, **options)
except lab.LabError as refused:
    print(refused)
"""


def test_a_script_without_a_guard_is_told_of_it_at_once(tmp_path):
    script = tmp_path / "study.py"
    script.write_text(UNGUARDED)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=240, check=True)
    assert done.stdout == (
        "workers=2 starts processes, each of which runs study.py again; put what it does under a line"
        " if __name__ == '__main__': or leave workers= out\n"
    )
    assert "Traceback" not in done.stderr


def test_a_guard_anywhere_at_the_top_is_enough(monkeypatch, tmp_path):
    from lstm_lab.errors import RunError
    from lstm_lab.execution.main_guard import refuse_unguarded

    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__spec__", None, raising=False)
    monkeypatch.setattr(main, "__file__", str(tmp_path / "study.py"), raising=False)
    (tmp_path / "study.py").write_text("def work():\n    pass\n\nif __name__ == '__main__':\n    work()\n")
    refuse_unguarded(2)
    (tmp_path / "study.py").write_text("def work():\n    return __name__\n\nwork()\n")
    with pytest.raises(RunError, match=r"runs study\.py again"):
        refuse_unguarded(2)


@pytest.mark.parametrize(
    ("name", "file", "refused"),
    [("study", None, True), ("package.__main__", None, False), (None, "<stdin>", True), ("__main__", None, False)],
)
def test_a_module_is_run_again_unless_it_is_the_main_of_a_package(monkeypatch, tmp_path, name, file, refused):
    from types import SimpleNamespace

    from lstm_lab.errors import RunError
    from lstm_lab.execution.main_guard import refuse_unguarded

    (tmp_path / "study.py").write_text("work = 1\n")
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__spec__", None if name is None else SimpleNamespace(name=name), raising=False)
    monkeypatch.setattr(main, "__file__", file or str(tmp_path / "study.py"), raising=False)
    if refused:
        with pytest.raises(RunError, match=r"workers=2 starts processes, .* if __name__ == '__main__':"):
            refuse_unguarded(2)
    else:
        refuse_unguarded(2)
