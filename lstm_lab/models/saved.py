"""A network as the bytes of Keras' own file, written and read in safe mode."""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import RunError
from lstm_lab.models.archive_check import MAX_CONFIG_BYTES, check_archive, read_member
from lstm_lab.models.backend import keras, refuse_forked
from lstm_lab.models.keras_private import same_seed_names

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["model_from_bytes", "model_to_bytes"]


def model_to_bytes(model: Any) -> bytes:
    """Write a network, as `keras.Model.save` does."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        with warnings.catch_warnings():  # Keras reads TensorFlow's variables in a way that NumPy 2 deprecates
            warnings.filterwarnings("ignore", message="__array__ implementation", category=DeprecationWarning)
            model.save(file)
        return file.read_bytes()


@same_seed_names()
def model_from_bytes(content: bytes, source: str) -> Any:
    """Read a network in Keras' safe mode, which runs no code that came with the file.

    A layer class of the user's own is found where it was defined, in a notebook or a module, if that has been run or
    imported.

    Parameters
    ----------
    content
        What `model_to_bytes` gave.
    source
        Name of the file, for a message.

    Raises
    ------
    RunError
        A later Keras wrote it, or a class is not known here: one line with the remedy.
    """
    refuse_forked()
    try:
        check_archive(content)
        config = _described(content)[1]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.keras"
            file.write_bytes(content)
            return keras.models.load_model(file, compile=False, safe_mode=True, custom_objects=_own_classes(config))
    except Exception as refused:  # what a file of another version raises is of any kind
        written = _described(content)[0]
        if _numbers(written) > _numbers(keras.__version__):
            raise RunError(
                f"the network of {source} was saved with Keras {written}, here is {keras.__version__};"
                " pip install -U keras"
            ) from refused
        if isinstance(refused, TypeError | ValueError):
            reason = " ".join(str(refused).split())[:160]
            raise RunError(
                f"the network of {source} cannot be built here ({reason}); import the module with its layers first"
            ) from refused
        raise


def _described(content: bytes) -> tuple[str, Any]:
    """Read the version of Keras that wrote a file, and the configuration of the network."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        metadata = json.loads(read_member(archive, "metadata.json"))
        return str(metadata.get("keras_version", "0")), json.loads(
            read_member(archive, "config.json", MAX_CONFIG_BYTES)
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _own_classes(config: Any) -> dict[str, Any]:
    """Find the classes of a network that are not Keras', by the names that Keras looks for."""
    classes: dict[str, Any] = {}
    for module, name, registered in _classes(config):
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and issubclass(kind, keras.Layer):
            classes |= {name: kind, registered: kind}
    return classes


def _classes(config: Any) -> Iterator[tuple[str, str, str]]:
    """Walk through a configuration: (module, class, registered name) of what is not Keras' own."""
    if isinstance(config, dict):
        module, name, registered = (config.get(key) for key in ("module", "class_name", "registered_name"))
        if name and registered and not str(module).startswith("keras"):
            yield str(module or "__main__"), str(name), str(registered)  # Keras does not name the main module
        for value in config.values():
            yield from _classes(value)
    elif isinstance(config, list):
        for value in config:
            yield from _classes(value)
