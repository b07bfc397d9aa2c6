"""The list of the runs in a dashboard: what they are, which are compared, their names, and dropping them."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np

from lstm_lab.errors import LabError, OptionError
from lstm_lab.formatting import number, percent_change
from lstm_lab.notebook.dashboard.clicks import in_main
from lstm_lab.notebook.dashboard.fields import listen
from lstm_lab.notebook.dashboard.style import box, note, paragraph, summary, title
from lstm_lab.progress import seconds_text
from lstm_lab.results import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lstm_lab.notebook.dashboard.state import DashboardState
    from lstm_lab.run import Run

__all__ = ["RunList", "listed"]

_HINT = "Press Train: every run is kept here under a number and a name, to be compared, renamed or dropped."


class RunList:
    """The runs of the notebook as a table, and the controls to choose among them.

    Parameters
    ----------
    state
        The notebook and the run that is picked.
    """

    def __init__(self, state: DashboardState) -> None:
        self._state = state
        self._dropped: dict[str, Run] = {}
        self._numbers: dict[str, int] = {}
        self.on_change: Callable[[], None] = lambda: None
        """Called when runs were renamed, dropped or taken back."""
        self._shown: Any = None
        self.table = ipywidgets.HTML(note(_HINT))
        self.table.add_class("runs")
        self.choice = ipywidgets.SelectMultiple(
            description="choose runs", rows=4, tooltip="two or more to compare, with Ctrl or Shift; one to rename"
        )
        self.name = ipywidgets.Text(description="new name", tooltip="a variable of the notebook")
        self.rename = ipywidgets.Button(description="Rename", tooltip="give the chosen run this name")
        self.drop = ipywidgets.Button(description="Drop", tooltip="forget the chosen runs")
        self.undo = ipywidgets.Button(description="Undo", tooltip="take back what was dropped", disabled=True)
        self.line = ipywidgets.HTML()
        listen(self.choice, lambda _: self._clear_refusal())
        for button, act in ((self.rename, self._rename), (self.drop, self._drop), (self.undo, self._undo)):
            button.on_click(lambda _, act=act: in_main(lambda: self._explained(act)))
        row = (self.rename, self.drop, self.undo, self.line)
        self.view = box(
            title("Runs"),
            self.table,
            box(box(self.choice, look="cell"), box(self.name, look="cell"), *row, look="bar"),
            look="column",
        )
        self.view.layout.flex_flow = "column"
        self.refresh()

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names of the chosen runs."""
        return tuple(self.choice.value)

    def compared(self) -> dict[str, Run]:
        """Return the chosen runs by name.

        Raises
        ------
        OptionError
            Fewer than two are chosen.
        """
        runs = self._state.environment.runs()
        chosen = {name: runs[name] for name in self.chosen if name in runs}
        if len(chosen) < 2:
            raise OptionError(f"Compare takes two runs or more, got {len(chosen)}; choose them in the list of runs")
        return chosen

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back when others are chosen."""
        listen(self.choice, lambda _: callback())

    def refresh(self) -> None:
        """Show the runs that there are now; the choice stays while it is among them."""
        runs = self._numbered()
        shown = [(name, id(run)) for name, run in runs.items()]
        if shown == self._shown:
            return
        self._shown = shown
        numbers = [self._numbers[name] for name in runs]
        self.table.value = summary(listed(runs, numbers)) if runs else note(_HINT)
        kept = tuple(name for name in self.chosen if name in runs)
        self.choice.options = [(f"{number}. {name}", name) for number, name in zip(numbers, runs, strict=True)]
        self.choice.value = kept

    def _numbered(self) -> dict[str, Run]:
        """Return the runs by name in the order of their numbers, which they keep under another name too."""
        runs = self._state.environment.runs()
        for name in runs:
            if name not in self._numbers:
                own = re.search(r"_(\d+)$", name)
                used = self._numbers.values()
                free = own is not None and int(own[1]) not in {0, *used}
                self._numbers[name] = int(own[1]) if own is not None and free else max(used, default=0) + 1
        return {name: runs[name] for name in sorted(runs, key=self._numbers.__getitem__)}

    def _clear_refusal(self) -> None:
        if "lab-wrong" in self.line.value:
            self.line.value = ""

    def _one(self) -> str:
        if len(self.chosen) != 1:
            raise OptionError(f"Rename takes one run, got {len(self.chosen)}; choose it in the list of runs")
        return self.chosen[0]

    def _rename(self) -> str:
        name, new = self._one(), str(self.name.value).strip()
        picked = self._state.picker.value
        self._state.environment.rename(name, new)
        self._numbers[new] = self._numbers.pop(name)
        self._state.see_runs(pick=new if picked == name else None)
        self.refresh()
        self.choice.value, self.name.value = (new,), ""
        return f"{name} is now {new}"

    def _drop(self) -> str:
        names = self.chosen
        if not names:
            raise OptionError("Drop takes one run or more, got none; choose them in the list of runs")
        self._dropped = self._state.environment.drop(names)
        self.undo.disabled = False
        self._state.see_runs()
        self.refresh()
        return f"dropped {', '.join(names)}; Undo takes it back"

    def _undo(self) -> str:
        for name, run in self._dropped.items():
            self._state.environment.name_for(name)
            self._state.environment.keep(run, name)
        names, self._dropped = list(self._dropped), {}
        self.undo.disabled = True
        self._state.see_runs()
        self.refresh()
        return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} back"

    def _explained(self, act: Callable[[], str]) -> None:
        try:
            self.line.value = paragraph(act())
            self.on_change()
        except LabError as mistake:
            self.line.value = f'<p class="lab-wrong" role="alert">{html.escape(str(mistake))}</p>'


def listed(runs: Mapping[str, Run], numbers: Sequence[int]) -> Summary:
    """Tabulate runs: name, number, validation loss beside the naive forecast's, epochs, time, and what differs."""
    from lstm_lab.evaluation.run_comparison import RunComparison  # brings TensorFlow, as a run has by now

    differences = RunComparison(runs, {}).told_once
    lines = [("run", "no.", "validation loss", "vs naive", "epochs", "time", "differs in")]
    for place, (name, run) in zip(numbers, runs.items(), strict=True):
        loss, naive = run.metrics["val_loss"], run.metrics["naive_val_loss"]
        share = percent_change(loss / naive - 1) if naive else ""
        settings = "; ".join(
            f"{str(key).replace('_', ' ')} {value or 'default'}" for key, value in differences[name].items()
        )
        lines.append(
            (
                name,
                str(place),
                number(loss) if np.isfinite(loss) else "",
                share,
                str(run.end.epochs),
                seconds_text(run.end.seconds),
                settings or "nothing",
            )
        )
    return Summary("", (), tuple(lines))
