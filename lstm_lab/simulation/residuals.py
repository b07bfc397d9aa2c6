"""Noise of simulated futures: held-out one-step residuals, resampled.

Dropout says how unsure the network is of its own weights; it knows nothing of what no network could foresee. A
bootstrapped residual, added at each step before it is fed back, puts that in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lstm_lab.models.fused_lstm import fused_output
from lstm_lab.models.masking import padded_output

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.data.windows.origins import OriginSeries
    from lstm_lab.data.windows.windows import Windows

__all__ = ["DECAY", "Residuals", "hashed", "one_step", "with_later_errors"]

DECAY = 0.94
"""Weight of the past in the running variance, the RiskMetrics (1996) value for daily data."""

_VALUES = 3_000_000
"""Values of a plain call in the widest layer, 12 MB; a call holds several such arrays at a time."""


@dataclass(frozen=True)
class Residuals:
    """Held-out one-step residuals of a network, in standard deviations of its target.

    Attributes
    ----------
    values
        (n,) observed minus forecast, in the order of time.
    rows
        (n,) row number of each.
    scaled
        Whether a residual is drawn in units of the recent volatility, so that quiet and stormy days differ: filtered
        historical simulation, Barone-Adesi, Giannopoulos & Vosper (1999).
    drawn
        Only so many of the first are drawn again; the later ones say how volatile it was before a later origin. None:
        all.
    earlier
        (m,) errors over rows that training or stopping saw. They are not drawn, but the noise has the mean of all: that
        of a few held-out residuals is chance, and fed back at each of thirty steps it would move the median by thirty
        times itself.
    sizes
        (series,) in a panel, how large the residuals of each series are; `values` are then in units of that.
    before
        Rows of the series that are not there: noise follows from a row's number among all.
    """

    values: NDArray[np.float64]
    rows: NDArray[np.int64]
    scaled: bool = False
    drawn: int | None = None
    earlier: NDArray[np.float64] | None = None
    sizes: NDArray[np.float64] | None = None
    before: int = 0

    def volatility(self, decay: float = DECAY) -> NDArray[np.float64]:
        """Return the running standard deviation as known before each residual and after the last, (n + 1,).

        v_{t+1} = decay * v_t + (1 - decay) * e_t^2, started at the mean square of those that are drawn.
        """
        variance = np.empty(len(self.values) + 1)
        variance[0] = np.mean(self.values[: self.drawn] ** 2)
        for step, value in enumerate(self.values):
            variance[step + 1] = decay * variance[step] + (1 - decay) * value**2
        return np.sqrt(np.maximum(variance, np.finfo(np.float64).tiny))

    def shortened(self, later: int) -> Residuals:
        """Keep those that are drawn and the newest of the later ones: older errors no longer move the volatility."""
        first = len(self.values[: self.drawn])
        selection = np.r_[0:first, max(first, len(self.values) - later) : len(self.values)]
        return replace(self, values=self.values[selection], rows=self.rows[selection], drawn=first)

    def draw(
        self,
        rows: NDArray[np.int64],
        paths: int,
        horizon: int,
        seed: tuple[int, ...],
        series: OriginSeries | None = None,
    ) -> NDArray[np.float64]:
        """Draw noise for simulated futures.

        Parameters
        ----------
        rows
            (origins,) row number of each origin's first forecast step; an origin's noise follows from `seed` and its
            row alone, so it does not depend on which other origins are drawn with it.
        paths, horizon
            Size of the draw.
        seed
            Any number of integers.
        series
            In a panel, the series of each origin: noise then follows from `seed`, the id and the row in the series.

        Returns
        -------
        ndarray
            (origins, paths, horizon), in standard deviations of the target.
        """
        count = len(self.values[: self.drawn])
        values = self.values + self._shift(count)
        picks = self._picks(rows + self.before if series is None else series.row, count, (paths, horizon), seed, series)
        if series is not None and self.sizes is not None:
            return np.asarray(values[picks] * self.sizes[series.number, None, None])
        if not self.scaled:
            return values[picks]
        running = self.volatility()
        shocks = (values / running[:-1])[picks]
        start = running[np.searchsorted(self.rows, rows)]
        return _filtered(shocks, start)

    @staticmethod
    def _picks(
        rows: NDArray[np.int64],
        count: int,
        shape: tuple[int, int],
        seed: tuple[int, ...],
        series: OriginSeries | None,
    ) -> NDArray[np.int64]:
        """Draw which residuals are added, (origins, paths, horizon)."""
        hashes = np.zeros(len(rows), dtype=np.uint64) if series is None else series.key
        picks = np.empty((len(rows), *shape), dtype=np.int64)
        for origin in np.flatnonzero(hashes == 0):
            rng = np.random.default_rng([*seed, int(rows[origin])])
            picks[origin] = rng.integers(0, count, shape)
        by_id = hashes != 0
        if by_id.any():
            picks[by_id] = _hashed_picks(rows[by_id], hashes[by_id], count, shape, seed)
        return picks

    def _shift(self, count: int) -> float:
        """Compute how far the mean of all errors lies above that of the resampled ones."""
        if self.earlier is None:
            return 0.0
        resampled = self.values[:count]
        return float(np.concatenate([self.earlier, resampled]).mean() - resampled.mean())


def hashed(number: NDArray[np.uint64], *more: Any) -> NDArray[np.uint64]:
    """Mix whole numbers to ones that look random, the finaliser of SplitMix64 (Steele, Lea & Flood 2014)."""
    mixed = number
    for part in (np.uint64(0), *more):
        with np.errstate(over="ignore"):
            mixed = (mixed ^ part) + np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed


def _hashed_picks(
    rows: NDArray[np.int64], keys: NDArray[np.uint64], count: int, shape: tuple[int, int], seed: tuple[int, ...]
) -> NDArray[np.int64]:
    """Draw for many series in one pass: id, row and place decide what is drawn, not what is drawn beside it."""
    start = hashed(keys, rows.astype(np.uint64), *(np.uint64(part) for part in seed))
    number = np.arange(shape[0] * shape[1], dtype=np.uint64).reshape(shape)
    # The upper half of the bits times the count, shifted back: a share of the count, without a division.
    share = hashed(np.broadcast_to(number, (len(rows), *shape)), start[:, None, None]) >> np.uint64(32)
    return np.asarray((share * np.uint64(count)) >> np.uint64(32), dtype=np.int64)


def with_later_errors(residuals: Residuals, model: Any, dataset: Dataset) -> Residuals:
    """Append the errors up to later origins, for the volatility there; these errors are not resampled.

    Parameters
    ----------
    residuals
        Of rows that every origin knows.
    model
        The network that they are of.
    dataset
        The series that the origins lie in, with the same row numbers.

    Returns
    -------
    Residuals
        The same where nothing depends on the volatility.
    """
    if not residuals.scaled:
        return residuals
    windows = dataset.windows
    later = np.flatnonzero(windows.target_rows > residuals.rows[-1])
    if len(later) == 0:
        return residuals
    errors = windows.targets(later) - one_step(model, windows, later)
    values, rows = (
        np.concatenate([residuals.values, errors]),
        np.concatenate([residuals.rows, windows.target_rows[later]]),
    )
    return replace(residuals, values=values, rows=rows, drawn=len(residuals.values[: residuals.drawn]))


def one_step(
    model: Any, windows: Windows, selection: NDArray[np.int64], batch: int | None = None
) -> NDArray[np.float64]:
    """Forecast the target of some windows with dropout off, (k,) in standard deviations.

    A plain call per batch, for `Model.predict` compiles anew for every model, and warns after a few; and batches as
    large as `_VALUES` allows, for each call pays for every step of the lookback again.
    """
    if batch is None:
        batch = min(max(_VALUES // _values_of_window(model, windows.lookback), 64), 2048)
    parts = [selection[start : start + batch] for start in range(0, len(selection), batch)]
    outputs = [np.asarray(_output(model, windows, part), dtype=np.float64)[:, 0] for part in parts]
    return np.concatenate(outputs)


def _values_of_window(model: Any, lookback: int) -> int:
    """Count the values of a window in the widest matrix product of a network, or in its attention.

    Attention has three such arrays at a time: the scores, those with later steps masked, and their softmax.
    """
    widths = [int(weight.shape[-1]) for weight in model.weights if weight.shape]
    heads = [getattr(layer, "heads", getattr(layer, "num_heads", 0)) for layer in model.layers]
    return lookback * max([1, *widths, *(3 * lookback * count for count in heads)])


def _output(model: Any, windows: Windows, selection: NDArray[np.int64]) -> Any:
    """Run the network on some windows, telling it of padding where there is any."""
    inputs, lengths = windows.inputs(selection), windows.known_lengths
    if lengths is None:
        return fused_output(model, inputs)
    return padded_output(model, inputs, lengths[selection])


def _filtered(shocks: NDArray[np.float64], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let each path's volatility follow its own shocks, (origins, paths, horizon) and (origins,)."""
    noise = np.empty_like(shocks)
    variance = np.broadcast_to(start[:, None] ** 2, shocks.shape[:2]).copy()
    for step in range(shocks.shape[-1]):
        noise[..., step] = np.sqrt(variance) * shocks[..., step]
        variance = DECAY * variance + (1 - DECAY) * noise[..., step] ** 2
    return noise
