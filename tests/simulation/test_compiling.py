"""How often networks are compiled when a script trains and forecasts many runs."""

import json
import subprocess
import sys

import numpy as np
import pytest

from lstm_lab.models.tracing import CompiledFunction

SCRIPT = """
import json, logging, warnings
import numpy as np, pandas as pd
import lstm_lab as lab
from lstm_lab.events import SamplingListener
from lstm_lab.simulation import network

logged, networks, labels = [], [], []

class Handler(logging.Handler):
    def emit(self, record):
        logged.append(record.getMessage())

def counted(self, model, build=network.Network.__init__):
    build(self, model)
    networks.append(self)

network.Network.__init__ = counted
logging.getLogger("tensorflow").addHandler(Handler())
class Heard(SamplingListener):
    def on_progress(self, progress):
        labels.append(progress.label)

index = pd.date_range("2024-01-01", periods=90, freq="D")
frame = pd.DataFrame({"y": np.random.default_rng(1).normal(size=90).cumsum()}, index=index)
traces, heard = [], []
for number in range(6):
    rate = 0.1 * (number % 2)
    run = lab.train(frame, epochs=1, units=[3 + number], dense=[], lookback=6, dropout=rate, features=[])
    counts = []
    for rollout in ("window", "state"):
        for horizon, paths in ((2, 50), (3 + number, 100), (4, 150)):
            run.forecast(horizon, paths=paths, rollout=rollout, listener=Heard())
            counts.append(sum(each.traces for each in networks))
    traces.append(counts)
    heard.append(labels.count("compiling the roll-out"))
    networks.clear()
    labels.clear()
    run.export(f"{number}.tflite")

again, errors = [], []
for seed in range(2):
    # The last of the six: the first ones have left the cache.
    run = lab.train(frame, epochs=1, units=[8], dense=[], lookback=6, dropout=0.1, features=[], seed=seed)
    run.forecast(2, paths=50, rollout="state", listener=Heard())
    again.append([sum(each.traces for each in networks), labels.count("compiling the roll-out")])
    run.forecast(2, paths=50, rollout="state", listener=Heard())
    errors.append(labels.count("measuring one-step errors"))
    labels.clear()
    networks.clear()
print(json.dumps([logged, traces, heard, again, errors]))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compiling")
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, cwd=folder)
    return json.loads(done.stdout.splitlines()[-1])


def test_tensorflow_logs_nothing_about_retracing_in_a_script_of_many_runs(told):
    assert [message for message in told[0] if "retracing" in message] == []


def test_no_horizon_and_no_number_of_paths_compiles_a_network_again(told):
    for counts in told[1]:
        window, state = counts[:3], counts[3:]
        assert window[0] > 0
        assert len(set(window)) == len(set(state)) == 1
        assert state[0] > window[0]  # a step of its own


def test_a_run_of_an_architecture_seen_before_compiles_nothing_and_says_nothing_of_it(told):
    assert told[3] == [[0, 0], [0, 0]]


def test_the_first_forecast_of_each_roll_out_says_what_it_waits_for(told):
    assert told[2] == [2] * 6  # window and state, of six architectures


def test_the_first_forecast_of_each_run_says_that_it_measures_errors(told):
    assert told[4] == [1, 1]  # of two forecasts each


def test_a_second_shape_leaves_the_rows_open_and_a_setting_compiles_for_itself():
    shapes = []

    def scaled(x, *, factor):
        shapes.append(tuple(x.shape))
        return x * factor

    traced = CompiledFunction(scaled)
    for rows in (1, 1, 5, 7, 1):
        np.testing.assert_array_equal(traced(np.ones((rows, 3), np.float32), factor=2), np.full((rows, 3), 2))
    assert shapes == [(1, 3), (None, 3)]
    np.testing.assert_array_equal(traced(np.ones((1, 3), np.float32), factor=3), np.full((1, 3), 3))
    assert traced.count == 3
