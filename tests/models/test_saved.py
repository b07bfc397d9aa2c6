"""A network in bytes: what an earlier or later Keras wrote, and layers of the user's own."""

from __future__ import annotations

import io
import json
import sys
import zipfile

import numpy as np
import pytest

from lstm_lab.errors import RunError
from lstm_lab.models.backend import keras
from lstm_lab.models.saved import model_from_bytes, model_to_bytes

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own, in saving


class Newest(keras.Layer):
    """A layer that nobody registered."""

    def call(self, x):
        return x[:, -1]


def rewritten(content, *, version, config=lambda text: text):
    """Write a file as another Keras would have."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "metadata.json":
                data = json.dumps(json.loads(data) | {"keras_version": version}).encode()
            if name == "config.json":
                data = config(data.decode()).encode()
            new.writestr(name, data)
    return out.getvalue()


@pytest.fixture(scope="module")
def model():
    inputs = keras.Input((5, 2))
    return keras.Model(inputs, keras.layers.Dense(1)(Newest()(inputs)))


def test_a_layer_of_the_users_own_is_found_where_it_was_defined(model):
    x = np.ones((2, 5, 2), np.float32)
    loaded = model_from_bytes(model_to_bytes(model), "x.lstm")
    np.testing.assert_array_equal(loaded(x), model(x))


def test_a_layer_that_is_not_defined_here_is_named(model, monkeypatch):
    content = model_to_bytes(model)
    monkeypatch.delattr(sys.modules[__name__], "Newest")
    with pytest.raises(RunError, match=r"Newest', which is not known here; import or register it"):
        model_from_bytes(content, "x.lstm")


def test_a_file_of_a_later_keras_says_so(model):
    later = rewritten(
        model_to_bytes(model), version="99.1.0", config=lambda text: text.replace('"Dense"', '"DenserThanEver"')
    )
    with pytest.raises(RunError) as refused:
        model_from_bytes(later, "x.lstm")
    assert str(refused.value) == (
        f"the network of x.lstm was saved with Keras 99.1.0, here is {keras.__version__}; pip install -U keras"
    )


def test_a_file_of_a_later_keras_that_can_be_read_is_read(model):
    assert model_from_bytes(rewritten(model_to_bytes(model), version="99.1.0"), "x").count_params() == 3
