"""The IPython magics: parse, call, return. What they do is done by one Python call each."""

from __future__ import annotations

import ast
import functools
import keyword
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class
from traitlets import MetaHasTraits, TraitError, TraitType

import lstm_lab
from lstm_lab.commands import BACKTEST, COMMANDS, COMPARE, FORECAST, GATES, LOSS, MEMORY, TRAIN, WEIGHTS
from lstm_lab.completion import complete
from lstm_lab.errors import LabError, OptionError, RunError, did_you_mean
from lstm_lab.live import LiveProgress
from lstm_lab.options import (
    BacktestOptions,
    CompareOptions,
    ForecastOptions,
    GateOptions,
    MemoryOptions,
    Options,
    TrainOptions,
)
from lstm_lab.progress import HtmlProgress, listener
from lstm_lab.variables import find_source, resolve, sources, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from IPython.core.completer import SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from lstm_lab.flags import Command, Flag, Parsed
    from lstm_lab.progress import Listener

__all__ = ["LSTMMagics", "register"]


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


_MODELS: tuple[type[Options], ...] = (TrainOptions, ForecastOptions, BacktestOptions, CompareOptions)
_Defaults: Any = MetaHasTraits(
    "OptionDefaults",
    (Magics,),
    {name: OptionTrait(model, name) for model in reversed(_MODELS) for name in model.model_fields},
)


def _face(command: Command) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Wrap a method that takes a parsed line: generated help, ``-o``, and one line for every mistake of the user's."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def magic(self: LSTMMagics, line: str, cell: str | None = None) -> Any:
            try:
                parsed = replace(command.parse(line), silent=_is_silent(line) or _is_silent(cell or ""))
                if "help" in parsed.extras:
                    sys.stdout.write(command.help() + "\n")
                    return None
                name = _checked_name(parsed)
                result = method(self, parsed) if cell is None else method(self, parsed, cell)
            except LabError as mistake:
                raise UsageError(" ".join(str(mistake).split())) from None
            if name is not None:
                self.shell.user_ns[name] = result
            return result

        magic.__doc__ = command.help()
        return magic

    return decorate


def _checked_name(parsed: Parsed) -> str | None:
    name = parsed.extras.get("output")
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise OptionError(f"-o takes the name of a variable, got {name!r}; for example -o first")
    return name


@magics_class
class LSTMMagics(_Defaults):  # type: ignore[misc]  # built from options.py, which mypy cannot see through
    """Defaults of the lstm_lab magics; a flag on the line overrides them."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell=shell)
        self.runs: dict[str, Any] = {}
        self.last: Any = None

    @line_cell_magic
    @_face(TRAIN)
    def lstm_train(self, parsed: Parsed, cell: str = "") -> Any:
        """Train a network; the runs so far stay as they are until it has succeeded."""
        if parsed.place is None:
            raise OptionError("%lstm_train needs data: a DataFrame, a file or an example; for example %lstm_train oil")
        source = find_source(parsed.place, self.shell.user_ns)
        name = parsed.extras.get("output")
        stack = {"stack": cell, "namespace": self.shell.user_ns} if cell.strip() else {}
        options = self._chosen_weights(parsed) | self._options(TrainOptions, parsed, _columns(source))
        with self._listener(parsed) as heard:
            run = lstm_lab.train(source, listener=heard, stop=heard.stop, name=name, **stack, **options)
            heard.finish(run)
        _next_weights().clear()
        self.last = run
        if name is not None:
            self.runs[name] = run
        return run

    @line_magic
    @_face(FORECAST)
    def lstm_forecast(self, parsed: Parsed) -> Any:
        """Forecast with a run."""
        run = self._run(parsed.extras.get("run"))
        options = self._options(ForecastOptions, parsed) | {"known": self._known(parsed.extras.get("known"))}
        with self._listener(parsed) as heard:
            forecast = run.forecast(listener=heard, stop=heard.stop, **options)
            heard.finish(forecast)
            # The same seed draws the same first paths: the view keeps those it has.
            heard.offer(lambda paths, told: run.forecast(listener=told, stop=heard.stop, **options | {"paths": paths}))
        return forecast

    @line_magic
    @_face(BACKTEST)
    def lstm_backtest(self, parsed: Parsed) -> Any:
        """Judge a run."""
        run = self._run(parsed.extras.get("run"))
        longer = None if parsed.place is None else find_source(parsed.place, self.shell.user_ns)
        options = self._options(ForecastOptions, parsed) | self._options(BacktestOptions, parsed)
        with self._listener(parsed) as heard:
            result = lstm_lab.backtest(run, longer, listener=heard, stop=heard.stop, **options)
            heard.finish(result)
        return result

    @line_magic
    @_face(COMPARE)
    def lstm_compare(self, parsed: Parsed) -> Any:
        """Compare kinds of model."""
        if parsed.place is None:
            raise OptionError("%lstm_compare needs data: a DataFrame, a file or an example; such as %lstm_compare co2")
        source = find_source(parsed.place, self.shell.user_ns)
        options = self._options(ForecastOptions, parsed) | self._options(TrainOptions, parsed, _columns(source))
        if "seed" not in parsed.values:  # one that %config has set is not this magic's: it has --seeds
            options.pop("seed", None)
        options |= self._options(CompareOptions, parsed)
        with self._listener(parsed) as heard:
            result = lstm_lab.compare(source, listener=heard, stop=heard.stop, **options)
            heard.finish(result)
        return result

    @line_magic
    @_face(GATES)
    def lstm_gates(self, parsed: Parsed) -> Any:
        """Look inside a run."""
        run = self._run(parsed.extras.get("run"))
        with self._listener(parsed) as heard:
            trace = run.gates(**resolve(parsed.of(GateOptions), GateOptions, self.shell.user_ns, {"at": ()}))
            heard.finish(trace)
        return trace

    @line_magic
    @_face(MEMORY)
    def lstm_memory(self, parsed: Parsed) -> Any:
        """Measure how far networks remember; its units and seed are its own, so %config of a training's are not."""
        run = self._run(parsed.extras.get("run"))
        options = resolve(parsed.of(MemoryOptions), MemoryOptions, self.shell.user_ns, {})
        with self._listener(parsed) as heard:
            memory = run.memory(listener=heard, stop=heard.stop, **options)
            heard.finish(memory)
        return memory

    @line_magic
    @_face(WEIGHTS)
    def lstm_weights(self, parsed: Parsed) -> Any:
        """Show the weights of a run's training windows."""
        from lstm_lab.studies.choices import Weighting, weighting  # noqa: PLC0415 - a run is there, %load_ext is over

        own = weighting(self._run(parsed.extras.get("run")))
        return self._shown(own if parsed.place is None else Weighting(own.index, parsed.place), parsed)

    @line_magic
    @_face(LOSS)
    def lstm_loss(self, parsed: Parsed) -> Any:
        """Show the losses over a run's residuals."""
        from lstm_lab.studies.choices import residual_losses  # noqa: PLC0415 - likewise

        return self._shown(residual_losses(self._run(parsed.extras.get("run"))), parsed)

    def _shown(self, result: Any, parsed: Parsed) -> Any:
        with self._listener(parsed) as heard:
            heard.finish(result)
        return result

    def _chosen_weights(self, parsed: Parsed) -> dict[str, Any]:
        """Take up the weights that somebody chose in a view for this training, and say so; a flag overrides them."""
        chosen = _next_weights().get()
        if chosen is None or "weights" in parsed.values:
            return {}
        if "no_display" not in parsed.extras:
            sys.stdout.write(f"Using --weights {chosen}, as chosen in the weight curve.\n")
        return {"weights": chosen}

    def _options(self, model: type[Options], parsed: Parsed, columns: Collection[str] = ()) -> dict[str, Any]:
        """Put the line's flags over the defaults that ``%config`` has changed."""
        changed = {
            name: getattr(self, name)
            for name, field in model.model_fields.items()
            if getattr(self, name) != field.default
        }
        return changed | resolve(parsed.of(model), model, self.shell.user_ns, _words(columns))

    def _listener(self, parsed: Parsed) -> Listener:
        """Choose what shows the work; a semicolon leaves a notebook its bar, but neither view nor result."""
        if "no_display" in parsed.extras or not self.notebook:
            return listener(silent="no_display" in parsed.extras)
        return HtmlProgress() if parsed.silent else LiveProgress()

    @property
    def notebook(self) -> bool:
        """Whether a front end that draws HTML is listening."""
        return hasattr(self.shell, "kernel")

    def silence(self, lines: list[str]) -> list[str]:
        """End the cell in a semicolon where IPython is to show nothing of a magic's result; it looks only there.

        So it is where the magic's own line or body ends in one, and in a notebook, where a magic with a live view has
        shown its result already.
        """
        text = "".join(lines)
        if "run_line_magic('lstm_" not in text and "run_cell_magic('lstm_" not in text:
            return lines
        try:
            last = ast.parse(text).body[-1]
        except SyntaxError:
            return lines
        match last:
            case ast.Expr(value=ast.Call(args=[ast.Constant(value=str(name)), *rest]), end_lineno=int(line)):
                said = [str(argument.value) for argument in rest if isinstance(argument, ast.Constant)]
                if name in COMMANDS and (self.notebook or any(_is_silent(argument) for argument in said)):
                    return [*lines[: line - 1], lines[line - 1].rstrip() + ";\n", *lines[line:]]
        return lines

    def _run(self, name: str | None) -> Any:
        """Find a run by name, among those stored with ``-o`` and the variables; without a name, the last."""
        if name is None:
            if self.last is None:
                raise RunError("there is no run yet; train one first, for example %lstm_train oil")
            return self.last
        runs = self._runs()
        if name not in runs:
            remedy = did_you_mean(name, runs) if runs else "train one first, for example %lstm_train oil -o first"
            raise RunError(f"there is no run called {name!r}; {remedy}")
        return runs[name]

    def _runs(self) -> dict[str, Any]:
        variables = self.shell.user_ns.items()
        named = {name: value for name, value in variables if type(value).__name__ == "Run" and not name.startswith("_")}
        return self.runs | named

    def _known(self, name: str | None) -> Any:
        if name is None:
            return None
        names = tables(self.shell.user_ns)
        if name not in names:
            raise OptionError(f"--known takes the name of a DataFrame, got {name!r}; {did_you_mean(name, names)}")
        return self.shell.user_ns[name]

    def values(self, flag: Flag, place: str | None) -> Iterable[str]:
        """Name what a flag may hold, for TAB: columns, features, transforms, runs, tables."""
        words = _words(_columns(self.shell.user_ns.get(place)))
        if flag.name in words:
            return words[flag.name]
        if flag.name == "run":
            return self._runs()
        if flag.name == "data":
            return sources(self.shell.user_ns)
        if flag.name == "scheme":
            return ("uniform", "linear", "exponential")
        return tables(self.shell.user_ns) if flag.name == "known" else ()


def _next_weights() -> Any:
    """Give the choice that the weight curve's button makes."""
    from lstm_lab.widgets.chosen import next_weights  # noqa: PLC0415 - what a view needs is imported with the first

    return next_weights


def _columns(source: Any) -> tuple[str, ...]:
    return tuple(str(column) for column in getattr(source, "columns", ()))


def _words(columns: Collection[str]) -> dict[str, Collection[str]]:
    """Give the free-text options the words that have a meaning of their own, whatever the user's variables."""
    from lstm_lab.data.features import feature_names  # noqa: PLC0415 - brings pandas, which %load_ext must not
    from lstm_lab.data.transforms import NAMES  # noqa: PLC0415 - likewise
    from lstm_lab.forecasting.baselines import BASELINES  # noqa: PLC0415 - likewise
    from lstm_lab.studies.kinds import KINDS  # noqa: PLC0415 - likewise

    return {
        "target": columns,
        "time": columns,
        "features": (*feature_names(), *columns),
        "transform": ("auto", *NAMES),
        "max_gap": (),
        "kinds": KINDS,
        "baselines": tuple(BASELINES),
    }


def _is_silent(text: str) -> bool:
    return text.rstrip().endswith(";") or "--no-display" in text.split("\n", 1)[0].split()


def register(shell: InteractiveShell) -> LSTMMagics:
    """Register the magics, their completion and their semicolon; registering again replaces the earlier ones.

    Parameters
    ----------
    shell
        The running IPython.

    Returns
    -------
    LSTMMagics
        The registered magics.
    """
    magics = LSTMMagics(shell)
    shell.register_magics(magics)

    @context_matcher(identifier="lstm_lab")  # type: ignore[untyped-decorator]  # IPython gives it no types
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        found = complete(context.text_until_cursor, COMMANDS, magics.values)
        if found is None:
            return {"completions": []}
        return {
            "completions": [SimpleCompletion(text, type="param") for text in found.candidates],
            "matched_fragment": found.fragment,
            "suppress": True,
            "do_not_suppress": {"IPCompleter.file_matcher"} if found.files else set(),
        }

    matchers = shell.Completer.custom_matchers
    matchers[:] = [other for other in matchers if getattr(other, "matcher_identifier", "") != "lstm_lab"]
    matchers.append(matcher)
    transformers = shell.input_transformers_post
    transformers[:] = [other for other in transformers if getattr(other, "__func__", None) is not LSTMMagics.silence]
    transformers.append(magics.silence)
    return magics
