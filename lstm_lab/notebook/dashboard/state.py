"""State of a dashboard: its option forms, its data and the chosen run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from lstm_lab.data.dates.time_index import usual_seasons
from lstm_lab.data.encoding.panel_ids import series_of
from lstm_lab.data.encoding.transforms import NAMES
from lstm_lab.diagnostics.training_choices import SCHEMES
from lstm_lab.errors import OptionError, RunError
from lstm_lab.notebook.dashboard.code import Settings
from lstm_lab.notebook.dashboard.fields import listen, offer
from lstm_lab.notebook.dashboard.sections import BACKTEST, FORECAST, GATES, MEMORY, RESUME, TRAIN, OptionForm
from lstm_lab.notebook.dashboard.source import Source
from lstm_lab.notebook.dashboard.style import box, paragraph
from lstm_lab.widgets.next_training import next_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lstm_lab.notebook.dashboard.environment import NotebookEnvironment

__all__ = ["DashboardState"]

_WORDS = {"target": (), "time": (), "id": (), "transform": ("auto",), "weights": SCHEMES}
"""Words to choose from for free-text options; empty where they depend on the data."""


class DashboardState:
    """The option forms, the data and the chosen run of a dashboard.

    Parameters
    ----------
    environment
        The notebook.
    """

    def __init__(self, environment: NotebookEnvironment) -> None:
        self.environment = environment
        self.source = Source(environment)
        self.train = OptionForm(TRAIN, _WORDS, {"Data": self.source.cells})
        self.forecast, self.backtest = OptionForm(FORECAST), OptionForm(BACKTEST)
        self.gates, self.memory, self.resume = OptionForm(GATES), OptionForm(MEMORY), OptionForm(RESUME)
        self.trained_on = False
        """Whether a run was trained on, whose line the code then has."""
        self._suggested = environment.free("run")
        self.name = ipywidgets.Text(
            value=self._suggested,
            description="keep run as",
            tooltip="a variable of the notebook; the next run gets the next number",
            continuous_update=False,
        )
        self.watch = ipywidgets.Checkbox(
            description="watch it learn",
            tooltip="draw held-out forecasts and gates after every epoch, and go back through them by a slider",
            indent=False,
        )
        self.picker = ipywidgets.Dropdown(
            description="run", tooltip="what is forecast with, looked into and judged: any run of this notebook"
        )
        self.name_wrong = ipywidgets.HTML()
        self.name_cell, self.picker_cell = box(self.name, self.name_wrong, look="cell"), box(self.picker, look="cell")
        self.name_cell.layout.flex_flow = "column"
        self.watch_cell = box(self.watch, look="cell wide")
        self._read: Any = None
        self.see_data()
        self.see_runs()

    @property
    def forms(self) -> tuple[OptionForm, ...]:
        """All option forms."""
        return self.train, self.forecast, self.gates, self.memory, self.backtest, self.resume

    @property
    def watching(self) -> dict[str, bool]:
        """What a training is asked for where it is to be watched."""
        return {"watch": True} if self.watch.value else {}

    @property
    def run(self) -> Any:
        """The run that was picked.

        Raises
        ------
        RunError
            There is none.
        """
        runs = self.environment.runs()
        if self.picker.value not in runs:
            raise RunError("there is no run yet; press Train, or train one in a cell")
        return runs[self.picker.value]

    def see_runs(self, pick: str | None = None) -> None:
        """Update the menu of runs; choose `pick`, or keep the choice while it is among them."""
        names = list(self.environment.runs())
        options = [(name, name) for name in names] or [("none yet", "")]
        offer(self.picker, options)
        self._renew_name()
        if pick is not None:
            self.picker.value = pick

    def claim_name(self) -> str:
        """Return the name for the next run, and show it.

        Raises
        ------
        OptionError
            Another variable has the name that was typed.
        """
        self._renew_name()
        self._suggested = self.environment.name_for(str(self.name.value).strip())
        self.name.value = self._suggested
        return self._suggested

    def _renew_name(self) -> None:
        """Suggest another name where a cell now uses the suggested one; a typed name stays."""
        if self.name.value == self._suggested:
            try:
                self.environment.name_for(self._suggested)
            except OptionError:
                self._suggested = self.environment.free(self._suggested)
                self.name.value = self._suggested

    def _check_name(self) -> None:
        """Show beside the name why no run can have it."""
        try:
            self.environment.name_for(str(self.name.value).strip())
        except OptionError as mistake:
            self.name_wrong.value = paragraph(str(mistake), "lab-wrong")
        else:
            self.name_wrong.value = ""

    def see_data(self) -> None:
        """Update the choices of columns and transforms for the current data."""
        controls = self.train.controls
        now, (time, name) = self.source.identity, (controls[name].field.text or None for name in ("time", "id"))
        if self._read is not None and self._read[0] is now and self._read[1] == (time, name):
            return
        self._read = (now, (time, name))
        frame, names = self.source.read(time, name)
        numeric = [] if frame is None else [str(name) for name in frame.columns]
        controls["time"].field.offer(names)
        controls["id"].field.offer([*names, "columns"])
        controls["target"].field.offer(numeric)
        controls["transform"].field.offer(["auto", *_transforms(frame)])
        usual = self.source.usual_target(numeric)
        if usual is not None and not controls["target"].field.text:
            controls["target"].put(usual)

    def fingerprint(self) -> tuple[Any, ...]:
        """Return every control's text, the run, the name and the data's identity, to detect a change."""
        texts = tuple(control.field.text for form in self.forms for control in form.controls.values())
        frame = self.source.identity
        run = self.environment.runs().get(self.picker.value)
        return (
            texts,
            self.name.value,
            self.watch.value,
            self.picker.value,
            id(run),
            frame if isinstance(frame, str) else id(frame),
        )

    def settings(self, compared: tuple[str, ...] = ()) -> Settings:
        """Return the values of all controls.

        Parameters
        ----------
        compared
            Names of the runs that are compared.

        Raises
        ------
        OptionError
            A control has a value that its option refuses.
        """
        name = str(self.name.value).strip()
        self.environment.name_for(name)
        for form in self.forms:
            form.checked()
        return Settings(
            word=self.source.word,
            source=self.source.python,
            name=name,
            run=str(self.picker.value or name),
            train=self.train.values(),
            forecast=self.forecast.values(),
            gates=self.gates.values(),
            memory=self.memory.values(),
            backtest=self.backtest.values(),
            resume=self.resume.values() if self.trained_on else None,
            compared=compared,
            configured={
                name: value
                for form in (self.backtest, self.forecast, self.train)
                for name, value in self.environment.configured(form.model).items()
            },
            chosen_weights=next_weights.get() is not None,
            watch=bool(self.watch.value),
        )

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back after every change of any control."""
        for form in self.forms:
            form.listen(callback)
        self.source.listen(lambda _: callback())
        self.name.observe(lambda _: self._check_name(), "value")
        listen(self.name, lambda _: callback())
        listen(self.watch, lambda _: callback())
        listen(self.picker, lambda _: callback())

    def configure(self) -> None:
        """Set the controls to the defaults that ``%config`` has changed."""
        for form in (self.train, self.forecast, self.backtest):
            form.put(self.environment.configured(form.model))


def _transforms(frame: pd.DataFrame | None) -> list[str]:
    """Return the names of transforms, with seasonal ones for the usual seasons of the frame's times."""
    plain = [name for name in NAMES if "(" not in name]
    times = None if frame is None else frame.index
    if times is not None and times.nlevels > 1:
        times = times[: int(series_of(times)[1][1])].get_level_values(-1)  # those of the first series
    seasons = () if times is None else usual_seasons(times)
    seasonal = [name.removesuffix("(n)") for name in NAMES if "(" in name]
    return [*plain, *(f"{name}({season})" for name in seasonal for season in seasons)]
