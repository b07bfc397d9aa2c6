"""What one gradient step learns from: the options of training that depend on the supervision, filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_lab.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lstm_lab.options import TrainOptions

__all__ = ["settled"]


def settled(options: TrainOptions) -> TrainOptions:
    """Fill in what was left open: stride, burn-in, batch and learning rate, by the supervision.

    Raises
    ------
    OptionError
        A burn-in that leaves no step of a window to learn from, or with one target a window.
    """
    blanks = {name: value for name, value in _defaults(options).items() if getattr(options, name) is None}
    if options.burn_in is not None:
        _check_burn_in(options.burn_in, options)
    return options.model_copy(update=blanks)


def _defaults(options: TrainOptions) -> Mapping[str, Any]:
    if options.supervise == "last":
        return {"stride": 1, "batch": 64, "learning_rate": 1e-3}
    lookback = options.lookback
    return {"stride": max(1, lookback // 2), "burn_in": lookback // 4, "batch": 16, "learning_rate": 3e-3}


def _check_burn_in(burn_in: int, options: TrainOptions) -> None:
    if options.supervise == "last":
        raise OptionError(
            f"burn_in belongs to supervise='every', got burn_in={burn_in} with supervise='last'; leave it out"
        )
    if burn_in >= options.lookback:
        raise OptionError(
            f"burn_in is shorter than the lookback of {options.lookback} rows, got {burn_in}; "
            f"for example burn_in={options.lookback // 4}"
        )
