"""The data of a dashboard: a DataFrame or Series of the notebook's, a bundled example, or a file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from lstm_lab.data.sources.bundled import EXAMPLES, example
from lstm_lab.data.sources.loading import load, table_of
from lstm_lab.errors import DataError, LabError, did_you_mean
from lstm_lab.notebook.dashboard.fields import listen, offer
from lstm_lab.notebook.dashboard.style import box
from lstm_lab.storage.names import at_home, is_file

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lstm_lab.notebook.dashboard.environment import NotebookEnvironment

__all__ = ["Source"]

FILE = "a file …"


class Source:
    """The controls that choose the data.

    Parameters
    ----------
    environment
        The notebook whose variables can be chosen.
    """

    def __init__(self, environment: NotebookEnvironment) -> None:
        self._environment = environment
        self._examples: dict[str, pd.DataFrame] = {}
        self.menu = ipywidgets.Dropdown(
            description="series", tooltip="a DataFrame or Series of yours, a bundled example, or a file"
        )
        self.file = ipywidgets.Text(
            description="file",
            placeholder="prices.csv",
            tooltip="CSV; Parquet and Feather where pyarrow is installed",
            continuous_update=False,
        )
        self._place = box(self.file, look="cell wide")
        self._place.layout.display = "none"
        self.cells = (box(self.menu, look="cell wide"), self._place)
        self.menu.observe(self._show, "value")
        self.refresh()

    def _show(self, _: Any) -> None:
        self._place.layout.display = None if self.menu.value == FILE else "none"

    def refresh(self) -> None:
        """Offer the variables that there are now, and keep the choice while it is among them."""
        variables = self._environment.tables()
        options = [(f"{name}  ({_size(self._environment.variables[name])})", name) for name in variables]
        options += [(f"{name}  (example)", name) for name in EXAMPLES if name not in variables]
        options += [(FILE, FILE)]
        offer(self.menu, options)

    def choose(self, word: str) -> None:
        """Choose the data that a word names on a magic's line: a variable, a file or an example.

        Raises
        ------
        DataError
            There is none of that name.
        """
        names = [name for _, name in self.menu.options]
        if word in names and not (word in EXAMPLES and is_file(word)):
            self.menu.value = word
        elif Path(word).suffix or is_file(at_home(word)):
            self.file.value = word
            self.menu.value = FILE
        else:
            raise DataError(f"there is no variable, file or example called {word!r}; {did_you_mean(word, names[:-1])}")

    @property
    def word(self) -> str:
        """The data's name on a magic's line."""
        return str(self.file.value).strip() if self.menu.value == FILE else str(self.menu.value)

    @property
    def identity(self) -> Any:
        """Identity of the data, to detect a change: the object itself, or the name of a file or an example."""
        return self._environment.variables.get(self.word) if self.word in self._environment.tables() else self.word

    @property
    def python(self) -> str:
        """The data as a Python expression."""
        if self.menu.value == FILE:
            return repr(self.word)
        return self.word if self.word in self._environment.tables() else f'lab.example("{self.word}")'

    def take(self) -> Any:
        """Return the data as `lstm_lab.train` takes them.

        Raises
        ------
        DataError
            No file is named, or a variable is gone.
        """
        if self.menu.value == FILE:
            if not self.word:
                raise DataError("a file has a name, got none; write it under file, for example prices.csv")
            return Path(self.word)
        if self.word in self._environment.tables():
            return self._environment.variables[self.word]
        if self.word not in EXAMPLES:
            raise DataError(f"there is no DataFrame called {self.word!r} any more; choose another series")
        if self.word not in self._examples:
            self._examples[self.word] = example(self.word)
        return self._examples[self.word]

    def read(self, time: str | None, name: str | None = None) -> tuple[pd.DataFrame | None, list[str]]:
        """Return the numeric columns by time, or by id and time, and the names of all columns.

        Parameters
        ----------
        time, name
            The columns of times and of ids, where the controls say.

        Returns
        -------
        tuple
            The frame is None where the data cannot be read.
        """
        with suppress(LabError):
            raw = self.take()
            table = table_of(raw, id=name, time=time)
            names = [str(name) for name in table.columns]
            with suppress(LabError):
                return load(table, id=name, time=time, columns=()), names
            return None, names
        return None, []

    def usual_target(self, numeric: list[str]) -> str | None:
        """Return the likely target where there are several numeric columns; None where there is no choice."""
        known = EXAMPLES[self.word].target if self.python.startswith("lab.") else None
        return None if len(numeric) < 2 else known or numeric[0]

    def listen(self, callback: Callable[[Any], None]) -> None:
        """Call back after every choice."""
        listen(self.menu, callback)
        listen(self.file, callback)


def _size(table: Any) -> str:
    columns = getattr(table, "columns", None)
    return f"{len(table):,} rows" if columns is None else f"{len(table):,} × {len(columns)}"
