"""How far networks feel and recall the past, at sizes that take seconds."""

from __future__ import annotations

import re
import threading

import numpy as np
import pytest

from lstm_lab.errors import TraceError
from lstm_lab.events import ProgressListener
from lstm_lab.interpret.memory import distances_within, memory
from lstm_lab.interpret.recall_task import Learner, Variant, build, explained_variance, sequences
from lstm_lab.models.backend import keras

X = np.random.default_rng(0).normal(size=(80, 12, 2))
Y = X[:, 0, 0]
FEW = (Variant("rnn"), Variant("lstm", 2.0))


class Heard(ProgressListener):
    def __init__(self, stop=None, after=0):
        self.heard, self.partial, self.lines, self.stop, self.after = [], [], [], stop, after

    def on_work(self, plan):
        self.plan = plan

    def on_partial(self, result, line):
        self.partial.append(result)
        self.lines.append(line)

    def on_progress(self, progress):
        self.heard.append(progress)
        if self.stop is not None and len(self.heard) == self.after:
            self.stop.set()


@pytest.fixture(scope="module")
def small():
    heard = Heard()
    return memory(X, Y, units=4, updates=3, recall=[2, 4], variants=FEW, listener=heard), heard


def test_gradient_of_a_linear_network_falls_geometrically():
    layer = keras.layers.SimpleRNN(1, activation="linear")
    model = keras.Sequential([keras.Input((9, 1)), layer, keras.layers.Dense(1)])
    model.set_weights([np.array([[2.0]]), np.array([[0.5]]), np.zeros(1), np.array([[3.0]]), np.zeros(1)])
    x, y = np.random.default_rng(0).normal(size=(5, 9, 1)), np.zeros(5)
    flow = memory(x, y, model=model, units=2, updates=1, recall=[], variants=()).flow
    assert set(flow["network"]) == {"this network"}
    assert flow["norm"].to_numpy() == pytest.approx(6.0 * 0.5 ** np.arange(9))
    assert flow["relative"].iloc[3] == pytest.approx(0.125)


def test_a_higher_forget_bias_carries_the_gradient_further():
    variants = [Variant("lstm", bias) for bias in (0.0, 1.0, 2.0)]
    reach = memory(X, Y, units=4, updates=1, recall=[], variants=variants).reach["initial"]
    assert reach.is_monotonic_increasing
    assert reach.iloc[2] > reach.iloc[0]


def test_tables_hold_every_network_and_distance(small):
    found, heard = small
    assert found.frame.shape == (12, 4)
    assert list(found.table.columns) == [2, 4]
    assert list(found.table.index) == ["rnn", "lstm, forget bias 2", "lstm, forget bias ln(1 … N)"]
    assert len(found.recall) == 6
    assert (found.recall["updates"] == 3).all()
    assert [progress.done for progress in heard.heard] == list(range(1, 9))
    assert heard.heard[-1].total == 8
    assert "rnn" in found.describe()
    assert repr(found).startswith(found.describe())
    assert "nan" not in repr(found)


def test_same_seed_same_table():
    once, again = (memory(X, Y, units=2, updates=2, recall=[2], variants=[]) for _ in range(2))
    assert once.recall.drop(columns="seconds").equals(again.recall.drop(columns="seconds"))
    flows = [memory(X, Y, units=2, updates=2, recall=[], variants=FEW[:1]).flow for _ in range(2)]
    assert flows[0].equals(flows[1])


def test_a_short_recall_is_learnt():
    model = build(Variant("lstm", 1.0), 3, 2, units=8, seed=0)
    rng = np.random.default_rng(0)
    trial = sequences(2, 256, np.random.default_rng(1))
    before = explained_variance(model, *trial)
    batches = iter(lambda: sequences(2, 64, rng), None)
    done = max(Learner(model).learn(batches, 300, lambda: explained_variance(model, *trial) > 0.9))
    assert before < 0.5
    assert explained_variance(model, *trial) > 0.9
    assert done % 50 == 0


def test_the_value_to_recall_is_the_marked_one():
    x, y = sequences(5, 7, np.random.default_rng(0))
    assert x.shape == (7, 6, 2)
    assert np.array_equal(x[:, 0, 0], y)
    assert (x[:, 0, 1] == 1).all()
    assert (x[:, 1:, 1] == 0).all()


def test_a_halt_keeps_what_was_measured():
    stop = threading.Event()
    found = memory(X, Y, units=2, updates=2, recall=[2], variants=FEW, listener=Heard(stop, after=3), stop=stop)
    assert found.reason == "stopped"
    assert len(found.recall) == 1
    assert "stopped before its end" in found.describe()
    stop.set()
    at_once = memory(X, Y, units=2, updates=2, recall=[2], variants=FEW, stop=stop)
    assert set(at_once.flow["state"]) == {"initial"}
    assert len(at_once.recall) == 0
    assert "nan" not in repr(at_once)


def test_an_interrupt_keeps_what_was_measured():
    class Interrupts(ProgressListener):
        def on_progress(self, _):
            raise KeyboardInterrupt

    found = memory(X, Y, units=2, updates=2, recall=[], variants=FEW, listener=Interrupts())
    assert found.reason == "interrupted"
    assert set(found.flow["state"]) == {"initial"}


def test_without_data_the_recall_task_takes_their_place():
    found = memory(units=2, updates=1, recall=[], variants=[Variant("rnn")])
    assert found.flow["distance"].max() == 100
    assert "value to recall" in found.data


def test_data_of_the_wrong_shape_are_refused():
    with pytest.raises(TraceError, match=r"\(3, 4\)"):
        memory(np.zeros((3, 4)), np.zeros(3))


def test_curves_and_recall_are_told_as_they_are_measured(small):
    found, heard = small
    assert (heard.plan.label, heard.plan.total) == ("measuring", 8)
    shares = [progress.share for progress in heard.heard]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    # The gradients read 10 steps, the recall tasks 3 and 5: the shares go by the length.
    assert shares[0] == pytest.approx((X.shape[1] + 20) / (2 * (X.shape[1] + 20) + 3 * (23 + 25)))
    first, *_ = heard.partial
    assert set(first.flow["network"]) == set(found.flow["network"])
    assert set(first.flow["state"]) == {"initial"}
    assert [len(partial.recall) for partial in heard.partial] == [0, 0, 0, 1, 2, 3, 4, 5, 6]
    assert "stopped" not in first.describe()
    assert heard.lines[0] == ""
    felt = found.reach["trained"]["rnn"]
    assert heard.lines[1] == f"rnn: gradient above 1 % for {felt:.0f} steps after training"
    assert re.fullmatch(r"rnn: \d+% recalled over 2 steps", heard.lines[3])


def test_recall_is_repeated_with_several_seeds_and_counts_those_that_succeed():
    study = memory(X, Y, units=4, updates=2, recall=[3], variants=(Variant("rnn"),), seeds=2, seed=5)
    assert study.recall["seed"].tolist() == [5, 5, 6, 6]
    assert study.seeds == 2
    explained = study.recall.loc[study.recall["network"] == "rnn", "explained"]
    assert study.table.loc["rnn", 3] == pytest.approx(explained.mean())
    alone = memory(X, Y, units=4, updates=2, recall=[3], variants=(Variant("rnn"),), seed=6)
    assert alone.table.loc["rnn", 3] == explained.iloc[1]
    study.recall["explained"] = -0.012
    assert dict(study.summary_table().rows)["recall: rnn"] == "3: 0%", "as the picture and the view say it"
    study.recall["success"] = [True, True, False, True]
    assert study.recalled[3].tolist() == [1, 2]
    assert "rnn over 3 (1 of 2 seeds) steps" in study.describe()
    texts = [text.get_text() for text in study.plot().axes[-1].texts]
    assert texts[0].endswith(", 1 of 2")


def test_the_expected_time_is_told_before_the_work_and_grows_with_it():
    def expected(**options):
        plans = []

        class Planned(ProgressListener):
            def on_work(self, plan):
                plans.append(plan.seconds)
                raise KeyboardInterrupt

        memory(X, Y, listener=Planned(), **options)
        return plans[0]

    assert 120 < expected() < 600
    assert 15 < expected(recall=distances_within(15)) < 60
    assert expected(recall=[10], updates=1000) == pytest.approx(2 * expected(recall=[10]) - 11)
    assert expected(recall=[10], units=512) > 10 * expected(recall=[10])


@pytest.mark.parametrize(("lookback", "distances"), [(5, (5,)), (10, (10,)), (15, (10,)), (60, (10, 20, 50))])
def test_a_run_asks_for_no_distance_beyond_its_lookback(lookback, distances):
    assert distances_within(lookback) == distances


def test_a_network_that_begins_anew_learns_as_a_fresh_one_to_the_bit():
    def batches():
        rng = np.random.default_rng(0)
        return iter(lambda: sequences(5, 16, rng), None)

    fresh = build(Variant("lstm", 1.0), 6, 2, 4, seed=1)
    start = fresh.get_weights()
    assert max(Learner(fresh).learn(batches(), 3)) == 3
    used = Learner(build(Variant("lstm", 1.0), 6, 2, 4, seed=0))
    assert max(used.learn(batches(), 4)) == 4
    used.begin(start)
    assert max(used.learn(batches(), 3)) == 3
    for one, other in zip(used.model.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
