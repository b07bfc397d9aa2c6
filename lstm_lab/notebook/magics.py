"""The IPython magics: each parses its line and makes one Python call."""

from __future__ import annotations

import sys
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher
from IPython.core.magic import line_cell_magic, line_magic, magics_class
from IPython.display import display

import lstm_lab
from lstm_lab.errors import ForecastError, OptionError
from lstm_lab.notebook.base import LabMagics, columns_of, parsed_magic, words_of
from lstm_lab.notebook.commands import (
    ABLATE,
    BACKTEST,
    CELL,
    COMMANDS,
    COMPARE,
    COMPARE_RUNS,
    EXPORT,
    FEATURES,
    FIND,
    FORECAST,
    GATES,
    LAB,
    LEARNING,
    LESSON,
    LOAD,
    LOSS,
    MEMORY,
    RESUME,
    REVEAL,
    RUNS,
    SAVE,
    SPREAD,
    TRAIN,
    TUNE,
    WEIGHTS,
)
from lstm_lab.notebook.completion import complete
from lstm_lab.notebook.namespace import find_source, python_source, resolve
from lstm_lab.notebook.one_line_warnings import warn_in_one_line
from lstm_lab.options import (
    AblateOptions,
    BacktestOptions,
    CellOptions,
    CompareOptions,
    ExportOptions,
    FindOptions,
    ForecastOptions,
    GateOptions,
    InputOptions,
    MemoryOptions,
    ResumeOptions,
    RunForecastOptions,
    TrainOptions,
    TrialOptions,
    TuneOptions,
)
from lstm_lab.options.training import STACK_OPTIONS

if TYPE_CHECKING:
    from IPython.core.completer import SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from lstm_lab.options.flags import Command, Parsed


__all__ = ["LSTMMagics", "register"]


@magics_class
class LSTMMagics(LabMagics):
    """Defaults of the lstm_lab magics; a flag on the line overrides them."""

    @line_cell_magic
    @parsed_magic(TRAIN)
    def lstm_train(self, parsed: Parsed, cell: str = "") -> Any:
        """Train a network; the runs so far stay as they are until it has succeeded."""
        source = self._source(TRAIN, parsed)
        name = parsed.extras.get("output")
        stack = {"stack": cell, "namespace": self.shell.user_ns} if cell.strip() else {}
        unused = STACK_OPTIONS if stack else ()
        options = self._chosen_weights(parsed) | self._options(TrainOptions, parsed, columns_of(source), without=unused)
        with self._listener(parsed) as progress:
            told: Any = {"listener": progress, "stop": progress.stop, "name": name, "watch": "watch" in parsed.extras}
            run = lstm_lab.train(source, **told, **stack, **options)
            self._take(run, name)
            _next_weights().clear()
            self._finish(progress, run, parsed)
        return run

    @line_magic
    @parsed_magic(RESUME)
    def lstm_resume(self, parsed: Parsed) -> Any:
        """Train a run on; epochs, rate, patience and seed are not taken from %config, which sets a training's."""
        run = self._run(parsed.extras.get("run"))
        newer = None if parsed.argument is None else find_source(parsed.argument, self.shell.user_ns)
        options = resolve(parsed.of(ResumeOptions), ResumeOptions, self.shell.user_ns, {})
        name = parsed.extras.get("output")
        with self._listener(parsed) as progress:
            told: Any = {"listener": progress, "stop": progress.stop, "name": name, "watch": "watch" in parsed.extras}
            longer = run.resume(newer, **told, **options)
            self._take(longer, name)
            self._finish(progress, longer, parsed)
        return longer

    @line_magic
    @parsed_magic(FEATURES)
    def lstm_features(self, parsed: Parsed) -> Any:
        """Look at what a network would be given."""
        source = self._source(FEATURES, parsed)
        options = self._options(InputOptions, parsed, columns_of(source))
        return self._shown(lstm_lab.features(source, **options), parsed)

    @line_magic
    @parsed_magic(FORECAST)
    def lstm_forecast(self, parsed: Parsed) -> Any:
        """Forecast with a run."""
        run = self._run(parsed.extras.get("run"))
        options = self._options(ForecastOptions, parsed) | {"known": self._known(parsed.extras.get("known"))}
        if "ids" in parsed.values:
            named = {"ids": parsed.values["ids"]}
            words = {"ids": tuple(map(str, run.dataset.ids))}
            options |= resolve(named, RunForecastOptions, self.shell.user_ns, words)
        with self._listener(parsed) as progress:
            forecast = self.last_forecast = run.forecast(listener=progress, stop=progress.stop, **options)
            self._finish(progress, forecast, parsed)
            # The same seed draws the same first paths: the view keeps those it has.
            progress.offer(
                lambda paths, listener: run.forecast(
                    listener=listener, stop=progress.stop, **options | {"paths": paths}
                )
            )
        return forecast

    @line_magic
    @parsed_magic(SPREAD)
    def lstm_spread(self, parsed: Parsed) -> Any:
        """Show where the spread of a forecast comes from."""
        run = self._run(parsed.extras.get("run"))
        options = self._options(ForecastOptions, parsed) | {"known": self._known(parsed.extras.get("known"))}
        with self._listener(parsed) as progress:
            result = run.spread(listener=progress, stop=progress.stop, **options)
            self._finish(progress, result, parsed)
        return result

    @line_magic
    @parsed_magic(REVEAL)
    def lstm_reveal(self, parsed: Parsed) -> Any:
        """Reveal what happened after a forecast."""
        forecast = self._forecast(parsed.extras.get("forecast"))
        source = self._source(REVEAL, parsed)
        many = hasattr(forecast, "ids")
        columns = dict(zip(("id", "time"), forecast.names, strict=True)) | {"target": forecast.target} if many else {}
        actual = self._happened(source, parsed, columns) if isinstance(source, str | PathLike) else source
        names = [name.strip() for name in parsed.extras.get("beside", "").split(",") if name.strip()]
        if many and names:
            one = f"fcs[{next(iter(forecast))!r}].reveal(actual, beside=other)"
            raise OptionError(f"--beside is for forecasts of one series, got one of many; leave it out, or use {one}")
        options = {} if many else {"beside": {name: self._forecast(name) for name in names}}
        try:
            revealed = forecast.reveal(actual, shown="shown" in parsed.extras, **options)
        except ForecastError as mistake:
            if not isinstance(source, str | PathLike) or "shares no " not in str(mistake):
                raise
            common = str(mistake).split(";", maxsplit=1)[0]
            raise OptionError(f"{common}; name the column of the file's times, such as --time day") from None
        return self._shown(revealed, parsed)

    @staticmethod
    def _happened(source: str | PathLike[str], parsed: Parsed, columns: dict[str, Any]) -> Any:
        """Read what happened from a file; its flags are those of the remedies that reading it may name.

        Of many series the columns are called as those of the forecast, unless flags say otherwise.
        """
        options = columns | {name: parsed.extras[name] for name in ("id", "time") if name in parsed.extras}
        if "dayfirst" in parsed.extras:
            options["dayfirst"] = parsed.extras["dayfirst"] == "on"
        return lstm_lab.load(source, **options)

    @line_magic
    @parsed_magic(BACKTEST)
    def lstm_backtest(self, parsed: Parsed) -> Any:
        """Backtest a run."""
        run = self._run(parsed.extras.get("run"))
        longer = None if parsed.argument is None else find_source(parsed.argument, self.shell.user_ns)
        options = self._options(ForecastOptions, parsed) | self._options(BacktestOptions, parsed)
        with self._listener(parsed) as progress:
            result = lstm_lab.backtest(run, longer, listener=progress, stop=progress.stop, **options)
            self._finish(progress, result, parsed)
        return result

    @line_magic
    @parsed_magic(COMPARE)
    def lstm_compare(self, parsed: Parsed) -> Any:
        """Compare kinds of model."""
        return self._study(COMPARE, CompareOptions, parsed)

    @line_magic
    @parsed_magic(ABLATE)
    def lstm_ablate(self, parsed: Parsed) -> Any:
        """Measure the effect of single changes to a training."""
        return self._study(ABLATE, AblateOptions, parsed)

    @line_magic
    @parsed_magic(TUNE)
    def lstm_tune(self, parsed: Parsed) -> Any:
        """Search over options of a training."""
        return self._study(TUNE, TuneOptions, parsed)

    def _study(self, command: Command, model: type[TrialOptions], parsed: Parsed) -> Any:
        """Train several networks and judge them, by the function that the magic is named after."""
        source = self._source(command, parsed)
        unused = ("checkpoint_seconds", "cell") if command is COMPARE else ("checkpoint_seconds",)
        options = self._options(ForecastOptions, parsed)
        options |= self._options(TrainOptions, parsed, columns_of(source), without=unused)
        if "seed" not in parsed.values:  # one that %config has set is not a study's: it has --seeds
            options.pop("seed", None)
        options |= self._options(model, parsed)
        study = getattr(lstm_lab, command.name.removeprefix("%lstm_"))
        with self._listener(parsed) as progress:
            result = study(source, listener=progress, stop=progress.stop, **options)
            if command is TUNE:
                word = str(parsed.argument)
                code = python_source(word, self.shell.user_ns)
                result = replace(result, word=word, source=code, copied=("cell", "call"))
            self._finish(progress, result, parsed)
        return result

    @line_magic
    @parsed_magic(GATES)
    def lstm_gates(self, parsed: Parsed) -> Any:
        """Trace the gates of a run."""
        run = self._run(parsed.extras.get("run"))
        with self._listener(parsed) as progress:
            trace = run.gates(**resolve(parsed.of(GateOptions), GateOptions, self.shell.user_ns, {"at": ()}))
            self._finish(progress, trace, parsed)
        return trace

    @line_magic
    @parsed_magic(CELL)
    def lstm_cell(self, parsed: Parsed) -> Any:
        """Show a recurrent cell of a run."""
        run = self._run(parsed.extras.get("run"))
        options = resolve(parsed.of(CellOptions), CellOptions, self.shell.user_ns, {"at": ()})
        with self._listener(parsed) as progress:
            cell = run.cell(**options)
            self._finish(progress, cell, parsed)
        return cell

    @line_magic
    @parsed_magic(FIND)
    def lstm_find(self, parsed: Parsed) -> Any:
        """Find again what the network of a run did inside."""
        run = self._run(parsed.extras.get("run"))
        options = resolve(parsed.of(FindOptions), FindOptions, self.shell.user_ns, {"at": ()})
        with self._listener(parsed) as progress:
            found = run.find(**options)
            self._finish(progress, found, parsed)
        return found

    @line_cell_magic
    @parsed_magic(LESSON)
    def lstm_lesson(self, parsed: Parsed, cell: str = "") -> Any:
        """Give a lesson about a run."""
        run = self._run(parsed.extras.get("run"))
        if cell.strip() and parsed.argument is not None:
            raise OptionError(f"a lesson is a file or the lines of the cell, got both; leave out {parsed.argument}")
        source = f"{cell.strip()}\n" if cell.strip() else parsed.argument
        with self._listener(parsed) as progress:
            lesson = run.lesson(source, id=parsed.extras.get("id"))
            self._finish(progress, lesson, parsed)
        return lesson

    @line_magic
    @parsed_magic(LEARNING)
    def lstm_learning(self, parsed: Parsed) -> Any:
        """Show what a training looked like, epoch by epoch."""
        return self._shown(self._run(parsed.extras.get("run")).learning, parsed)

    @line_magic
    @parsed_magic(MEMORY)
    def lstm_memory(self, parsed: Parsed) -> Any:
        """Measure how far networks remember; units and seed are not taken from %config, which sets a training's."""
        run = self._run(parsed.extras.get("run"))
        options = resolve(parsed.of(MemoryOptions), MemoryOptions, self.shell.user_ns, {})
        with self._listener(parsed) as progress:
            memory = run.memory(listener=progress, stop=progress.stop, **options)
            self._finish(progress, memory, parsed)
        return memory

    @line_magic
    @parsed_magic(WEIGHTS)
    def lstm_weights(self, parsed: Parsed) -> Any:
        """Show the weights of the training windows of a run, or of data before any."""
        from lstm_lab.diagnostics.tiny_trial import TinyTrial
        from lstm_lab.diagnostics.training_choices import SCHEMES, Weighting, weighting

        scheme, data = parsed.extras.get("scheme"), parsed.argument
        if data is not None and data not in self.shell.user_ns and data.split(":")[0] in {*SCHEMES, "column"}:
            scheme, data = data, None
        if scheme is not None:
            TrainOptions.of({"weights": scheme})  # refuses an unknown one before any data are read
        if data is not None:
            source, options = self._untrained(WEIGHTS, parsed)
            return self._shown(lstm_lab.preview_weights(source, scheme or "uniform", **options), parsed)
        run = self._trained(WEIGHTS, parsed)
        own, trial = weighting(run.dataset), TinyTrial.of(run)
        shown = own if scheme in {None, own.scheme} else Weighting(own.index, scheme)
        return self._shown(replace(shown, trial=trial), parsed)

    @line_magic
    @parsed_magic(LOSS)
    def lstm_loss(self, parsed: Parsed) -> Any:
        """Show the losses over the residuals of a run, or over the naive forecast's errors before any."""
        from lstm_lab.diagnostics.tiny_trial import TinyTrial
        from lstm_lab.diagnostics.training_choices import residual_losses

        given = {name: parsed.extras[name] for name in ("loss", "delta") if name in parsed.extras}
        chosen = TrainOptions.of(given)
        if parsed.argument is not None:
            source, options = self._untrained(LOSS, parsed)
            return self._shown(lstm_lab.preview_losses(source, chosen.loss, chosen.delta, **options), parsed)
        run = self._trained(LOSS, parsed)
        loss = chosen.loss if "loss" in given else run.options.loss
        delta = chosen.delta if "delta" in given else run.options.delta
        losses = residual_losses(run.fitted, loss, delta)
        return self._shown(replace(losses, trial=TinyTrial.of(run)), parsed)

    def _untrained(self, command: Command, parsed: Parsed) -> tuple[Any, dict[str, Any]]:
        """Return the data that a preview is of, and how they are read."""
        if "run" in parsed.extras:
            raise OptionError(f"{command.name} shows data or a run, got both; leave out --run or {parsed.argument}")
        source = self._source(command, parsed)
        return source, self._options(InputOptions, parsed, columns_of(source))

    def _trained(self, command: Command, parsed: Parsed) -> Any:
        """Return the run that is shown where no data are named; flags of data have no meaning then."""
        if parsed.values:
            flag = f"--{next(iter(parsed.values)).replace('_', '-')}"
            raise OptionError(f"{flag} belongs to data, and none are named; for example {command.name} oil {flag} ...")
        return self._run(parsed.extras.get("run"))

    @line_magic
    @parsed_magic(SAVE)
    def lstm_save(self, parsed: Parsed) -> Any:
        """Write a run to a file."""
        file = self._file(SAVE, parsed)
        path = self._run(parsed.extras.get("run")).save(file)
        if "no_display" not in parsed.extras:
            sys.stdout.write(f"{path} ({path.stat().st_size / 1000:,.0f} kB)\n")
        return path

    @line_magic
    @parsed_magic(LOAD)
    def lstm_load(self, parsed: Parsed) -> Any:
        """Read a run from a file."""
        run = lstm_lab.load_run(self._file(LOAD, parsed))
        name = parsed.extras.get("output")
        self._take(run if name is None else replace(run, name=name), name)
        return self._shown(self.last, parsed)

    @line_magic
    @parsed_magic(EXPORT)
    def lstm_export(self, parsed: Parsed) -> Any:
        """Write a run's network for a small device."""
        options = resolve(parsed.of(ExportOptions), ExportOptions, self.shell.user_ns, {})
        ExportOptions.of(options)  # a switch may have swallowed the file: that is to be said, not that it is missing
        file = self._file(EXPORT, parsed)
        return self._shown(self._run(parsed.extras.get("run")).export(file, **options), parsed)

    @line_magic
    @parsed_magic(RUNS)
    def lstm_runs(self, parsed: Parsed) -> Any:
        """List the runs."""
        from lstm_lab.notebook.run_table import run_table  # brings pandas, which %load_ext must not

        return self._shown(run_table(self.named(), self.last), parsed)

    @line_magic
    @parsed_magic(COMPARE_RUNS)
    def lstm_compare_runs(self, parsed: Parsed) -> Any:
        """Show trained runs beside each other."""
        others = [name.strip() for name in parsed.extras.get("other", "").split(",") if name.strip()]
        names = [name for name in (parsed.argument, *others) if name is not None]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise OptionError(f"{COMPARE_RUNS.name} takes each run once, got {twice!r} twice; name another run")
        if len(names) < 2:
            example = COMPARE_RUNS.examples[0]
            raise OptionError(f"{COMPARE_RUNS.name} needs two runs or more, got {len(names)}; for example {example}")
        runs = {name: self._run(name) for name in names}
        options = self._options(ForecastOptions, parsed)
        with self._listener(parsed) as progress:
            result = lstm_lab.compare_runs(runs, listener=progress, stop=progress.stop, **options)
            self._finish(progress, result, parsed)
        return result

    @line_magic
    @parsed_magic(LAB)
    def lstm_lab(self, parsed: Parsed) -> Any:
        """Open the dashboard."""
        if not self.notebook:
            sys.stdout.write(
                "%lstm_lab needs a notebook, as JupyterLab or Notebook 7 show it; here %lstm_train, %lstm_forecast, "
                "%lstm_gates and %lstm_backtest do the same\n"
            )
            return None
        source = None if parsed.argument is None else find_source(parsed.argument, self.shell.user_ns)
        words = words_of(columns_of(source))
        options = [resolve(parsed.of(model), model, self.shell.user_ns, words) for model in LAB.models]
        board = lstm_lab.dashboard(parsed.argument, **options[0] | options[1])
        if not (parsed.silent or "no_display" in parsed.extras):
            display(board)  # type: ignore[no-untyped-call]  # IPython's
        return board

    def _take(self, run: Any, name: str | None) -> None:
        """Store a run as the last one, under its name."""
        self.last = run
        if name is not None:
            self.runs[name] = run

    def _chosen_weights(self, parsed: Parsed) -> dict[str, Any]:
        """Return the weights chosen in a weight curve for this training, and print them; a flag overrides them."""
        chosen = _next_weights().get()
        if chosen is None or "weights" in parsed.values:
            return {}
        if "no_display" not in parsed.extras:
            sys.stdout.write(f"Using --weights {chosen}, as chosen in the weight curve.\n")
        return {"weights": chosen}


def _next_weights() -> Any:
    """Return the holder of the choice made with the weight curve's button."""
    from lstm_lab.widgets.next_training import next_weights  # what a view needs is imported with the first

    return next_weights


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
    warn_in_one_line()

    @context_matcher(identifier="lstm_lab")  # type: ignore[untyped-decorator]  # IPython gives it no types
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        completion = complete(context.text_until_cursor, COMMANDS, magics.values)
        if completion is None:
            return {"completions": []}
        return {
            "completions": [SimpleCompletion(text, type="param") for text in completion.candidates],
            "matched_fragment": completion.fragment,
            "suppress": True,
            "do_not_suppress": {"IPCompleter.file_matcher"} if completion.files else set(),
        }

    matchers = shell.Completer.custom_matchers
    matchers[:] = [other for other in matchers if getattr(other, "matcher_identifier", "") != "lstm_lab"]
    matchers.append(matcher)
    transformers = shell.input_transformers_post
    transformers[:] = [other for other in transformers if getattr(other, "__func__", None) is not LSTMMagics.silence]
    transformers.append(magics.silence)
    # The cell that loads the extension was read before there was a transformer; IPython looks there for its semicolon.
    read = getattr(shell.history_manager, "input_hist_parsed", [])
    if read:
        read[-1] = "".join(magics.silence(read[-1].splitlines(keepends=True)))
    return magics
