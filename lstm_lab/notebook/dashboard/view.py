"""The dashboard: settings to the left, preview and results to the right."""

from __future__ import annotations

import html
import weakref
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import ipywidgets
from IPython.display import display

from lstm_lab.errors import LabError
from lstm_lab.notebook.dashboard.clicks import every, in_main, settle_messages
from lstm_lab.notebook.dashboard.code import magics, python
from lstm_lab.notebook.dashboard.environment import NotebookEnvironment
from lstm_lab.notebook.dashboard.job_runner import JobBar, JobRunner
from lstm_lab.notebook.dashboard.jobs import Jobs
from lstm_lab.notebook.dashboard.pages import Page
from lstm_lab.notebook.dashboard.preview import Preview
from lstm_lab.notebook.dashboard.snapshot import Snapshot
from lstm_lab.notebook.dashboard.state import DashboardState
from lstm_lab.notebook.dashboard.style import STYLE, box, discard, note
from lstm_lab.options import OPTION_NAMES, ForecastOptions, TrainOptions, shared_out
from lstm_lab.options.spelling import as_controls
from lstm_lab.widgets import cell_outputs as cells
from lstm_lab.widgets.saved import widget_or_still

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike

    import pandas as pd

    from lstm_lab.options.keywords import DashboardKeywords
    from lstm_lab.results import Result

__all__ = ["Dashboard", "dashboard"]

TABS = ("Preview", "Training", "Forecast", "Inside", "Judge", "Runs", "Code")

_COMES_BACK = "it comes back when its kernel is free; without that kernel, run the cell again"
"""What stands in place of a dashboard in a page that was loaded again."""

_COPY = (
    "const pre = this.closest('.block').querySelector('pre');"
    "getSelection().selectAllChildren(pre);"
    "const done = () => { this.textContent = 'Copied'; setTimeout(() => { this.textContent = 'Copy'; }, 1500); };"
    "navigator.clipboard ? navigator.clipboard.writeText(pre.textContent).then(done)"
    " : document.execCommand('copy') && done();"
)


_boards: weakref.WeakSet[Dashboard] = weakref.WeakSet()
"""Every open dashboard, which hears what another does with the runs."""


class Dashboard(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The whole laboratory in one view; made by `dashboard`.

    Parameters
    ----------
    environment
        The notebook whose data it reads and whose variables its runs become; by default the running one.
    """

    def __init__(self, environment: NotebookEnvironment | None = None) -> None:
        self._open = False  # until all is there: a widget closes itself when its making fails
        self.state = DashboardState(NotebookEnvironment() if environment is None else environment)
        self.runner = JobRunner()
        self.jobs = Jobs(self.state, self.runner)
        self.snapshot = Snapshot()
        self.preview = Preview()
        self.code = ipywidgets.HTML()
        self.pages = dict(_pages(self.state, self.jobs))
        self.jobs.forecast_page = self.pages["Forecast"]
        self.tabs = ipywidgets.Tab(children=self._tabs(), titles=TABS, selected_index=0)
        super().__init__((ipywidgets.HTML(STYLE), self._head(), self._halves()))
        self.add_class("lstm-board")
        self._settling = False
        self._fingerprint: Any = None
        self._shown_by: str | None = None
        self._open = True
        for name, page in self.pages.items():
            self.runner.attach(page)
            page.on_result = partial(self._on_result, name)
            page.on_live = self.snapshot.follow
        self.pages["Training"].on_start = partial(self._open_tab, "Training")
        # Stop alone may come in beside a running job: it only sets a flag.
        settle_messages(self, [page.bar.stop for page in self.pages.values()])
        self.state.listen(lambda: in_main(self.update))
        self.jobs.runs.listen(lambda: in_main(self._choose_runs))
        self.jobs.runs.on_change = self._tell_others
        _boards.add(self)
        self._end = self.state.environment.after_cells(self.see_notebook)
        self.update()

    # What is seen -------------------------------------------------------------------------------------------------

    def _head(self) -> Any:
        name = '<span class="section-title">lstm_lab</span> <span class="quiet">dashboard</span>'
        heading = f'<div role="heading" aria-level="2">{name}</div>'
        return box(ipywidgets.HTML(heading), self.state.picker_cell, look="head")

    def _halves(self) -> Any:
        settings = box(self.state.train.view, self.pages["Training"].bar.view, look="settings")
        settings.layout.flex_flow = "column"
        return box(settings, box(self.tabs, look="results"), look="halves")

    def _tabs(self) -> list[Any]:
        inside = ("Gates", "Memory", "Losses", "Weights")
        looked = ipywidgets.Tab(children=[self.pages[name].view for name in inside], titles=inside, selected_index=0)
        pages = self.pages
        views = (self.preview.view, pages["Training"].body, pages["Forecast"].view, looked, pages["Judge"].view)
        many = ("Compare", "Train on")
        work = ipywidgets.Tab(children=[pages[name].view for name in many], titles=many, selected_index=0)
        runs = box(self.jobs.runs.view, work, look="column")
        runs.layout.flex_flow = "column"
        return [*views, runs, self.code]

    # What happens -------------------------------------------------------------------------------------------------

    def update(self) -> None:
        """Update the preview and the code after a change of the controls."""
        if self._settling or not self._open:
            return
        self._settling = True
        try:
            self.state.see_data()
            self.jobs.runs.refresh()
            self.preview.update(self.state.source.word, self.state.source.take, self.state.train.values)
            self._write()
            self._settle()
        finally:
            self._settling = False

    def _write(self) -> None:
        try:
            settings = self.state.settings(self.jobs.runs.chosen)
        except LabError as mistake:
            shown = note(f"No code: {as_controls(str(mistake), OPTION_NAMES)}")
        else:
            cells_ = "".join(_block(name, text) for name, text in magics(settings).items())
            shown = f"{_block('Python: all of it', python(settings))}<h4>Magics: a cell each</h4>{cells_}"
        if self.code.value != shown:
            self.code.value = shown

    def _settle(self) -> None:
        """Clear a page's refusal, once a control, the data or the runs have changed and nothing is wrong."""
        now = self.state.fingerprint()
        if now == self._fingerprint:
            return
        self._fingerprint = now
        for name, page in self.pages.items():
            page.bar.choose_inputs(self._wrong_for(name, page))

    def _wrong_for(self, name: str, page: Page) -> str | None:
        try:
            if page.form is not None:
                page.form.values()
            if name == "Training":
                self.state.settings()
                return self.preview.mistake
            if name == "Compare":
                self.jobs.runs.compared()
            _ = self.state.run
        except LabError as mistake:
            return str(mistake)
        return None

    def _choose_runs(self) -> None:
        """Update the code and the refusal of too few, after a change of the runs that are compared."""
        self._fingerprint = None
        self.update()

    def _open_tab(self, name: str) -> None:
        self.tabs.selected_index = TABS.index(name)

    def _on_result(self, name: str, result: Result) -> None:
        if name in {"Training", "Train on"}:
            self.jobs.runs.refresh()
            self._write()
            self._settle()
            self._tell_others()
        self.snapshot.keep(result)

    def _tell_others(self) -> None:
        """Show in the other dashboards the runs that there are now."""
        for board in list(_boards):
            if board is not self and board.state.environment.shell is self.state.environment.shell:
                board.see_notebook()

    def see_notebook(self, *_: Any) -> None:
        """Show the variables and runs that there are now."""
        self.state.source.refresh()
        self.state.see_runs()
        self.update()

    @property
    def run(self) -> Any:
        """The run that was picked.

        Raises
        ------
        RunError
            There is none yet.
        """
        return self.state.run

    # What is kept -------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """Return the data's name and the last result as text."""
        head = f"Dashboard: {self.state.source.word}"
        return f"{head}\n{self.snapshot.text()}"

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        still, metadata = self.snapshot.still()
        return {**super()._repr_mimebundle_(**options), **still, "text/plain": self.text()}, metadata

    def _ipython_display_(self) -> None:
        """Show the dashboard, and below it the display of the static picture that the notebook keeps."""
        request = self.state.environment.request()
        if request is not None and request == self._shown_by:
            return  # the magic has shown it, and now IPython would show its result
        self._shown_by = request
        cells.remember(self)
        word = self.state.source.word
        text = f"Dashboard: {word}; {_COMES_BACK}. Below is what it does or last did."
        display(widget_or_still({**super()._repr_mimebundle_(), "text/plain": text}), raw=True)  # type: ignore[no-untyped-call]  # IPython's
        self.snapshot.show()

    def close(self) -> None:
        """Close every widget of the dashboard, and end its callbacks."""
        if not self._open:
            return
        self._open = False
        _boards.discard(self)
        self.runner.close()
        self._end()
        pages = [part for page in self.pages.values() for part in page.parts()]
        widgets = {
            id(widget): widget for root in (*self.children, *pages, self.snapshot.empty) for widget in every(root)
        }
        for widget in widgets.values():
            discard(widget)
        self.layout.close()
        super().close()


def _pages(state: DashboardState, jobs: Jobs) -> Iterator[tuple[str, Page]]:
    """Yield the pages by name."""
    train = JobBar("Training", "Train", state.watch_cell, state.name_cell)
    yield "Training", Page(train, jobs.train, "Press Train: the loss falls here, epoch by epoch.")
    yield (
        "Forecast",
        Page(
            JobBar("Forecasting", "Forecast"),
            jobs.forecast,
            "Press Forecast when there is a run: simulated futures grow here, with a band that was put to the test.",
            state.forecast,
        ),
    )
    hint = "Press Look when there is a run: what every gate did, and what moved the forecast."
    yield "Gates", Page(JobBar("Tracing", "Look", stops=False), jobs.gates, hint, state.gates)
    hint = "Press Measure when there is a run: how far back it and fresh networks feel and recall the past."
    yield "Memory", Page(JobBar("Measuring", "Measure"), jobs.memory, hint, state.memory)
    hint = "Press Look when there is a run: what each loss makes of its held-out residuals."
    yield "Losses", Page(JobBar("Looking", "Look", stops=False), jobs.losses, hint)
    hint = "Press Look when there is a run: how much each of its training windows counts, under each scheme."
    yield "Weights", Page(JobBar("Looking", "Look", stops=False), jobs.weights, hint, view=jobs.weights_view)
    hint = "Press Judge when there is a run: forecasts as set under Forecast, from places whose future is known."
    yield "Judge", Page(JobBar("Judging", "Judge"), jobs.judge, hint, state.backtest)
    hint = "Choose two runs or more above and press Compare: their losses and, as set under Forecast, their forecasts."
    yield "Compare", Page(JobBar("Comparing", "Compare"), jobs.compare, hint)
    hint = "Press Train on: the run that is picked above all goes on from its weights, as a new run; it stays itself."
    yield "Train on", Page(JobBar("Training on", "Train on"), jobs.train_on, hint, state.resume)


def _block(name: str, text: str) -> str:
    """Return code as HTML, with a button that copies it."""
    return (
        f'<div class="block"><div class="code-head"><span>{html.escape(name)}</span>'
        f'<button type="button" aria-label="Copy: {html.escape(name)}" onclick="{html.escape(_COPY)}">Copy</button>'
        f'</div><pre tabindex="0">{html.escape(text)}</pre></div>'
    )


def dashboard(
    frame: str | PathLike[str] | pd.DataFrame | pd.Series[Any] | None = None, **options: Unpack[DashboardKeywords]
) -> Dashboard:
    """Open the whole laboratory in one view: data, network, training, forecast, gates, backtest, code.

    Parameters
    ----------
    frame
        A DataFrame or Series, the name of a variable or of a bundled example, or a file; without it the first DataFrame
        of the notebook is chosen, else an example.
    **options
        Fields of `lstm_lab.options.TrainOptions` and `lstm_lab.options.ForecastOptions`, for the controls to begin
        with; one that both have goes to both.

    Returns
    -------
    Dashboard
        A widget. Its runs become variables of the notebook; ``.run`` is the one that is looked at.

    Raises
    ------
    LabError
        An option or the data: one line with the remedy.

    Examples
    --------
    >>> board = lab.dashboard("oil", units=[32], epochs=10, horizon=20)  # doctest: +SKIP
    """
    train_options, forecast_options = _shared(options)
    board = Dashboard()
    try:
        board.state.configure()
        if frame is not None:
            named = isinstance(frame, str | Path)
            board.state.source.choose(str(frame) if named else _bound(board, frame))
        board.state.train.put(train_options)
        board.state.forecast.put(forecast_options)
    except LabError:
        board.close()
        raise
    cells.remember(board)
    return board


def _shared(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    train_options, forecast_options = shared_out(options, TrainOptions, ForecastOptions)
    TrainOptions.of(train_options)
    ForecastOptions.of(forecast_options)
    return train_options, forecast_options


def _bound(board: Dashboard, frame: Any) -> str:
    name = board.state.environment.bind(frame)
    board.state.source.refresh()
    return name
