"""The notebook around a dashboard: its variables, the runs in it, and the defaults that ``%config`` has set."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from lstm_lab.errors import OptionError
from lstm_lab.notebook.namespace import named_runs, tables, why_not_a_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lstm_lab.options import Options

__all__ = ["NotebookEnvironment"]


class NotebookEnvironment:
    """Access to the notebook's variables, runs and defaults.

    Parameters
    ----------
    shell
        The running IPython; None where there is none, and then the variables are the dashboard's own.
    """

    def __init__(self, shell: Any = None) -> None:
        self.shell: Any = get_ipython() if shell is None else shell
        self.variables: dict[str, Any] = {} if self.shell is None else self.shell.user_ns
        self._kept: dict[str, Any] = {}

    @property
    def _magics(self) -> Any:
        """The registered magics, which remember runs by name and the last one; None before ``%load_ext lstm_lab``."""
        manager = getattr(self.shell, "magics_manager", None)
        return None if manager is None else manager.registry.get("LSTMMagics")

    def tables(self) -> list[str]:
        """Return the names of the variables that can be trained on."""
        return tables(self.variables)

    def runs(self) -> dict[str, Any]:
        """Return the runs by name."""
        magics = self._magics
        return named_runs(self.variables) if magics is None else dict(magics.named())

    def keep(self, run: Any, name: str) -> None:
        """Store a run as a variable, and make it the one that the magics use."""
        self._kept[name] = self.variables[name] = run
        if self._magics is not None:
            self._magics.runs[name] = run
            self._magics.last = run

    def rename(self, name: str, new: str) -> None:
        """Give a run of the dashboard another name.

        Raises
        ------
        OptionError
            A cell made the run, or the new name is taken or no name of a variable.
        """
        run = self._made(name, "Rename")
        if self.name_for(new, "new name") != new:
            raise OptionError(f"new name takes a name that no run has, got {new!r}; for example {self.free(new)}")
        last = self._magics is not None and self._magics.last is run
        before = None if self._magics is None else self._magics.last
        self.drop([name])
        self.keep(replace(run, name=new), new)
        if self._magics is not None and not last:
            self._magics.last = before

    def drop(self, names: Sequence[str]) -> dict[str, Any]:
        """Forget runs of the dashboard, and return them by name.

        Raises
        ------
        OptionError
            A cell made one of them.
        """
        runs = {name: self._made(name, "Drop") for name in names}
        magics = self._magics
        for name, run in runs.items():
            del self._kept[name]
            self.variables.pop(name, None)
            if magics is not None:
                magics.runs.pop(name, None)
                if magics.last is run:
                    magics.last = next(reversed(self.runs().values()), None)
        return runs

    def _made(self, name: str, verb: str) -> Any:
        """Return a run that the dashboard made, and that no cell has replaced."""
        run = self.runs().get(name)
        if run is None or run is not self._kept.get(name):
            raise OptionError(
                f"{verb} takes runs that this dashboard made, got {name!r}, which a cell made; use a cell, as"
                f" del {name}"
            )
        return run

    def free(self, name: str) -> str:
        """Return the next unused numbered name, counted from the number in `name`.

        >>> NotebookEnvironment().free("run")
        'run_1'
        """
        stem, _, number = re.fullmatch(r"(.*?)(_(\d+))?", name).groups()  # type: ignore[union-attr]  # matches any name
        used = {*self.variables, *self.runs()}
        count = int(number or 0)
        while f"{stem}_{count}" in used or count == 0:
            count += 1
        return f"{stem}_{count}"

    def name_for(self, name: str, label: str = "keep run as") -> str:
        """Return the name for the next run: this one, or the next number where a run of the dashboard has it.

        Parameters
        ----------
        name
            As typed.
        label
            The control that it was typed in.

        Raises
        ------
        OptionError
            Python could not use it, or it is the name of something that the dashboard did not make.
        """
        wrong = why_not_a_name(name, self.variables)
        if wrong is not None:
            raise OptionError(f"{label} takes the name of a variable, got {name!r}, {wrong}; for example run_1")
        holder = self.variables.get(name, self.runs().get(name))
        if holder is None:
            return name
        if holder is self._kept.get(name):
            return self.free(name)
        raise OptionError(
            f"{label} takes a new name, got {name!r}, a variable that the dashboard did not make;"
            f" for example {self.free(name)}"
        )

    def bind(self, frame: Any) -> str:
        """Return the name of the variable that holds this frame; without one, a variable is made."""
        for name in self.tables():
            if self.variables[name] is frame:
                return name
        free = (f"frame{number or ''}" for number in range(1000))
        name = next(name for name in free if name not in self.variables)
        self.variables[name] = frame
        return name

    def configured(self, model: type[Options]) -> dict[str, Any]:
        """Return the defaults that ``%config LSTMMagics`` has changed."""
        magics = self._magics
        if magics is None:
            return {}
        set_to = {name: getattr(magics, name) for name in model.model_fields if magics.has_trait(name)}
        return {name: value for name, value in set_to.items() if value != model.model_fields[name].default}

    def request(self) -> str | None:
        """Return the id of the current cell execution; None outside a notebook."""
        get_parent = getattr(self.shell, "get_parent", None)
        header = {} if get_parent is None else get_parent().get("header") or {}
        return header.get("msg_id")

    def after_cells(self, callback: Callable[..., None]) -> Callable[[], None]:
        """Call back after every cell; return the function that ends this."""
        if self.shell is None:
            return lambda: None
        self.shell.events.register("post_run_cell", callback)
        return lambda: self.shell.events.unregister("post_run_cell", callback)
