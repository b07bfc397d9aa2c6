"""What each button of a dashboard does: one call each, and a line that says how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_lab.diagnostics.training_choices import residual_losses, weighting
from lstm_lab.widgets import widget
from lstm_lab.widgets.next_training import NextWeights

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstm_lab.forecasting.forecast import Forecast
    from lstm_lab.notebook.dashboard.controls import Control
    from lstm_lab.notebook.dashboard.job_runner import PageProgress, Work
    from lstm_lab.notebook.dashboard.pages import Page
    from lstm_lab.notebook.dashboard.state import Desk
    from lstm_lab.results import Shown

__all__ = ["Jobs"]


class Jobs:
    """The work that the pages start.

    Parameters
    ----------
    desk
        Where the options and the run are.
    work
        What keeps two jobs apart.
    """

    def __init__(self, desk: Desk, work: Work) -> None:
        self._desk, self._work = desk, work
        self.forecast_page: Page | None = None

    def train(self, heard: PageProgress) -> tuple[Shown, str]:
        """Train, and keep the run."""
        from lstm_lab.run import train  # noqa: PLC0415 - brings TensorFlow, which opening a dashboard need not

        desk = self._desk
        values, name = desk.train.values(), desk.claim_name()
        run = train(desk.source.take(), listener=heard, stop=heard.stop, name=name, **values)
        desk.surroundings.keep(run, name)
        desk.see_runs(pick=name)
        return run, f"{run.end.message}; kept as {name}"

    def forecast(self, heard: PageProgress) -> tuple[Shown, str]:
        """Forecast, and let the chart ask for more paths."""
        run, options = self._desk.run, self._desk.forecast.values()
        result = run.forecast(listener=heard, stop=heard.stop, **options)
        heard.offer(self._more(run, options))
        return result, f"{len(result.paths):,} paths, {result.horizon} steps ahead"

    def _more(self, run: Any, options: dict[str, Any]) -> Callable[..., Forecast]:
        def more(paths: int, told: Any) -> Forecast:
            page = self.forecast_page
            if page is None:
                return run.forecast(listener=told, **options | {"paths": paths})  # type: ignore[no-any-return]
            with self._work.busy(page):
                result: Forecast = run.forecast(listener=told, **options | {"paths": paths})
            page.tell(result)
            page.keep()
            return result

        return more

    def gates(self, heard: PageProgress) -> tuple[Shown, str]:  # noqa: ARG002 - a trace is too short to tell of
        """Look at the gates."""
        trace = self._desk.run.gates(**self._desk.gates.values())
        return trace, f"checked against the network's own output: largest difference {trace.verified:.0e}"

    def memory(self, heard: PageProgress) -> tuple[Shown, str]:
        """Measure how far networks remember."""
        result = self._desk.run.memory(listener=heard, stop=heard.stop, **self._desk.memory.values())
        return result, "measured"

    def losses(self, heard: PageProgress) -> tuple[Shown, str]:  # noqa: ARG002 - likewise
        """Look at the losses over the residuals of the run."""
        result = residual_losses(self._desk.run.fitted, self._desk.run.options.delta)
        return result, result.rows

    def weights(self, heard: PageProgress) -> tuple[Shown, str]:  # noqa: ARG002 - likewise
        """Look at the weights of the run's training windows."""
        result = weighting(self._desk.run.dataset)
        return result, f"{len(result.index):,} training windows"

    def judge(self, heard: PageProgress) -> tuple[Shown, str]:
        """Judge the run's forecasts, as the page of forecasts sets them."""
        from lstm_lab.evaluation.backtest import backtest  # noqa: PLC0415 - likewise

        options = self._desk.forecast.values() | self._desk.backtest.values()
        result = backtest(self._desk.run, listener=heard, stop=heard.stop, **options)
        return result, result.verdict

    def weights_view(self, result: Shown) -> Any:
        """Show the weights, with a button that sets the control for the next training."""
        return widget(result, chosen=ChosenHere(self._desk.train.controls["weights"]))


class ChosenHere(NextWeights):
    """Takes up a choice of weights for the next training of this dashboard."""

    def __init__(self, control: Control) -> None:
        super().__init__()
        self._control = control

    def set(self, scheme: str) -> None:
        """Choose a scheme."""
        super().set(scheme)
        self._control.put(scheme)
