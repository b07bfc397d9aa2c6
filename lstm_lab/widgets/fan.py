"""`FanChart`: a forecast's band as paths are drawn, single paths, the chance of exceeding a level, hits and misses."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import pandas as pd
import traitlets

from lstm_lab.errors import LabError
from lstm_lab.events import SamplingListener
from lstm_lab.forecasting.forecast import Forecast, Kind
from lstm_lab.forecasting.reveal import Reveal
from lstm_lab.results import views
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.base import LabWidget

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from lstm_lab.events import Chunk, SamplingEnd, SamplingPlan

__all__ = ["FanChart", "FanListener", "MorePaths", "RevealChart", "recent_rows", "sampling_view"]

KEPT_PATHS = 1000
KEPT_BYTES = 400_000
"""Most paths that the page holds, for single paths and the chance of exceeding a level; quantiles are of all paths."""
PAUSE = 20
"""Quantiles of very many paths take a while: at least this many times as long passes before they are computed again."""


def recent_rows(horizon: int) -> int:
    """Return the rows of history that stand before a forecast."""
    return max(60, min(3 * horizon, 400))


def drawn_levels(edges: tuple[float, float]) -> tuple[float, ...]:
    """Return the five quantiles that a fan draws: the band's edges, the middle half's, and the median."""
    low, high = edges
    return low, 0.25, 0.5, 0.75, high


class MorePaths(Protocol):
    """Callback that forecasts again with more paths; the button "Add 200 paths" calls it."""

    def __call__(self, paths: int, listener: SamplingListener) -> Forecast:
        """Forecast with `paths` paths in all, of which the first are the present ones; report to the listener."""


@views.register(Forecast)
class FanChart(LabWidget):
    """The live view of a forecast.

    Parameters
    ----------
    forecast
        A finished forecast; None for one that is about to be sampled.
    actual
        Actual values by time; missing times are left out.
    stop
        Set by the Stop button; None shows no button.
    more
        Draws further paths; None shows no such button.
    """

    _view = traitlets.Unicode("fan").tag(sync=True)

    def __init__(
        self,
        forecast: Forecast | None = None,
        *,
        actual: pd.Series[float] | None = None,
        stop: threading.Event | None = None,
        more: MorePaths | None = None,
        **traits: Any,
    ) -> None:
        self._stop = stop
        self._more = more
        self._added: Callable[[], None] | None = None
        self._actual = actual
        self._forecast = forecast
        self._chunks: list[np.ndarray] = []
        self._plan: SamplingPlan | None = None
        self._began = time.monotonic()
        self._ready = -float("inf")
        name = "Forecast" if forecast is None else f"Forecast of {forecast.target}"
        super().__init__(forecast, **{"label": name, **traits})

    def fill(self) -> None:
        """Put a finished forecast on the wire."""
        if self._forecast is not None:
            self.show(self._forecast)

    def on_message(self, kind: str, content: dict[str, Any]) -> None:
        """Set the Stop flag, or draw further paths."""
        if kind == "stop" and self._stop is not None:
            self._stop.set()
        elif kind == "more":
            self.add(int(content.get("count", 200)))

    def saved_arrays(self, share: float) -> dict[str, np.ndarray]:
        """Return all arrays, of the single paths only a share; the quantiles are of all paths."""
        arrays = self.wire.arrays()
        if "paths" in arrays:
            arrays["paths"] = arrays["paths"][: math.ceil(share * len(arrays["paths"]))]
        return arrays

    def allow_more(self, more: MorePaths, added: Callable[[], None] | None = None) -> None:
        """Offer "Add 200 paths" from now on.

        Parameters
        ----------
        more
            Draws them.
        added
            Called when they are there.
        """
        self._more = more
        self._added = added
        self.wire.set(can_add=True)
        self.wire.flush(final=True)

    def add(self, count: int) -> None:
        """Draw further paths with the callback given on construction.

        Raises
        ------
        LabError
            There is no such callback, or the forecast itself fails.
        """
        if self._more is None:
            raise LabError("this chart was made without a way to draw more paths; forecast again with more paths")
        if self._stop is not None:
            self._stop.clear()
        self.error = ""
        self.wire.set(live=self._stop is not None, reason="", total=self.count + count)
        self._began = time.monotonic()
        try:
            self.show(self._more(self.count + count, FanListener(self, adding=True)))
        finally:
            self.wire.set(live=False)
            self.wire.flush(final=True)
        if self._added is not None:
            self._added()

    def plan(self, plan: SamplingPlan) -> None:
        """Show the plan of a sampling: history, horizon and number of paths."""
        self._plan = plan
        self.result = None
        self._chunks = []
        self._began = time.monotonic()
        self.label = f"Forecast of {plan.target}"
        self._frame(plan.history, plan.index, plan.target, plan.interval)
        self.wire.put("paths", np.empty((0, len(plan.index)), np.float32))
        self.wire.set(band=f"{plan.kind} band", median="", done=0, total=plan.paths, live=self._stop is not None)
        self.wire.flush(final=True)

    def draw(self, paths: np.ndarray) -> None:
        """Add new paths, (new paths, horizon), and show them when an update is due."""
        self._chunks.append(np.asarray(paths, dtype=np.float64))
        self._keep(self._chunks[-1], self.count - len(paths))
        now = time.monotonic()
        if now < self._ready or not self.wire.due():
            return
        self._measure(self._forecast_so_far())
        self.wire.flush()
        self._ready = time.monotonic() + PAUSE * (time.monotonic() - now)

    def end(self, end: SamplingEnd) -> None:
        """Show every path, and how the sampling ended."""
        if self._chunks:
            self._measure(self._forecast_so_far())
        self.wire.set(reason=end.reason, message=end.message, live=False)
        self.wire.flush(final=True)

    def show(self, forecast: Forecast) -> None:
        """Show a finished forecast, which may be calibrated where the sampled paths were not."""
        self.result = forecast
        self._chunks = [forecast.paths]
        self._frame(forecast.history, forecast.index, forecast.target, forecast.interval)
        sent_paths = forecast.paths[: self._room(forecast.horizon)]
        self.wire.put("paths", sent_paths.astype(np.float32))
        self._measure(forecast)
        median = str(forecast.details.get("median", ""))
        self.wire.set(band=forecast.band_name(), median=median, total=len(forecast.paths))
        self.wire.set(live=False, can_add=self._more is not None)
        self.wire.flush(final=True)

    def finish(self, result: Any) -> None:
        """Set the finished, calibrated forecast as the result and show it."""
        self.show(result)

    def _frame(self, history: pd.Series[float], index: pd.Index, target: str, interval: float) -> None:
        recent = history.iloc[-recent_rows(len(index)) :]
        ahead, past = axis(index, before=recent.index), axis(recent.index)
        self.wire.put("times", ahead.positions)
        self.wire.put("history_times", past.positions)
        self.wire.put("history", recent.to_numpy(dtype=np.float32))
        self.wire.set(target=target, interval=interval, is_time=ahead.is_time, step=ahead.step)
        if self._actual is not None:
            actual = self._actual.reindex(index).to_numpy(dtype=np.float32)
            self.wire.put("actual", actual)

    def _forecast_so_far(self) -> Forecast:
        """Return the forecast of the paths so far."""
        if len(self._chunks) > 1:
            self._chunks = [np.concatenate(self._chunks)]
        paths, plan, finished = self._chunks[0], self._plan, self.result
        if isinstance(finished, Forecast):
            return replace(finished, paths=paths)
        if plan is None:
            raise RuntimeError("paths came before any plan; tell the listener on_start first")
        return Forecast(paths, plan.index, plan.history, plan.target, cast("Kind", plan.kind), plan.interval)

    def _measure(self, forecast: Forecast) -> None:
        levels = drawn_levels(forecast.levels)
        count = len(forecast.paths)
        self.wire.put("quantiles", forecast.quantile(levels).astype(np.float32))
        errors = np.stack([forecast.standard_error(level) for level in levels])
        self.wire.put("errors", errors.astype(np.float32))
        seconds = time.monotonic() - self._began
        self.wire.set(done=count, rate=round(count / seconds, 1) if seconds > 0 else None)

    def _keep(self, paths: np.ndarray, before: int) -> None:
        room = self._room(paths.shape[1]) - before
        if room > 0:
            self.wire.append("paths", paths[:room].astype(np.float32))

    @property
    def count(self) -> int:
        """Paths drawn so far."""
        return sum(len(chunk) for chunk in self._chunks)

    @staticmethod
    def _room(horizon: int) -> int:
        return max(20, min(KEPT_PATHS, KEPT_BYTES // (4 * horizon)))


@views.register(Reveal)
class RevealChart(FanChart):
    """The live view of a forecast across which what happened draws itself.

    Parameters
    ----------
    result
        The forecast and what happened.
    """

    def __init__(self, result: Reveal, **traits: Any) -> None:
        self._reveal = result
        forecast: Forecast = result.forecast
        actual = pd.Series(result.actual, forecast.index)
        label = f"Forecast of {forecast.target}, and what happened"
        super().__init__(forecast, actual=actual, **{"label": label, **traits})
        self.result = result

    def fill(self) -> None:
        """Put the forecast, what happened and the scores up to each step on the wire."""
        super().fill()
        frame = self._reveal.frame
        scores = frame[["crps so far", "naive error so far"]].to_numpy(dtype=np.float32)
        self.wire.put("scores", np.ascontiguousarray(scores.T))
        self.wire.set(reveal=True, shown=self._reveal.shown)
        self._put_beside()

    def _put_beside(self) -> None:
        """Put the forecasts that are laid over this one on the wire, at its times."""
        index, others = self._reveal.forecast.index, self._reveal.others
        if not others:
            return
        columns = ["lower", "median", "upper", "inside", "crps so far"]
        frames = [other.frame[columns].astype(np.float64).reindex(index) for other in others.values()]
        self.wire.set(beside=list(others))
        self.wire.put("beside", np.stack([frame.to_numpy(dtype=np.float32).T for frame in frames]))


class FanListener(SamplingListener):
    """Drives a fan chart.

    Parameters
    ----------
    chart
        The chart.
    adding
        Whether the chunks join the present paths; the first ones, which repeat the present paths, are then left out.
    """

    def __init__(self, chart: FanChart, *, adding: bool = False) -> None:
        self.chart = chart
        self._adding = adding
        self._skip = 0

    def on_start(self, plan: SamplingPlan) -> None:
        """Show the plan, or skip the paths that the chart already has."""
        if self._adding:
            self._skip = self.chart.count
        else:
            self.chart.plan(plan)

    def on_chunk(self, chunk: Chunk) -> None:
        """Show new paths; those that diverged are left to the forecast itself to refuse."""
        new_paths = chunk.paths[self._skip :]
        self._skip = max(self._skip - len(chunk.paths), 0)
        finite = new_paths[np.isfinite(new_paths).all(axis=1)]
        if len(finite):
            self.chart.draw(finite)

    def on_end(self, end: SamplingEnd) -> None:
        """Show how the sampling ended."""
        self.chart.end(end)


def sampling_view(
    stop: threading.Event | None = None,
    *,
    more: MorePaths | None = None,
    actual: pd.Series[float] | None = None,
    **traits: Any,
) -> tuple[FanChart, FanListener]:
    """Return a fan chart and the listener that drives it.

    Parameters
    ----------
    stop
        Checked by sampling after each chunk; the Stop button sets it.
    more
        Draws further paths for "Add 200 paths".
    actual
        Actual values by time.
    **traits
        ``theme``, ``height``, ``label``.
    """
    chart = FanChart(stop=stop, more=more, actual=actual, **traits)
    return chart, FanListener(chart)
