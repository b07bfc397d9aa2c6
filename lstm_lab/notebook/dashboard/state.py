"""What the jobs of a dashboard work on: its controls, its data, and the run that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from lstm_lab.data.time_index import usual_seasons
from lstm_lab.data.transforms import NAMES
from lstm_lab.diagnostics.training_choices import SCHEMES
from lstm_lab.errors import OptionError, RunError
from lstm_lab.notebook.dashboard.code import Settings
from lstm_lab.notebook.dashboard.fields import listen, offer
from lstm_lab.notebook.dashboard.sections import BACKTEST, FORECAST, GATES, MEMORY, TRAIN, Sheet
from lstm_lab.notebook.dashboard.source import Source
from lstm_lab.notebook.dashboard.style import box
from lstm_lab.widgets.next_training import next_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lstm_lab.notebook.dashboard.environment import Surroundings

__all__ = ["Desk"]

_WORDS = {"target": (), "time": (), "transform": ("auto",), "weights": SCHEMES}
"""Options that are chosen from words which no type lists; those without any are known once there are data."""


class Desk:
    """The controls and what they mean.

    Parameters
    ----------
    surroundings
        The notebook.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.source = Source(surroundings)
        self.train = Sheet(TRAIN, _WORDS, {"Data": self.source.cells})
        self.forecast, self.backtest = Sheet(FORECAST), Sheet(BACKTEST)
        self.gates, self.memory = Sheet(GATES), Sheet(MEMORY)
        self._suggested = surroundings.free("run")
        self.name = ipywidgets.Text(
            value=self._suggested,
            description="keep run as",
            tooltip="a variable of the notebook; the next run gets the next number",
            continuous_update=False,
        )
        self.picker = ipywidgets.Dropdown(
            description="run", tooltip="what is forecast with, looked into and judged: any run of this notebook"
        )
        self.name_cell, self.picker_cell = box(self.name, look="cell"), box(self.picker, look="cell")
        self._read: Any = None
        self.see_data()
        self.see_runs()

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """All of them."""
        return self.train, self.forecast, self.gates, self.memory, self.backtest

    @property
    def run(self) -> Any:
        """The run that was picked.

        Raises
        ------
        RunError
            There is none.
        """
        runs = self.surroundings.runs()
        if self.picker.value not in runs:
            raise RunError("there is no run yet; press Train, or train one in a cell")
        return runs[self.picker.value]

    def see_runs(self, pick: str | None = None) -> None:
        """Offer the runs that there are now; pick one, or keep the choice while it is among them."""
        names = list(self.surroundings.runs())
        options = [(name, name) for name in names] or [("none yet", "")]
        offer(self.picker, options)
        self._renew_name()
        if pick is not None:
            self.picker.value = pick

    def claim_name(self) -> str:
        """Give the name that the next run is kept under, and show it.

        Raises
        ------
        OptionError
            Another thing has the name that was typed.
        """
        self._renew_name()
        self._suggested = self.surroundings.name_for(str(self.name.value).strip())
        self.name.value = self._suggested
        return self._suggested

    def _renew_name(self) -> None:
        """Suggest another name where a cell has taken the one that was suggested; one that was typed stays."""
        if self.name.value == self._suggested:
            try:
                self.surroundings.name_for(self._suggested)
            except OptionError:
                self._suggested = self.surroundings.free(self._suggested)
                self.name.value = self._suggested

    def see_data(self) -> None:
        """Offer the columns of the data, and the transforms that suit its times."""
        controls = self.train.controls
        now, time = self.source.identity, controls["time"].field.text or None
        if self._read is not None and self._read[0] is now and self._read[1] == time:
            return
        self._read = (now, time)
        frame, names = self.source.read(time)
        numeric = [] if frame is None else [str(name) for name in frame.columns]
        controls["time"].field.offer(names)
        controls["target"].field.offer(numeric)
        controls["transform"].field.offer(["auto", *_transforms(frame)])
        usual = self.source.usual_target(numeric)
        if usual is not None and not controls["target"].field.text:
            controls["target"].put(usual)

    def state(self) -> tuple[Any, ...]:
        """Give what tells whether anything has changed: every control's text, the run, the name and the data."""
        texts = tuple(control.field.text for sheet in self.sheets for control in sheet.controls.values())
        frame = self.source.identity
        run = self.surroundings.runs().get(self.picker.value)
        return texts, self.name.value, self.picker.value, id(run), frame if isinstance(frame, str) else id(frame)

    def settings(self) -> Settings:
        """Say what the controls say.

        Raises
        ------
        OptionError
            One of them says what cannot be.
        """
        name = str(self.name.value).strip()
        self.surroundings.name_for(name)
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
            configured={
                name: value
                for sheet in (self.backtest, self.forecast, self.train)
                for name, value in self.surroundings.configured(sheet.model).items()
            },
            chosen_weights=next_weights.get() is not None,
        )

    def listen(self, heard: Callable[[], None]) -> None:
        """Call back after every change of any control."""
        for sheet in self.sheets:
            sheet.listen(heard)
        self.source.listen(lambda _: heard())
        listen(self.name, lambda _: heard())
        listen(self.picker, lambda _: heard())

    def configure(self) -> None:
        """Begin with the defaults that ``%config`` has set."""
        for sheet in (self.train, self.forecast, self.backtest):
            sheet.put(self.surroundings.configured(sheet.model))


def _transforms(frame: pd.DataFrame | None) -> list[str]:
    """Name the transforms, seasonal ones for the seasons that such times usually have."""
    plain = [name for name in NAMES if "(" not in name]
    seasons = () if frame is None else usual_seasons(frame.index)
    return [*plain, *(f"seasonal_diff({season})" for season in seasons)]
