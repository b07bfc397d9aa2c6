"""Which options stand together, which of them first, and which fold away; what they mean is `options.py`'s to say."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets

from lstm_lab.notebook.dashboard.controls import Control
from lstm_lab.notebook.dashboard.style import box, title
from lstm_lab.options import BacktestOptions, ForecastOptions, GateOptions, MemoryOptions, TrainOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lstm_lab.options import Options

__all__ = ["BACKTEST", "FORECAST", "GATES", "MEMORY", "TRAIN", "Plan", "Section", "Sheet"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A section: its title, what is always seen, and what folds away."""

    title: str
    first: tuple[str, ...]
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plans:
    """The sections of a model; an option that none of them names folds away in the last."""

    model: type[Options]
    plans: tuple[Plan, ...]

    def __iter__(self) -> Iterator[Plan]:
        named = {name for plan in self.plans for name in (*plan.first, *plan.more)}
        rest = tuple(name for name in self.model.model_fields if name not in named)
        *others, last = self.plans
        yield from others
        yield Plan(last.title, last.first, (*last.more, *rest))


TRAIN = Plans(
    TrainOptions,
    (
        Plan(
            "Data",
            ("target", "time"),
            (
                "dayfirst",
                "date_format",
                "missing",
                "na_values",
                "decimal",
                "encoding",
                "header",
                "max_gap",
                "validation",
                "calibration",
            ),
        ),
        Plan("Network", ("transform", "lookback", "features", "cell", "units", "dropout"), ("dense", "forget_bias")),
        Plan("Training", ("epochs", "loss", "weights", "delta")),
    ),
)
FORECAST = Plans(ForecastOptions, (Plan("Forecast", ("horizon", "paths", "interval")),))
BACKTEST = Plans(BacktestOptions, (Plan("Judge", ("origins", "baselines")),))
GATES = Plans(GateOptions, (Plan("Gates", ("at", "windows")),))
MEMORY = Plans(MemoryOptions, (Plan("Memory", ("units", "updates", "recall")),))


class Section:
    """The controls of a plan, with a switch for those that fold away, and their meanings."""

    def __init__(self, model: type[Options], plan: Plan, words: Mapping[str, Sequence[str]], *lead: Any) -> None:
        self.controls = {name: Control(model, name, words.get(name)) for name in (*plan.first, *plan.more)}
        first = box(*lead, *(self.controls[name].cell for name in plan.first), look="grid")
        parts = [first]
        head = [title(plan.title)]
        if plan.more:
            switch = ipywidgets.Checkbox(description="more options", indent=False)
            switch.add_class("lab-switch")
            head.append(switch)
            parts.append(box(*(self.controls[name].cell for name in plan.more), look="grid lab-more"))
        self.view = box(box(*head, look="section-head"), *parts, ipywidgets.HTML(self._meanings()), look="section")
        self.view.layout.flex_flow = "column"

    def _meanings(self) -> str:
        """List what the options mean, for those who have no pointer to rest on one."""
        said = "".join(
            f"<dt>{html.escape(name.replace('_', ' '))}</dt><dd>{html.escape(control.tip)}</dd>"
            for name, control in self.controls.items()
        )
        return f"<details><summary>what these mean</summary><dl>{said}</dl></details>"


class Sheet:
    """All options of a model, as sections.

    Parameters
    ----------
    plans
        The sections.
    words
        What options of free text may hold, by name.
    leads
        Widgets that stand first in a section, by its title.
    """

    def __init__(
        self,
        plans: Plans,
        words: Mapping[str, Sequence[str]] | None = None,
        leads: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.model = plans.model
        self.sections = [Section(plans.model, plan, words or {}, *(leads or {}).get(plan.title, ())) for plan in plans]
        self.controls = {name: one for section in self.sections for name, one in section.controls.items()}
        self.view = box(*(section.view for section in self.sections), look="sheet")
        self.view.layout.flex_flow = "column"

    def put(self, values: Mapping[str, Any]) -> None:
        """Show values of the model's options."""
        for name, value in self.model.of(values).model_dump(include=set(values)).items():
            self.controls[name].put(value)

    def values(self) -> dict[str, Any]:
        """Give what is not at its default.

        Raises
        ------
        OptionError
            The first value that cannot be, or several that do not go together.
        """
        found = {name: control.value for name, control in self.controls.items()}
        changed = {name: value for name, value in found.items() if value != self.controls[name].default}
        self.model.of(changed)
        return changed

    def listen(self, heard: Callable[[], None]) -> None:
        """Call back after every change."""
        for control in self.controls.values():
            control.listen(heard)
