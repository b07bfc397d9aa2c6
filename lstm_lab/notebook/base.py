"""Base of the magics: parsing, one-line errors, defaults set by ``%config``, runs by name, and progress."""

from __future__ import annotations

import ast
import csv
import functools
import re
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics
from traitlets import MetaHasTraits, TraitError, TraitType

from lstm_lab.errors import LabError, OptionError, RunError, did_you_mean
from lstm_lab.execution.call_depth import called_deep
from lstm_lab.execution.interrupts import Presses, once, sent_again
from lstm_lab.notebook.commands import COMMANDS, FLAGS
from lstm_lab.notebook.live import LiveProgress
from lstm_lab.notebook.namespace import find_source, named_runs, resolve, sources, tables, why_not_a_name
from lstm_lab.notebook.one_line_warnings import one_line_warnings
from lstm_lab.options import (
    AblateOptions,
    BacktestOptions,
    CompareOptions,
    ForecastOptions,
    Options,
    TrainOptions,
    TuneOptions,
)
from lstm_lab.options.spelling import as_flags
from lstm_lab.progress import HtmlProgress, listener
from lstm_lab.storage.names import at_home, is_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from lstm_lab.options.flags import Command, Flag, Parsed
    from lstm_lab.progress import Listener

__all__ = ["Interrupted", "LabMagics", "columns_of", "parsed_magic", "words_of"]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in a magic: one line that says what is kept, and nothing more of the cell is run."""

    def _render_traceback_(self) -> list[str]:
        """Return the line that IPython shows in place of a traceback."""
        return [f"Interrupted: {self}"]


class OptionTrait(TraitType[Any, Any]):
    """A default that ``%config`` can set, held to the same rule as the option itself."""

    def __init__(self, model: type[Options], name: str) -> None:
        field = model.model_fields[name]
        super().__init__(default_value=field.default, allow_none=field.default is None, help=field.description)
        self.model, self.option = model, name
        self.tag(config=True)

    def validate(self, obj: Any, value: Any) -> Any:  # noqa: ARG002 - the protocol's
        """Read a value by the option's rule."""
        try:
            return getattr(self.model.of({self.option: value}), self.option)
        except OptionError as refused:
            raise TraitError(str(refused)) from None


_MODELS: tuple[type[Options], ...] = (
    TrainOptions,
    ForecastOptions,
    BacktestOptions,
    CompareOptions,
    AblateOptions,
    TuneOptions,
)
_Defaults: Any = MetaHasTraits(
    "OptionDefaults",
    (Magics,),
    {name: OptionTrait(model, name) for model in reversed(_MODELS) for name in model.model_fields},
)


def parsed_magic(command: Command) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Wrap a method that takes a parsed line: generated help, ``-o``, and one line for every mistake of the user's."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def magic(self: LabMagics, line: str, cell: str | None = None) -> Any:
            with once() as presses:
                self._presses, self._kept = presses, None
                try:
                    return self._result(method, command, line, cell)
                except LabError as mistake:
                    presses.end()
                    raise UsageError(as_flags(" ".join(str(mistake).split()), FLAGS)) from None
                except Interrupted:
                    raise
                except KeyboardInterrupt:
                    presses.end()
                    raise Interrupted(self._why_ended()) from None
                except Exception:
                    if not presses.any:
                        raise
                    presses.end()  # a library turns an interrupt of its tracing into an error of its own
                    raise Interrupted(self._why_ended()) from None

        magic.__doc__ = command.help()
        return magic

    return decorate


def _check_name(command: Command, parsed: Parsed, variables: dict[str, Any]) -> None:
    name = parsed.extras.get("output")
    wrong = None if name is None else why_not_a_name(name, variables)
    if wrong is not None:
        raise OptionError(f"-o takes the name of a variable, got {name!r}, {wrong}; for example -o first")
    has_data = command.argument is not None and command.argument.name == "data"
    if name is not None and name in {parsed.extras.get("known"), parsed.argument if has_data else None}:
        raise OptionError(f"-o names the result, got {name!r}, the data that is read; choose another, such as -o first")


class LabMagics(_Defaults):  # type: ignore[misc]  # built from options.py, which mypy cannot see through
    """Base class of the magics: the user's variables, the runs so far and the defaults that ``%config`` has set."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell=shell)
        self.runs: dict[str, Any] = {}
        self.last: Any = None
        self.last_forecast: Any = None
        self._presses = Presses(signal.default_int_handler)
        self._kept: str | None = None

    def _result(self, method: Callable[..., Any], command: Command, line: str, cell: str | None) -> Any:
        """Parse a line and run its magic."""
        parsed = replace(command.parse(line), silent=_is_silent(line) or _is_silent(cell or ""))
        if "help" in parsed.extras:
            sys.stdout.write(command.help() + "\n")
            return None
        _check_name(command, parsed, self.shell.user_ns)
        with sent_again(), one_line_warnings("lstm_lab:", FLAGS, own=True):
            result = called_deep(partial(method, self, parsed, *(() if cell is None else (cell,))))
        self._keep(result, parsed)
        return result

    def _why_ended(self) -> str:
        """Say what an interrupted magic has kept."""
        if self._kept is None:
            return "nothing new is kept; what was there before is as it was"
        return f"the result is complete and kept as {self._kept}"

    def _shown(self, result: Any, parsed: Parsed) -> Any:
        with self._listener(parsed) as progress:
            self._finish(progress, result, parsed)
        return result

    def _finish(self, progress: Listener, result: Any, parsed: Parsed) -> None:
        """Keep a result, then show it, so that an interrupted drawing does not lose the result."""
        self._keep(result, parsed)
        try:
            progress.finish(result)
        except KeyboardInterrupt:
            self._presses.end()
            name = parsed.extras.get("output", "_")
            if name == "_":
                self.shell.displayhook.update_user_ns(result)
            self._kept = name
            raise Interrupted(f"{self._why_ended()}, but not drawn") from None

    def _keep(self, result: Any, parsed: Parsed) -> None:
        """Store a result under the name that ``-o`` gives."""
        if "output" in parsed.extras:
            self.shell.user_ns[parsed.extras["output"]] = result
            self._kept = parsed.extras["output"]

    def _options(
        self, model: type[Options], parsed: Parsed, columns: Collection[str] = (), *, without: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return the line's flags, over the defaults that ``%config`` has changed.

        A default that means nothing here is left aside, as a flag on the line would not be: those of `without`, and
        the ``delta`` of another loss than Huber's.
        """
        changed = {
            name: getattr(self, name)
            for name in model.model_fields
            if getattr(self, name) != self.traits()[name].default_value and name not in without
        }
        if parsed.values.get("loss", changed.get("loss", "huber")) != "huber":
            changed.pop("delta", None)
        return changed | resolve(parsed.of(model), model, self.shell.user_ns, words_of(columns))

    def _listener(self, parsed: Parsed) -> Listener:
        """Return the progress display; with a semicolon a notebook shows the bar, but neither view nor result."""
        if "no_display" in parsed.extras or not self.notebook:
            return listener(silent="no_display" in parsed.extras)
        return HtmlProgress() if parsed.silent else LiveProgress()

    @property
    def notebook(self) -> bool:
        """Whether the shell has a front end that draws HTML."""
        return hasattr(self.shell, "kernel")

    def silence(self, lines: list[str]) -> list[str]:
        """End the cell in a semicolon where IPython must not show a magic's result; IPython looks only there.

        So it is where the magic's own line or body ends in one, and in a notebook, where a magic has shown its result
        already. A semicolon right behind a magic's name, which IPython takes for a part of it, goes to the line.
        """
        text = "".join(lines)
        if "run_line_magic('lstm_" not in text and "run_cell_magic('lstm_" not in text:
            return lines
        text = re.sub(r"(run_line_magic\('lstm_\w+);', ''\)", r"\1', ';')", text)
        lines = text.splitlines(keepends=True)
        try:
            last = ast.parse(text).body[-1]
        except SyntaxError:
            return lines
        match last:
            case ast.Expr(value=ast.Call(args=[ast.Constant(value=str(name)), *rest]), end_lineno=int(line)):
                texts = [str(argument.value) for argument in rest if isinstance(argument, ast.Constant)]
                if name in COMMANDS and (self.notebook or any(_is_silent(argument) for argument in texts)):
                    return [*lines[: line - 1], lines[line - 1].rstrip() + ";\n", *lines[line:]]
        return lines

    def _source(self, command: Command, parsed: Parsed) -> Any:
        """Return the data that a line names."""
        if parsed.argument is None:
            example = f"{command.name} oil"
            raise OptionError(f"{command.name} needs data: a DataFrame, a file or an example; for example {example}")
        return find_source(parsed.argument, self.shell.user_ns)

    @staticmethod
    def _file(command: Command, parsed: Parsed) -> str:
        """Return the file that a line names."""
        if parsed.argument is None:
            raise OptionError(f"{command.name} needs a file; for example {command.examples[0]}")
        return parsed.argument

    def _run(self, name: str | None) -> Any:
        """Return a run by name, from those stored with ``-o`` and the variables; without a name, the last."""
        if name is None:
            if self.last is None:
                other = next(iter(self.named()), None)
                if other is not None:
                    raise RunError(f"no magic has trained or loaded a run yet; name yours, for example --run {other}")
                raise RunError("there is no run yet; train one first, for example %lstm_train oil")
            return self.last
        runs = self.named()
        if name not in runs:
            remedy = did_you_mean(name, runs) if runs else "train one first, for example %lstm_train oil -o first"
            raise RunError(f"there is no run called {name!r}; {remedy}")
        return runs[name]

    def _forecast(self, name: str | None) -> Any:
        """Return a forecast by the name of its variable; without a name, the last."""
        forecast = self.last_forecast if name is None else self.shell.user_ns.get(name)
        if hasattr(forecast, "reveal"):
            return forecast
        if name is None:
            raise RunError("there is no forecast yet; make one first, for example %lstm_forecast 30")
        raise RunError(f"{name!r} is no forecast; keep one under this name, for example %lstm_forecast 30 -o {name}")

    def named(self) -> dict[str, Any]:
        """Return the runs by name; one whose variable was deleted is forgotten, and its memory with it."""
        for name in self.runs.keys() - self.shell.user_ns.keys():
            del self.runs[name]
        return self.runs | named_runs(self.shell.user_ns)

    def _known(self, text: str | None) -> Any:
        """Return the future inputs that a line names; None where it names none."""
        return None if text is None else find_source(text, self.shell.user_ns)

    def values(self, flag: Flag, data: str | None) -> Iterable[str]:
        """Return the possible values of a flag, for TAB: columns, features, transforms, runs, tables."""
        words = words_of(() if data is None else columns_named(data, self.shell.user_ns))
        if flag.name == "ids" or (flag.name == "id" and data is None):
            return (
                tuple(map(str, self.last.dataset.ids)) if self.last is not None and self.last.dataset.is_panel else ()
            )
        if flag.name in words:
            return words[flag.name]
        if flag.name in {"run", "other"}:
            return self.named()
        if flag.name == "data":
            return sources(self.shell.user_ns)
        if flag.name == "scheme":
            return ("uniform", "linear", "exponential")
        return tables(self.shell.user_ns) if flag.name == "known" else ()


def columns_of(source: Any) -> tuple[str, ...]:
    """Return the column names of a DataFrame, after the levels of its rows where they have several; else none."""
    levels = getattr(getattr(source, "index", None), "names", ())
    names = [name for name in levels if name is not None] if len(levels) > 1 else []
    return tuple(str(column) for column in (*names, *getattr(source, "columns", ())))


def columns_named(text: str, variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the column names of the data that a word names: of a variable, a text file's first rows, or an example."""
    if text in variables:
        return columns_of(variables[text])
    import pandas as pd  # TAB alone needs it here

    from lstm_lab.data.sources.bundled import EXAMPLES, example

    path = at_home(text)
    if is_file(path):
        # A glance, which need not read all that `lstm_lab.load` can: what it cannot read has no columns to offer.
        with suppress(ValueError, OSError, EOFError, csv.Error):
            return columns_of(pd.read_csv(path, nrows=5, sep=None, engine="python"))
        return ()
    return columns_of(example(text)) if text in EXAMPLES else ()


def words_of(columns: Collection[str]) -> dict[str, Collection[str]]:
    """Return, for each free-text option, the words that are never taken for the name of a variable."""
    from lstm_lab.data.encoding.features import feature_names  # brings pandas, which %load_ext must not
    from lstm_lab.data.encoding.transforms import NAMES
    from lstm_lab.evaluation.kinds import CHANGES, KINDS
    from lstm_lab.forecasting.baselines import BASELINES

    return {
        "target": columns,
        "time": columns,
        "id": (*columns, "columns"),
        "static": columns,
        "features": (*feature_names(), *columns),
        "transform": ("auto", *NAMES),
        "max_gap": (),
        "kinds": KINDS,
        "changes": ("all", *CHANGES),
        "baselines": tuple(BASELINES),
    }


def _is_silent(text: str) -> bool:
    return text.rstrip().endswith(";") or "--no-display" in text.split("\n", 1)[0].split()
