"""The key of an architecture holds no value of a variable and no function of the user's."""

from __future__ import annotations

import pytest

from lstm_lab.models import architecture
from lstm_lab.models.architecture import architecture_key
from lstm_lab.models.backend import keras


def network(units: int = 3, seed: int = 1) -> keras.Model:
    cell = keras.layers.LSTM(units, kernel_initializer=keras.initializers.GlorotUniform(seed), name="cell")
    return keras.Sequential(
        [keras.Input((None, 2), name="window"), cell, keras.layers.Dense(1, name="head")], name="network"
    )


def test_networks_of_the_same_layers_have_one_key():
    assert architecture_key(network(seed=1)) == architecture_key(network(seed=2))
    assert architecture_key(network(3)) != architecture_key(network(4))


@pytest.mark.parametrize("own", [{"module": "builtins", "class_name": "function"}, {"class_name": "Lambda"}])
def test_a_configuration_with_a_function_of_the_user_s_is_no_key(own):
    with pytest.raises(TypeError):
        architecture._architecture({"layers": [{"module": "keras.layers", "config": {"activation": own}}]})
    config = {
        "module": "keras.layers",
        "config": {"seed": 3, "kernel_initializer": {"class_name": "Zeros"}, "units": 4},
    }
    assert architecture._architecture(config) == {"module": "keras.layers", "config": {"units": 4}}
