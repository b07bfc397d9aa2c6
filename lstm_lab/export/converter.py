"""A step of a forecaster as a LiteRT file, at the precision that is asked for.

What each precision is for was tried out, with TensorFlow Lite Micro's own interpreter beside LiteRT's:

========  ============================  ==========================  ===========================================
quantize  weights                       arithmetic                  runs on
========  ============================  ==========================  ===========================================
none      float32                       float32                     both
float16   float16                       float32                     LiteRT (Micro has no kernel that widens it)
dynamic   int8 where 1,024 or more      float32 between int8        LiteRT (Micro refuses such mixtures)
          stand together                products
int8      int8                          int8                        both
int16x8   int8                          int16                       both
========  ============================  ==========================  ===========================================

In the two integer kinds the ranges are those that every tensor had while training windows were read row by row; inputs
and outputs stay float32, so that all kinds are driven by the same loop. A recurrent state goes round once a row, and
with it goes its rounding: that is why int16 is offered beside int8.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import ExportError
from lstm_lab.export.litert_file import labelled
from lstm_lab.models.backend import tf, without_chatter

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from lstm_lab.export.step import Step

__all__ = ["INTEGER", "convert"]

INTEGER = ("int8", "int16x8")
"""Precisions that must know the range of every tensor."""


def convert(step: Step, quantize: str, windows: NDArray[np.float32]) -> bytes:
    """Write a step as a LiteRT file.

    Parameters
    ----------
    step
        Of the trained network.
    quantize
        ``none``, ``float16``, ``dynamic``, ``int8`` or ``int16x8``.
    windows
        (windows, lookback, columns) training windows, whose ranges the integer kinds take over.

    Returns
    -------
    bytes
        With named inputs and outputs, in the order of `Step.concrete`, and the signature ``step``.

    Raises
    ------
    ExportError
        The converter knows no operator of LiteRT's own for something in the network.
    """
    converter = tf.lite.TFLiteConverter.from_concrete_functions([step.concrete()], tf.Module())
    _set_precision(converter, quantize)
    if quantize in INTEGER:
        converter.representative_dataset = lambda: _samples(step, windows)
    with without_chatter(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the range of quantised inputs, which are float32 here
        try:
            content = converter.convert()
        except Exception as refused:  # its errors are of many kinds, and all mean the same
            reason = next((line for line in str(refused).splitlines() if line.strip()), type(refused).__name__)
            raise ExportError(
                f"an export has LiteRT's own operators, but its converter says: {reason.strip()}; use quantize='none',"
                " or layers and activations of Keras"
            ) from refused
    names = [state.name for state in step.states]
    return labelled(content, ["row", *names], ["forecast", *(state.successor for state in step.states)])


def _set_precision(converter: Any, quantize: str) -> None:
    kinds = tf.lite.OpsSet
    if quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantize == "int8":
        converter.target_spec.supported_ops = [kinds.TFLITE_BUILTINS_INT8]
    if quantize == "int16x8":
        # What has no such kernel, as the negation in a normalisation, stays float32 between two conversions.
        integers = kinds.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.target_spec.supported_ops = [integers, kinds.TFLITE_BUILTINS]


def _samples(step: Step, windows: NDArray[np.float32]) -> Iterator[list[NDArray[np.float32]]]:
    """Return what the step reads, (1, size) each, row by row and window by window."""
    for inputs, _ in step.walk(windows):
        for row in range(len(windows)):
            yield [each[row : row + 1] for each in inputs]
