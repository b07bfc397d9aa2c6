"""What stands in a LiteRT file (``.tflite``, a FlatBuffer): names that can be read, operators, products.

TensorFlow's converter calls the outputs ``Identity_3`` and leaves it open which of them belongs to which input. The
file is therefore taken apart, its tensors are named, a signature is added, and it is put together again, with every
array at a multiple of 16 bytes as the format asks (Python's FlatBuffers do not see to that by themselves).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FileContents", "contents", "labelled"]

SIGNATURE = "step"
ALIGNMENT = 16


@dataclass(frozen=True, slots=True)
class FileContents:
    """What a file makes a device do."""

    operators: Mapping[str, int]
    """How often each operator stands in it, by its name in the LiteRT schema, the most frequent first."""
    multiply_adds: int
    """Products that are summed, in the matrices; element by element there are a few more."""


def labelled(content: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """Set the names of a file's inputs and outputs, in their order, and add the signature ``step`` with them."""
    schema = _schema()
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]

    def named(tensors: Sequence[int], names: Sequence[str]) -> list[Any]:
        maps = []
        for tensor, name in zip(tensors, names, strict=True):
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name.encode(), tensor
            graph.tensors[tensor].name = name.encode()
            maps.append(entry)
        return maps

    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = SIGNATURE.encode(), 0
    signature.inputs, signature.outputs = named(graph.inputs, inputs), named(graph.outputs, outputs)
    model.signatureDefs = [signature]
    return _packed(model, schema)


def contents(content: bytes) -> FileContents:
    """Read what a file makes a device do.

    Raises
    ------
    ExportError
        It has an operator that is none of LiteRT's own, or more than one graph, as a loop has.
    """
    schema = _schema()
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    graph = model.subgraphs[0]
    operators = [names[model.operatorCodes[operator.opcodeIndex].builtinCode] for operator in graph.operators]
    foreign = "CUSTOM" in operators or len(model.subgraphs) > 1
    if foreign:
        raise ExportError(
            f"an export has LiteRT's own operators and one graph, but this network becomes {', '.join(operators)} in"
            f" {len(model.subgraphs)} graphs; use layers and activations of Keras"
        )
    products = sum(_products(graph, operator, name) for operator, name in zip(graph.operators, operators, strict=True))
    return FileContents(dict(Counter(operators).most_common()), products)


def _packed(model: Any, schema: Any) -> bytes:
    """Write a file, arrays of bytes at multiples of 16 bytes, as ``force_align: 16`` in the schema asks."""

    class Builder(schema.flatbuffers.Builder):  # type: ignore[misc]  # it comes with that module, without types
        def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803 - its names
            return super().StartVector(elemSize, numElems, ALIGNMENT if elemSize == 1 else alignment)

    builder = Builder(len(model.buffers))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _products(graph: Any, operator: Any, name: str) -> int:
    """Count the multiply-adds of a matrix product; 0 for any other operator."""
    if name == "FULLY_CONNECTED":  # weights are (outputs, inputs)
        return math.prod(int(size) for size in graph.tensors[operator.inputs[1]].shape)
    if name == "BATCH_MATMUL":
        left, out = (graph.tensors[tensor].shape for tensor in (operator.inputs[0], operator.outputs[0]))
        return int(left[-1]) * math.prod(int(size) for size in out)
    return 0


def _schema() -> Any:
    """Import TensorFlow's reader and writer of the format, which is large and needed here alone."""
    return import_module("tensorflow.lite.python.schema_py_generated")
