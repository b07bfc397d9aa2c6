"""Crafted ``.keras`` archives are refused before Keras builds anything, and honest ones are not."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

from lstm_lab.errors import RunError
from lstm_lab.models.archive_check import check_archive, check_config, check_weights, read_member
from lstm_lab.models.backend import keras


@keras.saving.register_keras_serializable("archive_check")
class Doubled(keras.layers.Layer):
    """A layer of a user's own."""

    def call(self, x):
        return 2 * x


class Tripled(keras.layers.Layer):
    """A layer that is imported, but not registered."""

    def call(self, x):
        return 3 * x


def archive_of(model, tmp_path):
    path = tmp_path / "model.keras"
    model.save(path)
    return path.read_bytes()


def layers():
    return keras.layers


HONEST = {
    "recurrent": lambda: [layers().LSTM(2, return_sequences=True), layers().GRU(2, dropout=0.1), layers().Dense(1)],
    "wrapped": lambda: [layers().Bidirectional(layers().LSTM(2)), layers().LayerNormalization(), layers().Dense(1)],
    "regularised": lambda: [
        layers().LSTM(2, kernel_regularizer="l2", kernel_constraint=keras.constraints.MaxNorm(2.0)),
        layers().Dense(1, activation="tanh", kernel_initializer=keras.initializers.RandomNormal(seed=1)),
    ],
    "of the user": lambda: [layers().LSTM(2), Doubled(), layers().Dense(1)],
}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", HONEST)
def test_honest_networks_pass(name, tmp_path):
    model = keras.Sequential([keras.Input((4, 1)), *HONEST[name]()])
    model.compile("adam", "huber", metrics=["mae"])
    check_archive(archive_of(model, tmp_path))


def described(**changes):
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": None}
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"layers": [{**layer, **changes}]},
        "registered_name": None,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"module": "os", "class_name": "system"}, "holds 'os.system', which is not known here"),
        ({"module": "builtins", "class_name": "eval"}, "holds 'builtins.eval', which is not known"),
        ({"module": "shutil", "class_name": "rmtree"}, "'shutil.rmtree'"),
        ({"module": "keras.src.utils.file_utils", "class_name": "get_file"}, "get_file"),
        ({"module": "keras.utils", "class_name": "get_file"}, "get_file"),
        ({"module": "keras.models", "class_name": "load_model"}, "load_model"),
        ({"class_name": "Lambda"}, "a layer Lambda runs code that is stored in the file"),
        ({"class_name": "TFSMLayer"}, "TFSMLayer runs a model of another file"),
        ({"class_name": "StringLookup"}, "StringLookup reads a vocabulary from another file"),
        ({"class_name": "TextVectorization"}, "reads a vocabulary"),
        ({"module": None, "class_name": "__lambda__"}, "holds '__lambda__'"),
        ({"module": None, "class_name": "__typespec__"}, "holds '__typespec__'"),
        ({"class_name": 7}, "names classes and modules as text"),
        ({"class_name": "Dense", "module": ["os"]}, "names classes and modules as text"),
        ({"config": {"kernel_initializer": {"module": "os", "class_name": "getcwd", "config": {}}}}, "'os.getcwd'"),
        ({"config": {"activation": {"module": "builtins", "class_name": "function", "config": "exec"}}}, "function"),
    ],
)
def test_what_is_no_layer_is_refused_in_one_line(changes, message):
    with pytest.raises(RunError, match=message) as refused:
        check_config(described(**changes))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("config", [None, [], 3, "Dense", {}, {"config": {}}])
def test_a_description_that_is_none_is_refused(config):
    with pytest.raises(RunError, match="described by an object with a class_name"):
        check_config(config)


def test_a_layer_that_is_imported_passes_and_one_that_is_not_does_not():
    check_config(described(module=__name__, class_name="Tripled"))
    with pytest.raises(RunError, match=r"never_imported.Layer', which is not known here; import or register it"):
        check_config(described(module="never_imported", class_name="Layer"))


def test_nesting_and_size_are_bounded():
    deep = described()
    for _ in range(50_000):
        deep = {"module": "keras", "class_name": "Sequential", "config": {"layers": [deep]}}
    check_config(deep)  # no recursion, whatever the depth
    with pytest.raises(RunError, match="at most 1,000,000 values"):
        check_config(described(config={"units": [0] * 1_000_001}))


def weights(build):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        build(file)
    return content.getvalue()


def test_weights_hold_no_links_and_no_values_of_other_files(tmp_path):
    check_weights(weights(lambda file: file.create_dataset("layers/dense/vars/0", data=np.ones(3))))
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"12345678")

    def external_link(file):
        file["a"] = h5py.ExternalLink("/etc/passwd", "/")

    def soft_link(file):
        file["a"] = h5py.SoftLink("/b")

    def external_data(file):
        file.create_dataset("a", (1,), dtype="f8", external=[(str(secret), 0, 8)])

    for build in (external_link, soft_link, external_data):
        with pytest.raises(RunError, match="load only"):
            check_weights(weights(build))
    with pytest.raises(RunError, match="are damaged"):
        check_weights(b"no hdf5")


def zipped(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            archive.writestr(name.replace("__", "."), value)
    return content.getvalue()


def test_an_archive_has_the_members_of_a_saved_network_alone():
    config = json.dumps(described())
    with pytest.raises(RunError, match=r"alone, got \['assets/x'\]"):
        check_archive(zipped(**{"config.json": config, "assets/x": "1"}))


def test_a_member_that_unpacks_to_a_bomb_is_refused_before_it_is_unpacked():
    bomb = zipped(**{"config.json": b"0" * 80_000_000})
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive, pytest.raises(RunError, match="unpacks to at most"):
        read_member(archive, "config.json")
    with zipfile.ZipFile(io.BytesIO(zipped(a=b"12345"))) as archive, pytest.raises(RunError, match="at most 3 bytes"):
        read_member(archive, "a", 3)
