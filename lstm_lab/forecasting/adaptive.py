"""Bands for a stream: the miss rate is steered towards its target, one observation at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["AdaptiveMissRate"]


@dataclass(frozen=True, slots=True)
class AdaptiveMissRate:
    """Adaptive conformal inference: a stream's miss rate, steered towards its target one observation at a time.

    ``alpha[t+1] = alpha[t] + gamma * (target - missed[t])``: a miss asks for a wider band, a hit for a slightly
    narrower one. Over t steps the share of misses differs from the target by at most
    ``(max(alpha[1], 1 - alpha[1]) + gamma) / (gamma t)``, whatever the stream does (Gibbs & Candès 2021, "Adaptive
    conformal inference under distribution shift", NeurIPS, proposition 4.1).

    Parameters
    ----------
    target
        Share of misses aimed at: 0.1 for an interval of 90.
    alpha
        Share of misses that the next band should have; may leave 0 to 1, see `level`.
    gamma
        Step size: a larger one follows a change sooner and varies more.

    Examples
    --------
    >>> stream = AdaptiveMissRate(target=0.1, alpha=0.1)
    >>> stream.after(missed=True).alpha < stream.alpha < stream.after(missed=False).alpha
    True
    """

    target: float
    alpha: float
    gamma: float = 0.01

    @property
    def level(self) -> float:
        """Nominal coverage that the next band should have, as a share: 1 means everything, 0 the median alone.

        No finite number of origins can give everything: use ``min(100 * level, calibration.widest)`` percent.
        """
        return min(1.0, max(0.0, 1 - self.alpha))

    def after(self, *, missed: bool) -> AdaptiveMissRate:
        """Return the state after one more observation."""
        return replace(self, alpha=self.alpha + self.gamma * (self.target - float(missed)))
