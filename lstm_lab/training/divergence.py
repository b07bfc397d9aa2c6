"""Whether a training diverged, and the learning rate to try then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_lab.formatting import number

if TYPE_CHECKING:
    from lstm_lab.events import TrainingEnd
    from lstm_lab.options import TrainOptions

__all__ = ["NOT_FINITE", "divergence", "smaller_rate"]

NOT_FINITE = "the loss was no finite number"
"""How a message of a training that diverged begins."""
_USUAL_RATE = 0.001
"""Adam's own default."""
_FAR = 3.0
"""Loss, in standard deviations of the target, that no network has which learnt as little as the target's mean."""


def smaller_rate(rate: float) -> str:
    """Return the learning rate to try after one that was too large: a tenth, and at most Adam's default.

    Examples
    --------
    >>> smaller_rate(0.001), smaller_rate(1000.0)
    ('0.0001', '0.001')
    """
    return f"{min(rate / 10, _USUAL_RATE):g}"


def divergence(options: TrainOptions, end: TrainingEnd, loss: float, naive: float | None) -> str:
    """Say that a training diverged, what is kept of it, and what to do; empty where it did not."""
    far = naive is not None and loss > _FAR and loss > 10 * naive
    if not far and NOT_FINITE not in end.message:
        return ""
    remedy = f"train again with learning_rate={smaller_rate(options.learning_rate or _USUAL_RATE)}"
    if far and naive:
        return f"diverged: its loss is {number(loss / naive)} times the naive forecast's; {remedy}"
    return f"diverged after epoch {end.epochs}, epoch {end.best_epoch} is kept; {remedy}"
