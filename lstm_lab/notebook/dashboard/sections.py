"""Sections of the option forms: which options are grouped, and which of them fold away."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets

from lstm_lab.errors import OptionError
from lstm_lab.notebook.dashboard.controls import Control
from lstm_lab.notebook.dashboard.style import box, title
from lstm_lab.options import (
    BacktestOptions,
    GateOptions,
    MemoryOptions,
    ResumeOptions,
    RunForecastOptions,
    TrainOptions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lstm_lab.options import Options

__all__ = ["BACKTEST", "FORECAST", "GATES", "MEMORY", "RESUME", "TRAIN", "OptionForm", "Section", "SectionLayout"]


@dataclass(frozen=True, slots=True)
class SectionLayout:
    """Layout of a section: its title, the options always shown, and those that fold away."""

    title: str
    first: tuple[str, ...]
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormLayout:
    """Layout of an options model; options that no section names fold away in the last."""

    model: type[Options]
    sections: tuple[SectionLayout, ...]

    def __iter__(self) -> Iterator[SectionLayout]:
        named = {name for section in self.sections for name in (*section.first, *section.more)}
        rest = tuple(name for name in self.model.model_fields if name not in named)
        *others, last = self.sections
        yield from others
        yield SectionLayout(last.title, last.first, (*last.more, *rest))


TRAIN = FormLayout(
    TrainOptions,
    (
        SectionLayout(
            "Data",
            ("target", "time", "id", "static"),
            (
                "short",
                "dayfirst",
                "date_format",
                "missing",
                "na_values",
                "decimal",
                "encoding",
                "header",
                "max_size",
                "on_disk",
                "max_gap",
                "validation",
                "calibration",
            ),
        ),
        SectionLayout(
            "Network",
            ("transform", "lookback", "features", "cell", "units", "dropout"),
            ("dense", "forget_bias", "scaler"),
        ),
        SectionLayout("Training", ("epochs", "loss", "weights", "delta")),
    ),
)
FORECAST = FormLayout(RunForecastOptions, (SectionLayout("Forecast", ("horizon", "paths", "interval")),))
RESUME = FormLayout(ResumeOptions, (SectionLayout("Train on", ("epochs", "learning_rate")),))
BACKTEST = FormLayout(BacktestOptions, (SectionLayout("Judge", ("origins", "baselines")),))
GATES = FormLayout(GateOptions, (SectionLayout("Gates", ("at", "windows", "id")),))
MEMORY = FormLayout(MemoryOptions, (SectionLayout("Memory", ("units", "updates", "recall", "seeds")),))


class Section:
    """The controls of a section, with a switch for those that fold away, and their meanings."""

    def __init__(
        self, model: type[Options], section: SectionLayout, words: Mapping[str, Sequence[str]], *lead: Any
    ) -> None:
        self.controls = {name: Control(model, name, words.get(name)) for name in (*section.first, *section.more)}
        first = box(*lead, *(self.controls[name].cell for name in section.first), look="grid")
        parts = [first]
        head = [title(section.title)]
        if section.more:
            switch = ipywidgets.Checkbox(description="more options", indent=False)
            switch.add_class("lab-switch")
            head.append(switch)
            parts.append(box(*(self.controls[name].cell for name in section.more), look="grid lab-more"))
        self.title = section.title
        self.view = box(box(*head, look="section-head"), *parts, ipywidgets.HTML(self._meanings()), look="section")
        self.view.layout.flex_flow = "column"

    def _meanings(self) -> str:
        """Return a list of the options' meanings, for users without a pointer to hover with."""
        entries = "".join(
            f"<dt>{html.escape(name.replace('_', ' '))}</dt><dd>{html.escape(control.tip)}</dd>"
            for name, control in self.controls.items()
        )
        return f"<details><summary>what these mean</summary><dl>{entries}</dl></details>"


class OptionForm:
    """Controls of all options of a model, in sections.

    Parameters
    ----------
    layout
        The sections.
    words
        Suggested values of free-text options, by name.
    leads
        Widgets that stand first in a section, by its title.
    """

    def __init__(
        self,
        layout: FormLayout,
        words: Mapping[str, Sequence[str]] | None = None,
        leads: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.model = layout.model
        self.sections = [
            Section(layout.model, section, words or {}, *(leads or {}).get(section.title, ())) for section in layout
        ]
        self.controls = {name: control for section in self.sections for name, control in section.controls.items()}
        self.view = box(*(section.view for section in self.sections), look="sheet")
        self.view.layout.flex_flow = "column"

    def put(self, values: Mapping[str, Any]) -> None:
        """Set the controls to values of the model's options."""
        for name, value in self.model.of(values).model_dump(include=set(values)).items():
            self.controls[name].put(value)

    def values(self) -> dict[str, Any]:
        """Return the values that are not at their defaults.

        Raises
        ------
        OptionError
            The first value that cannot be, or several that do not go together.
        """
        values = {name: control.value for name, control in self.controls.items()}
        changed = {name: value for name, value in values.items() if value != self.controls[name].default}
        self.model.of(changed)
        return changed

    def checked(self) -> None:
        """Refuse values as `values` does, and name the section where there is one alone, on another page.

        Raises
        ------
        OptionError
            As for `values`.
        """
        try:
            self.values()
        except OptionError as mistake:
            where = f" (under {self.sections[0].title})" if len(self.sections) == 1 else ""
            raise OptionError(f"{mistake}{where}") from None

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back after every change."""
        for control in self.controls.values():
            control.listen(callback)
