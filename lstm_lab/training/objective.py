"""Resolution of the training options whose defaults depend on the supervision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_lab.errors import OptionError, StackError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lstm_lab.options import TrainOptions

__all__ = ["resolved"]


def resolved(options: TrainOptions, refused: str | None = None) -> TrainOptions:
    """Fill in the defaults: the supervision from the layers; stride, burn-in, batch and learning rate from that.

    Parameters
    ----------
    options
        As the caller gave them.
    refused
        Why the layers cannot forecast at every step, in words; None if they can.

    Raises
    ------
    StackError
        ``supervise="every"``, and the layers cannot.
    OptionError
        A burn-in that leaves no step of a window to learn from, or with one target a window.
    """
    if options.supervise == "every" and refused is not None:
        raise StackError(f"supervise='every' needs a forecast at every step, but {refused}; use supervise='last'")
    every = options.supervise != "last" and refused is None
    if options.burn_in is not None:
        _check_burn_in(options.burn_in, options, refused, every=every)
    defaults = _defaults(options.lookback, every=every)
    blanks = {name: value for name, value in defaults.items() if getattr(options, name) is None}
    return options.model_copy(update={"supervise": "every" if every else "last", **blanks})


def _defaults(lookback: int, *, every: bool) -> Mapping[str, Any]:
    if not every:
        return {"stride": 1, "batch": 64, "learning_rate": 1e-3}
    return {"stride": max(1, lookback // 2), "burn_in": lookback // 4, "batch": 16, "learning_rate": 3e-3}


def _check_burn_in(burn_in: int, options: TrainOptions, refused: str | None, *, every: bool) -> None:
    if not every:
        why = "supervise='last'" if refused is None else refused
        raise OptionError(f"burn_in= needs a target at every step, got burn_in={burn_in}, but {why}; leave it out")
    if burn_in >= options.lookback:
        raise OptionError(
            f"burn_in= is shorter than the lookback of {options.lookback} rows, got {burn_in}; "
            f"for example burn_in={options.lookback // 4}"
        )
