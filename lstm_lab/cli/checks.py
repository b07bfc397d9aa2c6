"""Checks of files, columns and names that run before TensorFlow is imported, which takes seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_lab.cli.commands import DEMO, RESUME, RUN
from lstm_lab.errors import OptionError, RunError
from lstm_lab.notebook.namespace import find_source
from lstm_lab.options import (
    AblateOptions,
    BacktestOptions,
    CompareOptions,
    ForecastOptions,
    InputOptions,
    ResumeOptions,
    RunForecastOptions,
    TrainOptions,
    TuneOptions,
)
from lstm_lab.storage.names import at_home, exists, is_file, is_same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lstm_lab.data.dataset import Dataset
    from lstm_lab.options.flags import Command, Parsed
    from lstm_lab.run import Run

__all__ = ["check_longer", "check_outputs", "check_run_file", "check_work", "known_of"]

_NAMES = 10_000
"""Characters of a table's first line that are looked at."""


def check_work(command: Command, data: Any, parsed: Parsed) -> None:
    """Prepare the data as the command will, and check every name among its options.

    Parameters
    ----------
    command
        The command that is about to run.
    data
        The file or frame it works on.
    parsed
        The parsed command line.

    Raises
    ------
    LabError
        What the command itself would raise: one line with the remedy.
    """
    if ResumeOptions in command.models:  # the rows are in the file of the run, and were checked before it was written
        return
    # pandas comes with these, which the help of a command need not wait for.
    from lstm_lab.data.preparation import prepare
    from lstm_lab.evaluation.kinds import check_baselines, check_changes, check_kinds
    from lstm_lab.evaluation.proposals import check_optuna

    if CompareOptions in command.models:
        check_kinds(CompareOptions.of(parsed.of(CompareOptions)).kinds)
    if AblateOptions in command.models:
        check_changes(AblateOptions.of(parsed.of(AblateOptions)).changes)
    if TuneOptions in command.models:
        check_optuna()
    model = TrainOptions if TrainOptions in command.models else InputOptions
    options = model.of(parsed.of(model))
    if BacktestOptions in command.models:
        backtest = BacktestOptions.of(parsed.of(BacktestOptions))
        check_baselines(backtest.baselines)
        for name in backtest.known:
            if name not in options.features:
                raise OptionError(
                    f"--known names input columns, got {name!r}, which is none of --features; add it there too"
                )
    dataset = prepare(data, options).dataset
    if command in (RUN, DEMO):
        training = TrainOptions.of(parsed.of(TrainOptions))
        _check_forecast(dataset, training, parsed, known_of(parsed, training))


def known_of(parsed: Parsed, options: InputOptions) -> dict[str, Any]:
    """Read the future values of inputs before training starts, so that a missing file is reported at once."""
    if "known" not in parsed.extras:
        return {}
    from lstm_lab.data.preparation import text_reading
    from lstm_lab.data.sources.loading import table_of  # brings pandas, which --help need not

    return {"known": table_of(find_source(parsed.extras["known"], {}), **text_reading(options))}


def check_longer(run: Run, parsed: Parsed, known: dict[str, Any]) -> None:
    """Check the forecast of a run that is about to be trained on."""
    from lstm_lab.data.preparation import recut

    rollout = _check_forecast(recut(run.dataset, run.options), run.options, parsed, known).rollout
    run.simulator.allowed(rollout, "state")


def _check_forecast(dataset: Dataset, training: TrainOptions, parsed: Parsed, known: dict[str, Any]) -> ForecastOptions:
    """Refuse what the forecast after a training would refuse, when the training would be lost."""
    from lstm_lab.forecasting.arguments import check_forecast

    chosen = RunForecastOptions.of(parsed.of(RunForecastOptions))
    options = chosen.resolved()
    check_forecast(dataset, training, options, ids=chosen.ids, **known)
    return options


def check_run_file(path: str) -> None:
    """Raise `RunError` where the file of a run does not exist."""
    if not is_file(at_home(path)):
        raise RunError(f"there is no file {path}; lstm-lab run --out {Path(path).with_suffix('.lstm').name} writes one")


def check_outputs(command: Command, parsed: Parsed, outputs: Iterable[Path]) -> None:
    """Raise `OptionError` where a file to write is one of those that are read, or a table that is no forecast's.

    A run that is trained on may be replaced by the longer one, as the help of ``lstm-lab resume`` says.
    """
    named = [parsed.extras[name] for name in ("newer", "known") if name in parsed.extras]
    folder = parsed.extras.get("data")
    for output in outputs:
        is_kept = command is not RESUME or output.suffix.lower() != ".lstm"
        inputs = [*named, parsed.argument] if is_kept and parsed.argument is not None else named
        is_read = any(is_same(output, file) for file in inputs)
        if folder is not None and exists(output):
            is_read |= at_home(output).resolve().is_relative_to(at_home(folder).resolve())
        if is_read:
            raise OptionError(f"a file that is read is not replaced, got {str(output)!r} to write; choose another name")
        if command in (RUN, RESUME, DEMO) and output.suffix.lower() == ".csv" and is_file(output):
            _refuse_other_table(output)


def _refuse_other_table(file: Path) -> None:
    """Refuse to put a forecast in the place of a table that is none, such as the data of a saved run."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        names = lines.readline(_NAMES).strip()
    if names and "median" not in names.split(","):
        shown = names if len(names) <= 60 else f"{names[:60]} ..."
        raise OptionError(
            f"--out replaces the table of a forecast, got {str(file)!r}, which holds {shown!r}; choose another name"
        )
