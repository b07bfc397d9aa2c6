"""The jobs behind a dashboard's buttons; each returns its result and a line about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lstm_lab.diagnostics.training_choices import residual_losses, weighting
from lstm_lab.formatting import one_digit
from lstm_lab.notebook.dashboard.runs import RunList
from lstm_lab.widgets import widget
from lstm_lab.widgets.next_training import NextWeights

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstm_lab.forecasting.forecast import Forecast
    from lstm_lab.notebook.dashboard.controls import Control
    from lstm_lab.notebook.dashboard.job_runner import JobRunner, PageProgress
    from lstm_lab.notebook.dashboard.pages import Page
    from lstm_lab.notebook.dashboard.state import DashboardState
    from lstm_lab.results import Result

__all__ = ["Jobs"]


class Jobs:
    """The jobs that the pages start.

    Parameters
    ----------
    state
        The options and the chosen run.
    runner
        Runs one job at a time.
    """

    def __init__(self, state: DashboardState, runner: JobRunner) -> None:
        self._state, self._runner, self.runs = state, runner, RunList(state)
        self.forecast_page: Page | None = None

    def train(self, progress: PageProgress) -> tuple[Result, str]:
        """Train, and keep the run."""
        from lstm_lab.run import train  # brings TensorFlow, which opening a dashboard need not

        state = self._state
        values, name = state.train.values(), state.claim_name()
        told: Any = {"listener": progress, "stop": progress.stop, "name": name, **state.watching}
        run = train(state.source.take(), **told, **values)
        state.environment.keep(run, name)
        state.see_runs(pick=name)
        return run, f"{run.end.message}; kept as {name}"

    def train_on(self, progress: PageProgress) -> tuple[Result, str]:
        """Train the picked run on, and keep the new run; the old one stays as it is."""
        state = self._state
        before, values = state.run, state.resume.values()
        first, name = str(state.picker.value), state.claim_name()
        told: Any = {"listener": progress, "stop": progress.stop, "name": name, **state.watching}
        run = before.resume(**told, **values)
        state.environment.keep(run, name)
        state.trained_on = True
        state.see_runs(pick=name)
        return run, f"{run.end.message}; {first} trained on is kept as {name}"

    def compare(self, progress: PageProgress) -> tuple[Result, str]:
        """Compare the chosen runs, by forecasts as set under Forecast."""
        from lstm_lab.evaluation.run_comparison import compare_runs  # likewise

        options = self._state.forecast.values()
        options.pop("ids", None)  # runs of one series are compared
        result = compare_runs(self.runs.compared(), listener=progress, stop=progress.stop, **options)
        return result, f"{len(result.runs)} runs compared"

    def forecast(self, progress: PageProgress) -> tuple[Result, str]:
        """Forecast, and let the chart ask for more paths."""
        run, options = self._state.run, self._state.forecast.values()
        result = run.forecast(listener=progress, stop=progress.stop, **options)
        progress.offer(self._more(run, options))
        series, paths = (f"{len(result):,} series, ", " of each") if run.dataset.is_panel else ("", "")
        drawn = _counted(int(result.paths.shape[-2]), "path")
        return result, f"{series}{drawn}{paths}, {_counted(result.horizon, 'step')} ahead"

    def _more(self, run: Any, options: dict[str, Any]) -> Callable[..., Forecast]:
        def more(paths: int, listener: Any) -> Forecast:
            page = self.forecast_page
            if page is None:
                return run.forecast(listener=listener, **options | {"paths": paths})  # type: ignore[no-any-return]
            with self._runner.busy(page):
                result: Forecast = run.forecast(listener=listener, **options | {"paths": paths})
            page.tell(result)
            page.keep()
            return result

        return more

    def gates(self, progress: PageProgress) -> tuple[Result, str]:  # noqa: ARG002 - a trace is too short to tell of
        """Trace the gates."""
        trace = self._state.run.gates(**self._state.gates.values())
        return trace, f"checked against the network's own output: largest difference {one_digit(trace.verified)}"

    def memory(self, progress: PageProgress) -> tuple[Result, str]:
        """Measure how far networks remember."""
        result = self._state.run.memory(listener=progress, stop=progress.stop, **self._state.memory.values())
        return result, "measured"

    def losses(self, progress: PageProgress) -> tuple[Result, str]:  # noqa: ARG002 - likewise
        """Compute the losses over the residuals of the run."""
        from lstm_lab.diagnostics.tiny_trial import TinyTrial  # brings TensorFlow, as the run did

        run = self._state.run
        result = residual_losses(run.fitted, run.options.loss, run.options.delta)
        return replace(result, trial=TinyTrial.of(run)), result.rows

    def weights(self, progress: PageProgress) -> tuple[Result, str]:  # noqa: ARG002 - likewise
        """Return the weights of the run's training windows."""
        from lstm_lab.diagnostics.tiny_trial import TinyTrial  # likewise

        run = self._state.run
        result = replace(weighting(run.dataset), trial=TinyTrial.of(run))
        return result, f"{len(result.index):,} training windows"

    def judge(self, progress: PageProgress) -> tuple[Result, str]:
        """Backtest the run with the options of the forecast page."""
        from lstm_lab.evaluation.backtest import backtest

        options = self._state.forecast.values() | self._state.backtest.values()
        options.pop("ids", None)  # every id is judged
        result = backtest(self._state.run, listener=progress, stop=progress.stop, **options)
        return result, "judged"

    def weights_view(self, result: Result) -> Any:
        """Return the weights' view, with a button that sets the control for the next training."""
        return widget(result, chosen=ControlWeights(self._state.train.controls["weights"]))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


class ControlWeights(NextWeights):
    """The choice of weights for the next training, shown in this dashboard's control."""

    def __init__(self, control: Control) -> None:
        super().__init__()
        self._control = control

    def set(self, scheme: str) -> None:
        """Choose a scheme."""
        super().set(scheme)
        self._control.put(scheme)
