"""Check of a ``.keras`` archive before Keras builds it: known classes only, no links out of the weights, bounded sizes.

Keras' safe mode refuses code that is stored in a file, but a configuration may also name any importable object, a
vocabulary file or a layer that runs another library's model, and HDF5 may link to other files. What can be told from
the archive alone is told here, before Keras sees it.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from typing import IO, Any

import h5py

from lstm_lab.errors import RunError
from lstm_lab.models.backend import keras

__all__ = [
    "MAX_BYTES",
    "MAX_CONFIG_BYTES",
    "check_archive",
    "check_config",
    "check_member",
    "check_weights",
    "copy_member",
    "read_member",
]

MAX_BYTES = 2 * 1024**3
"""Bytes that a member of an archive may have when it is unpacked."""
_FREE_BYTES = 64 * 1024**2
_MAX_RATIO = 200
"""Unpacked bytes per packed byte, beyond `_FREE_BYTES`: weights and JSON pack 1 to 20 times, a bomb 1,000 times."""
_PIECE = 1 << 20
MAX_CONFIG_BYTES = 64 * 1024**2
"""Bytes that the description of a network may have."""
_MAX_OBJECTS = 1_000_000
_MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}
_REFUSED = {
    "Lambda": "runs code that is stored in the file",
    "TFSMLayer": "runs a model of another file",
    "TorchModuleWrapper": "runs pickled code",
    "JaxLayer": "runs stored code",
    "FlaxLayer": "runs stored code",
    "StringLookup": "reads a vocabulary from another file",
    "IntegerLookup": "reads a vocabulary from another file",
    "TextVectorization": "reads a vocabulary from another file",
}
_VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__slice__", "__ellipsis__", "__complex__"}
"""Marks of plain values in a configuration of Keras."""


def read_member(archive: zipfile.ZipFile, name: str, limit: int = MAX_BYTES) -> bytes:
    """Read a member of a zip file, or refuse one that unpacks to far more than it packs.

    Parameters
    ----------
    archive
        The open file.
    name
        Of the member.
    limit
        Bytes that it may have.

    Raises
    ------
    RunError
        It is too large, packed too well, or encrypted.
    KeyError
        There is none.
    """
    content = io.BytesIO()
    copy_member(archive, name, content, limit)
    return content.getvalue()


def copy_member(archive: zipfile.ZipFile, name: str, target: IO[bytes], limit: int = MAX_BYTES) -> None:
    """Unpack a member of a zip file into an open file, piece by piece, see `read_member`."""
    member, size = check_member(archive, name, limit), 0
    with archive.open(member) as file:
        while size <= limit and (piece := file.read(_PIECE)):
            target.write(piece)
            size += len(piece)
    if size != member.file_size:
        raise RunError(f"{name} holds {size:,} bytes, not the {member.file_size:,} that it declares")


def check_member(archive: zipfile.ZipFile, name: str, limit: int = MAX_BYTES) -> zipfile.ZipInfo:
    """Find a member of a zip file without unpacking it, or refuse it by the sizes it declares, see `read_member`."""
    member = archive.getinfo(name)
    if member.flag_bits & 1:
        raise RunError(f"{name} is encrypted, and a run never is; save the run anew")
    bomb = member.file_size > max(_FREE_BYTES, _MAX_RATIO * member.compress_size)
    if member.file_size > limit or bomb:
        raise RunError(
            f"{name} unpacks to at most {limit:,} bytes and {_MAX_RATIO} times its size, got {member.file_size:,} bytes"
            f" from {member.compress_size:,}; load only files that you trust"
        )
    return member


def check_archive(content: bytes) -> None:
    """Refuse a ``.keras`` archive that could do more than describe a network of known layers.

    Parameters
    ----------
    content
        The file's bytes.

    Raises
    ------
    RunError
        A member, class, link or size that a saved network never has: one line.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        extra = sorted(set(names) - _MEMBERS)
        if extra or len(names) != len(set(names)):
            raise RunError(
                f"a saved network has the members {', '.join(sorted(_MEMBERS))} alone, got {extra[:3] or names}"
            )
        config = json.loads(read_member(archive, "config.json", MAX_CONFIG_BYTES))
        check_config(config)
        check_weights(read_member(archive, "model.weights.h5"))


def check_config(config: Any) -> None:
    """Refuse a configuration with an object that is neither Keras' own, nor registered, nor imported by the user.

    Parameters
    ----------
    config
        What ``config.json`` holds.

    Raises
    ------
    RunError
        The first object that may not be built: its name and the remedy.
    """
    if not isinstance(config, dict) or "class_name" not in config:
        raise RunError(f"a saved network is described by an object with a class_name, got {type(config).__name__}")
    waiting: list[Any] = [config]
    count = 0
    while waiting:
        value = waiting.pop()
        count += 1
        if count > _MAX_OBJECTS:
            raise RunError(
                f"a network's description has at most {_MAX_OBJECTS:,} values; load only files that you trust"
            )
        if isinstance(value, dict):
            if "class_name" in value:
                _check_object(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _check_object(description: dict[str, Any]) -> None:
    """Check one serialised object: its class must be known here already, for nothing is imported on a file's behalf."""
    name, module, registered = (description.get(key) for key in ("class_name", "module", "registered_name"))
    if not isinstance(name, str) or not isinstance(module, str | None) or not isinstance(registered, str | None):
        raise RunError(f"a network's description names classes and modules as text, got {name!r:.60} in {module!r:.60}")
    if name in _REFUSED:
        raise RunError(f"a layer {name} {_REFUSED[name]}, so a run with it is not loaded; rebuild it with other layers")
    if name in _VALUES and module is None:
        return
    custom = keras.saving.get_custom_objects()
    if any(key in custom for key in (registered, name) if key is not None):
        return
    if module is not None and (module == "keras" or module.startswith("keras.")) and _is_keras_class(name):
        return
    known = getattr(sys.modules.get(module or "__main__"), name, None)  # Keras does not name the main module
    if isinstance(known, type) and issubclass(known, _kinds()):
        return
    # Arithmetic of a functional model, as in x[:, -1] * 2: each is a class of Keras' own that computes a tensor.
    if (module or "").startswith("keras.src.ops.") and isinstance(known, type) and issubclass(known, keras.Operation):
        return
    path = f"{module}.{name}" if module else name
    raise RunError(f"the network holds {path!r:.120}, which is not known here; import or register it before loading")


def _is_keras_class(name: str) -> bool:
    """Return whether Keras has a layer, model, initialiser, ... of this name."""
    namespaces = (
        *(keras.layers, keras.initializers, keras.regularizers, keras.constraints, keras.dtype_policies),
        *(keras.losses, keras.metrics, keras.optimizers, keras.random, keras),
    )
    known = next((value for space in namespaces if (value := getattr(space, name, None)) is not None), None)
    return name == "Functional" or (isinstance(known, type) and issubclass(known, _kinds()))


def _kinds() -> tuple[type, ...]:
    """Return the base classes of the objects that a configuration may hold."""
    return (
        keras.Layer,
        keras.initializers.Initializer,
        keras.regularizers.Regularizer,
        keras.constraints.Constraint,
        keras.dtype_policies.DTypePolicy,
        keras.random.SeedGenerator,
        keras.losses.Loss,
        keras.metrics.Metric,
        keras.optimizers.Optimizer,
    )


def check_weights(content: bytes) -> None:
    """Refuse an HDF5 file that links to, or keeps its values in, another file.

    Parameters
    ----------
    content
        The file's bytes.

    Raises
    ------
    RunError
        A link or an external dataset, or a file that is no HDF5.
    """
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            _check_group(file)
    except RunError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError) as broken:
        raise RunError(f"the weights of the network are damaged ({type(broken).__name__}); save it anew") from broken


def _check_group(group: Any) -> None:
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise RunError(
                f"weights lie in their own file, but {name!r:.60} is a link to another; load only trusted files"
            )
        entry = group[name]
        if isinstance(entry, h5py.Group):
            _check_group(entry)
        elif entry.external or entry.is_virtual:
            raise RunError(
                f"weights lie in their own file, but {name!r:.60} is kept in another; load only trusted files"
            )
