"""Copies that keep compiled functions: same numbers, compiled once, never in place of what they would not compute."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.interpret import recording
from lstm_lab.interpret.trace import trace
from lstm_lab.models import compiled_copies
from lstm_lab.models.backend import keras, tf
from lstm_lab.models.compiled_copies import compiled_copy

L = keras.layers


class Doubled(L.Layer):
    """A layer of the user's."""

    def call(self, x):
        """Double."""
        return 2 * x


@pytest.fixture(autouse=True)
def copies(monkeypatch):
    """Begin without copies."""
    kept = compiled_copies.KeptNetworks()
    monkeypatch.setattr(compiled_copies, "_copies", kept)
    return kept


def network(*inside, seed=0, units=3, **options):
    """Build a network whose weights follow from a seed."""
    keras.utils.set_random_seed(seed)
    layers = [L.LSTM(units, name="lstm", **options), *inside, L.Dense(1, name="dense")]
    return keras.Sequential([keras.Input((6, 2), batch_size=1, name="input"), *layers], name="network")


def test_a_second_network_of_the_same_layers_is_traced_by_what_the_first_compiled(monkeypatch):
    first, second = network(seed=1), network(seed=2)
    x = np.random.default_rng(0).normal(size=(6, 2))
    earlier = trace(first, x)
    earlier_gradient, earlier_effect = earlier.connectivity.gradient, earlier.occlusion.step
    monkeypatch.setattr(tf, "function", None)  # nothing may be compiled from here on
    later = trace(second, x)
    np.testing.assert_allclose(later.output, second(x[None].astype(np.float32)), rtol=1e-6)
    assert later.layers[0].verified < 1e-6
    assert abs(later.connectivity.gradient - earlier_gradient).max() > 0.001
    assert abs(later.occlusion.step - earlier_effect).max() > 0.001
    with compiled_copy(first) as copy:
        assert copy is not first
        for weight, copied in zip(first.weights, copy.weights, strict=True):
            np.testing.assert_array_equal(weight, copied)


def test_a_call_names_the_layer_of_the_network_that_was_asked():
    asked = network()
    recorded = recording.record(asked, np.zeros((1, 6, 2), np.float32))
    assert [call.layer for call in recorded.calls] == [asked.layers[0]]


@pytest.mark.parametrize("what", ["own layer", "stateful", "replaced", "eager"])
def test_a_network_that_a_copy_might_not_compute_is_run_itself(what, copies):
    asked = network(*([Doubled()] if what == "own layer" else []), stateful=what == "stateful")
    if what == "replaced":
        asked.layers[1].call = asked.layers[1].call
    asked.run_eagerly = what == "eager"
    with compiled_copy(asked) as yielded:
        assert yielded is asked
    assert copies == {}


def test_a_copy_that_is_in_use_is_not_given_out_and_only_the_newest_are_kept(monkeypatch, copies):
    monkeypatch.setattr(compiled_copies, "CACHE_SIZE", 2)
    with compiled_copy(network()) as one, compiled_copy(network()) as other:
        assert one is not other
    for units in (4, 5):
        with compiled_copy(network(units=units)):
            pass
    assert [copy.layers[0].units for copy in copies.values()] == [4, 5]
