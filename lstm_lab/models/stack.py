"""The network that a training asked for: the reference stack, a cell's text, layers, or a whole Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lstm_lab.errors import OptionError, StackError
from lstm_lab.models.backend import keras
from lstm_lab.models.build import build_forecaster, read_stack, reference_stack
from lstm_lab.models.stack_cell import SourcedLayer
from lstm_lab.options.training import STACK_OPTIONS

if TYPE_CHECKING:
    from lstm_lab.models.forecaster import Forecaster
    from lstm_lab.options import TrainOptions

__all__ = ["checked_stack", "forecaster_of", "refuse_unused_options"]


def checked_stack(stack: Any) -> Any:
    """Check a ``stack=``, and return None where there is none, text, or a list of layers.

    Raises
    ------
    StackError
        It is no stack: one line with how to write it.
    """
    if stack is None or (isinstance(stack, str) and not stack.strip()):
        return None
    if isinstance(stack, str):
        return stack
    if isinstance(stack, keras.Model):
        return [stack]
    if isinstance(stack, keras.Layer):
        kind = type(stack).__name__
        raise StackError(f"stack= takes a list of layers, got one {kind}; write stack=[{kind}(...), Dense(1)]")
    if isinstance(stack, type):
        raise StackError(f"stack= takes layers, got the class {stack.__name__}; write stack=[{stack.__name__}(...)]")
    if isinstance(getattr(stack, "model", None), keras.Model):
        raise StackError(f"stack= takes layers or a keras.Model, got a {type(stack).__name__}; write stack=run.model")
    if not isinstance(stack, Sequence):
        raise StackError(
            f"stack= takes layers in order, got {type(stack).__name__} {str(stack)[:40]!r}; write stack=[LSTM(32),"
            " Dense(1)]"
        )
    return list(stack)


def refuse_unused_options(stack: Any, options: TrainOptions) -> None:
    """Refuse options that were set and that nothing would use.

    Raises
    ------
    OptionError
        An option of the reference stack beside a stack, a forget bias beside trained layers, or a ``delta`` that the
        loss has none of.
    """
    options_set = options.model_fields_set
    beside = [name for name in STACK_OPTIONS if name in options_set]
    if stack is not None and beside:
        raise OptionError(
            f"{beside[0]}= describes the stack that is built where none is given, and here one is; leave {beside[0]}="
            " out, or change the layers"
        )
    if (
        isinstance(stack, list)
        and "forget_bias" in options_set
        and any(getattr(layer, "weights", ()) for layer in stack)
    ):
        raise OptionError(
            "forget_bias= is where new layers start, but the stack has layers with weights, which are kept; leave"
            " forget_bias= out"
        )
    if "delta" in options_set and options.loss != "huber":
        raise OptionError(
            f"delta= is Huber's, and loss {options.loss!r} has none; leave delta= out, or use loss='huber'"
        )


def forecaster_of(stack: Any, namespace: dict[str, Any] | None, options: TrainOptions, columns: int) -> Forecaster:
    """Build the network from a stack that `checked_stack` returned.

    Parameters
    ----------
    stack
        None for the reference stack, text, or layers; a trained model or layer is copied with its weights.
    namespace
        Where text is run.
    options
        Of the training.
    columns
        Columns of a window.

    Raises
    ------
    StackError
        The stack makes no network: the line, the reason, the remedy.
    """
    if stack is None:
        layers: Sequence[Any] = [
            SourcedLayer(layer, option="dense" if isinstance(layer, keras.layers.Dense) else "units")
            for layer in reference_stack(options)
        ]
    elif isinstance(stack, str):
        layers = read_stack(stack, {} if namespace is None else namespace)
    else:
        layers = stack
    return build_forecaster(
        layers,
        options.lookback,
        columns,
        forget_bias=options.forget_bias,
        seed=options.seed,
        supervise=options.supervise,
    )
