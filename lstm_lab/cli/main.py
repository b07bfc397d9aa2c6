"""The command ``lstm-lab``: the quickstart in JupyterLab, or a whole forecast in the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import lstm_lab
from lstm_lab.cli.checks import check_longer, check_outputs, check_run_file, check_work, known_of
from lstm_lab.cli.commands import (
    ABLATE,
    BACKTEST,
    BENCH,
    COMPARE,
    DEMO,
    EXPORT,
    FEATURES,
    FLAGS,
    LAB,
    RESUME,
    RUN,
    TUNE,
)
from lstm_lab.cli.streams import OutputError, discard_output, open_streams, say
from lstm_lab.errors import DataError, LabError, OptionError, RunError, did_you_mean
from lstm_lab.notebook.namespace import find_source
from lstm_lab.notebook.one_line_warnings import one_line_warnings
from lstm_lab.options import ExportOptions, ResumeOptions, RunForecastOptions, TrainOptions, split_commas
from lstm_lab.options.spelling import as_flags
from lstm_lab.progress import listener
from lstm_lab.storage.atomic_files import write_text
from lstm_lab.storage.names import at_home, exists, is_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from lstm_lab.options.flags import Command, Parsed
    from lstm_lab.progress import Listener

__all__ = ["main"]

NOTEBOOK = "01-quickstart.ipynb"
_ENDINGS = (".png", ".csv", ".html")
_IDS = 10
"""Ids of many series whose next step is printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        The words after ``lstm-lab``; by default those of this process.

    Returns
    -------
    int
        Exit status: 0, or 2 for a mistake that one line on stderr explains, or 1 where stdout is closed or full, or 130
        after Ctrl-C, or 141 where the reader of stdout has gone, as for a program ended by SIGPIPE.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        open_streams()
        with one_line_warnings("lstm-lab:", FLAGS):
            status = _dispatch(words)
        say("")
    except LabError as mistake:
        print("lstm-lab:", as_flags(" ".join(str(mistake).split()), FLAGS), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lstm-lab: interrupted before there was anything to keep", file=sys.stderr)
        return 130
    except OutputError as refused:
        print("lstm-lab:", refused, file=sys.stderr)
        discard_output()
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        discard_output()
        return 141
    return status


def _dispatch(words: list[str]) -> int:
    if not words or words[0].startswith("-"):
        return _lab(words)
    name = words.pop(0)
    if name == "export":
        return _export(words)
    if name not in _ACTIONS:
        raise OptionError(f"there is no command {name!r}; {did_you_mean(name, [*_ACTIONS, 'export'])}")
    command, work = _ACTIONS[name]
    parsed = command.parse(words)
    if "help" in parsed.extras:
        return _say(command.help())
    targets = [Path(file) for file in split_commas(parsed.extras.get("out", command.flags["out"].default))]
    for target in targets:
        _check(target, command)
    targets += _watched(parsed, targets)
    check_outputs(command, parsed, targets)
    for model in command.models:
        model.of(parsed.of(model))
    data = _data(command, parsed)
    if command is not BENCH:
        check_work(command, data, parsed)
    result, text = work(data, parsed)
    written: list[Path] = []
    try:
        for target in targets:
            _write(result, target)
            written.append(target)
    except KeyboardInterrupt:
        written_names = ", ".join(map(str, written)) or "no file"
        raise RunError(
            f"interrupted while writing {targets[len(written)]}; the result is above, wrote {written_names}"
        ) from None
    finally:  # what was computed is shown even where it cannot be written
        print(file=sys.stderr)  # between the progress and the table
        _say(f"{text}\n")
    return _say("wrote " + ", ".join(str(target) for target in targets)) if targets else 0


def _watched(parsed: Parsed, targets: Sequence[Path]) -> list[Path]:
    """Return the file of `--watch`, if it is given and can be written."""
    if "watch" not in parsed.extras:
        return []
    target = Path(parsed.extras["watch"])
    if target.suffix.lower() != ".html":
        raise OptionError(f"--watch ends in .html, got {str(target)!r}; for example --watch learning.html")
    if target.absolute() in [other.absolute() for other in targets]:
        raise OptionError(f"--watch names a page of its own, got {str(target)!r}, which --out names too; name another")
    _check_place(target, "--watch", "--watch learning.html")
    return [target]


def _data(command: Command, parsed: Parsed) -> Any:
    """Return the command's data: its file, or the oil series for a command without one."""
    if command.argument is None:
        return find_source("oil", {})
    if parsed.argument is None:
        needed = "the name of a benchmark" if command is BENCH else "a file"
        raise DataError(f"{command.name} needs {needed}; for example {command.examples[0]}")
    if command is BENCH:
        return parsed.argument
    if command is RESUME:
        check_run_file(parsed.argument)
        return at_home(parsed.argument)
    return find_source(parsed.argument, {})


def _export(words: list[str]) -> int:
    """Run ``lstm-lab export``: write a saved run's network for a small device."""
    parsed = EXPORT.parse(words)
    if "help" in parsed.extras:
        return _say(EXPORT.help())
    options = parsed.of(ExportOptions)
    ExportOptions.of(options)
    if parsed.argument is None:
        raise OptionError(f"{EXPORT.name} needs the file of a run; for example {EXPORT.examples[0]}")
    check_run_file(parsed.argument)
    target = parsed.extras.get("out", str(Path(parsed.argument).with_suffix(".tflite")))
    check_outputs(EXPORT, parsed, [Path(target)])
    export = lstm_lab.load_run(parsed.argument).export(target, **options)
    _say(f"{export!r}\n")
    return _say("wrote " + ", ".join(str(file) for file in export.files))


def _lab(words: list[str]) -> int:
    """Run ``lstm-lab`` without a command: open JupyterLab."""
    own_words, jupyter_words = (
        (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    )
    try:
        parsed = LAB.parse(own_words)
    except OptionError as mistake:
        if jupyter_words or "has no flag" not in str(mistake) or "did you mean" in str(mistake):
            raise
        raise OptionError(f"{mistake}; a flag of JupyterLab stands after --, as in lstm-lab -- --port 9000") from None
    if "help" in parsed.extras:
        return _say(LAB.help())
    if "version" in parsed.extras:
        return _say(f"lstm-lab {lstm_lab.__version__}")
    from jupyterlab.labapp import main as jupyterlab  # a second that --help and run need not wait

    browser_words = ["--no-browser"] if "no_browser" in parsed.extras else []
    root = Path.cwd()
    # The address that is printed then leads to the notebook too, which a file to open would not do.
    page = "/lab/tree/" + quote(_notebook(root).relative_to(root).as_posix())
    jupyterlab([f"--ServerApp.root_dir={root}", f"--LabApp.default_url={page}", *browser_words, *jupyter_words])
    return 0


def _notebook(folder: Path) -> Path:
    """Return the quickstart's path in a clone, or copy the package's notebooks, never over a file."""
    in_clone = folder / "notebooks" / NOTEBOOK
    if in_clone.is_file():
        return in_clone
    target = folder / "lstm_lab_notebooks"
    with as_file(files("lstm_lab") / "notebooks") as folder_in_package:
        notebooks = sorted(folder_in_package.glob("*.ipynb"))
        if not notebooks:
            raise RunError(f"no notebooks in {folder} and none in this installation; run lstm-lab in the clone")
        target.mkdir(exist_ok=True)
        for notebook in notebooks:
            if not (target / notebook.name).exists():
                shutil.copy(notebook, target)
    return target / NOTEBOOK


# The function of each command: returns the result and the text to print -----------------------------------------


@dataclass(frozen=True)
class _Trained:
    """A forecast and its run, for `--out` may name files of both, and the file of what was watched."""

    run: Any
    forecast: Any
    watched: Path | None


def _progress() -> Listener:
    """Return a listener that reports progress on stderr: stdout is for the result, which may go into a file."""
    return listener(stream=sys.stderr)


def _watching(parsed: Parsed) -> dict[str, Any]:
    """Return what `--watch` asks a training for."""
    return {"watch": True} if "watch" in parsed.extras else {}


def _forecast(data: Any, parsed: Parsed) -> tuple[Any, str]:
    known = known_of(parsed, TrainOptions.of(parsed.of(TrainOptions)))
    with _progress() as progress:
        run = lstm_lab.train(data, listener=progress, **_watching(parsed), **parsed.of(TrainOptions))
    return _forecast_of(run, known, parsed)


def _resume(file: Any, parsed: Parsed) -> tuple[Any, str]:
    run = lstm_lab.load_run(file)
    known = known_of(parsed, run.options)
    if "newer" in parsed.extras:
        run = run.on(find_source(parsed.extras["newer"], {}))
    check_longer(run, parsed, known)
    with _progress() as progress:
        longer = run.resume(listener=progress, **_watching(parsed), **parsed.of(ResumeOptions))
    return _forecast_of(longer, known, parsed)


def _forecast_of(run: Any, known: Mapping[str, Any], parsed: Parsed) -> tuple[Any, str]:
    """Forecast with a run that a command has trained."""
    with _progress() as progress:
        forecast = run.forecast(listener=progress, **known, **parsed.of(RunForecastOptions))
    watched = Path(parsed.extras["watch"]) if "watch" in parsed.extras else None
    return _Trained(
        run, forecast, watched
    ), f"{run!r}\n\n{forecast!r}\n\n{_table(forecast.frame, band=forecast.has_band)}"


def _inputs(data: Any, parsed: Parsed) -> tuple[Any, str]:
    report = lstm_lab.features(data, **parsed.values)
    return report, repr(report)


def _study(name: str) -> Callable[[Any, Parsed], tuple[Any, str]]:
    def work(data: Any, parsed: Parsed) -> tuple[Any, str]:
        from lstm_lab.evaluation.holdout import judge_on_newest  # brings TensorFlow, which --help need not

        study = judge_on_newest if name == "backtest" else getattr(lstm_lab, name)
        with _progress() as progress:
            result = study(data, listener=progress, **parsed.values)
        return result, repr(result)

    return work


def _tune(data: Any, parsed: Parsed) -> tuple[Any, str]:
    with _progress() as progress:
        found = lstm_lab.tune(data, listener=progress, stop=progress.stop, **parsed.values)
    result = replace(found, word=str(parsed.argument), copied=("command",))
    return result, repr(result)


def _bench(name: Any, parsed: Parsed) -> tuple[Any, str]:
    from lstm_lab.evaluation.benchmark_data import read_benchmark

    if "data" not in parsed.extras:
        raise DataError(f"{BENCH.name} needs the folder of the published files; for example {BENCH.examples[0]}")
    read_benchmark(name, parsed.extras["data"])  # before TensorFlow, which takes seconds
    with _progress() as progress:
        result = lstm_lab.bench(name, parsed.extras["data"], listener=progress, **parsed.values)
    return result, repr(result)


_ACTIONS: Mapping[str, tuple[Command, Callable[[Any, Parsed], tuple[Any, str]]]] = {
    "demo": (DEMO, _forecast),
    "run": (RUN, _forecast),
    "resume": (RESUME, _resume),
    "features": (FEATURES, _inputs),
    "backtest": (BACKTEST, _study("backtest")),
    "compare": (COMPARE, _study("compare")),
    "ablate": (ABLATE, _study("ablate")),
    "tune": (TUNE, _tune),
    "bench": (BENCH, _bench),
}


def _table(frame: pd.DataFrame, *, band: bool = True) -> str:
    """Write about ten rows of a forecast, to four digits of its largest number; a band only where there is one.

    Of many series: the next step of the first ten ids.
    """
    rows = frame[["median", "lower", "upper"] if band else ["median"]]
    whole = len(f"{rows.abs().to_numpy().max():.0f}")
    more = ""
    if rows.index.nlevels > 1:
        rows = rows.groupby(level=0, sort=False).head(1)
        more = f"\n... and {len(rows) - _IDS:,} more ids; --out forecast.csv has every step" * (len(rows) > _IDS)
        rows = rows.head(_IDS)
    else:
        step = max(1, len(rows) // 10)
        rows = rows.iloc[step - 1 :: step]
    return rows.to_string(float_format=f"{{:,.{max(0, 4 - whole)}f}}".format) + more


def _check(target: Path, command: Command) -> None:
    """Raise `OptionError` for an output file that cannot be written, before anything is trained."""
    flag, endings = command.flags["out"], [*_ENDINGS, *([".lstm"] if command in (RUN, RESUME, DEMO) else [])]
    if target.suffix.lower() not in endings:
        ending_list = f"{', '.join(endings[:-1])} or {endings[-1]}"
        raise OptionError(f"--out ends in {ending_list}, got {str(target)!r}; for example {flag.example}")
    _check_place(target, "--out", str(flag.example))


def _check_place(target: Path, flag: str, example: str) -> None:
    """Raise `OptionError` where no file can be written."""
    if not is_folder(target.absolute().parent):
        raise OptionError(f"there is no folder {str(target.parent)!r} for {target.name}; make it first")
    if not os.access(target if exists(target) else target.absolute().parent, os.W_OK):
        raise OptionError(f"{flag} names files to write, but {str(target)!r} may not be written; choose another place")
    if is_folder(target):
        raise OptionError(f"{flag} names files to write, got the folder {str(target)!r}; for example {example}")


def _write(result: Any, target: Path) -> None:
    """Write a result to one file: the table of a study is its summary, that of a forecast its frame."""
    if isinstance(result, _Trained) and target == result.watched:
        result.run.learning.to_html(target)
        return
    if target.suffix.lower() == ".lstm":
        result.run.save(target)
        return
    result = result.forecast if isinstance(result, _Trained) else result
    match target.suffix.lower():
        case ".png":
            result.save_png(target)
        case ".html":
            result.to_html(target)
        case _:
            table = result.summary if hasattr(result, "summary") else result.frame
            write_text(target, table.to_csv(), "a table")


def _say(text: str) -> int:
    say(text)
    return 0
