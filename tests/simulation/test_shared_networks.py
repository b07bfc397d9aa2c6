"""Runs of one architecture share what is compiled, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_lab.models.backend import keras
from lstm_lab.simulation import shared_networks
from lstm_lab.simulation.network import Network
from lstm_lab.simulation.shared_networks import SharedNetwork

WINDOWS = np.random.default_rng(1).normal(size=(2, 4, 2)).astype(np.float32)
SEEDS = np.zeros((1, 3, 2), np.int32)


@keras.saving.register_keras_serializable(package="tests")
class Own(keras.layers.Dense):
    """A layer whose name does not say what it does."""


@pytest.fixture(autouse=True)
def cache(monkeypatch):
    networks = shared_networks.KeptNetworks()
    monkeypatch.setattr(shared_networks, "_cache", networks)
    return networks


def model(seed: int, units: int = 3, head: type = keras.layers.Dense) -> keras.Model:
    cell = keras.layers.LSTM(units, kernel_initializer=keras.initializers.GlorotUniform(seed), name="cell")
    normalisation = keras.layers.BatchNormalization(name="normalisation")
    return keras.Sequential(
        [keras.Input((None, 2), name="window"), cell, normalisation, head(1, name="head")], name="network"
    )


def steps(shared: SharedNetwork) -> list[np.ndarray]:
    """Return the forecasts of three steps whose later rows are ones."""
    outputs = []

    def append(_: int, output: np.ndarray) -> np.ndarray:
        outputs.append(output)
        return np.ones((len(output), 2), np.float32)

    with shared.borrowed() as network:
        outputs.append(network.carry(WINDOWS, SEEDS, 1, append, fresh=False))
    return outputs


def by_keras(trained: keras.Model) -> list[np.ndarray]:
    ones = np.ones((2, 2, 2), np.float32)
    longer = np.concatenate([WINDOWS, ones], axis=1)
    return [np.asarray(trained(longer[:, : 4 + step]))[:, 0] for step in range(3)]


def test_each_run_forecasts_by_its_weights_and_one_network_is_compiled(cache):
    trained = [model(seed) for seed in (1, 2)]
    shared = [SharedNetwork(Network(each)) for each in trained]
    assert not shared[0].is_compiled("state")
    for number in (0, 1, 0):
        np.testing.assert_allclose(steps(shared[number]), by_keras(trained[number]), rtol=1e-5)
    assert [network.traces for network in cache.values()] == [1]
    assert shared[1].is_compiled("state")
    assert not shared[1].is_compiled("window")


def test_weights_that_change_later_are_those_that_forecast():
    trained = model(1)
    shared = SharedNetwork(Network(trained))
    before = steps(shared)
    rng = np.random.default_rng(3)
    trained.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in trained.get_weights()])
    np.testing.assert_allclose(steps(shared), by_keras(trained), rtol=1e-5)
    assert not np.allclose(before, by_keras(trained))


def test_two_at_a_time_have_a_network_each(cache):
    first, second = (SharedNetwork(Network(model(seed))) for seed in (1, 2))
    with first.borrowed() as network, second.borrowed() as other:
        assert network is not other
    assert len(cache) == 1


def test_a_layer_of_the_users_is_run_as_it_is(cache):
    own = Network(model(1, head=Own))
    with SharedNetwork(own).borrowed() as network:
        assert network is own
    assert not cache


def test_only_the_newest_are_kept(cache, monkeypatch):
    monkeypatch.setattr(shared_networks, "CACHE_SIZE", 2)
    for units in (2, 3, 4):
        with SharedNetwork(Network(model(1, units))).borrowed():
            pass
    assert [network.model.layers[0].units for network in cache.values()] == [3, 4]


def test_what_is_raised_gives_the_network_back(cache):
    shared = SharedNetwork(Network(model(1)))
    with pytest.raises(ZeroDivisionError), shared.borrowed():
        raise ZeroDivisionError
    assert len(cache) == 1
