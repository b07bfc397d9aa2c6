"""The command ``lstm-lab``: the quickstart in JupyterLab, or a whole forecast in the terminal."""

from __future__ import annotations

import shutil
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import lstm_lab
from lstm_lab.errors import DataError, LabError, OptionError, RunError, did_you_mean
from lstm_lab.flags import Command, Flag
from lstm_lab.options import CompareOptions, ForecastOptions, TrainOptions, split_commas
from lstm_lab.progress import listener
from lstm_lab.variables import find_source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import pandas as pd

    from lstm_lab.flags import Parsed

__all__ = ["COMPARE", "DEMO", "LAB", "QUICKSTART", "RUN", "main"]

NOTEBOOK = "01-quickstart.ipynb"
QUICKSTART = {
    "features": "log_return, bollinger(20, 2)",
    "transform": "log_return",
    "lookback": "20",
    "units": "32,32",
    "dense": "16",
    "epochs": "8",
}
"""What the quickstart notebook sets: the reference stack, small enough to train in under a minute on two cores."""

_OUT = Flag(
    "out",
    "files to leave: a picture (.png), the table (.csv), an interactive page (.html), or several with commas",
    value="FILES",
    default="forecast.png",
    example="forecast.png,forecast.csv",
)
_BOARD = Flag(
    "out",
    "files to leave: a picture (.png), the leaderboard (.csv), or both with a comma",
    value="FILES",
    default="comparison.png",
    example="comparison.png,comparison.csv",
)
_MODELS = (TrainOptions, ForecastOptions)

LAB = Command(
    "lstm-lab",
    "Open the quickstart in JupyterLab: in ./notebooks of a clone, else in ./lstm_lab_notebooks, where the notebooks "
    "are copied to and never overwritten. What follows -- goes to JupyterLab.",
    (),
    extras=(
        Flag("no_browser", "start the server alone, and print its address"),
        Flag("version", "print the version"),
    ),
    examples=(
        "lstm-lab",
        "lstm-lab --no-browser -- --port 9000",
        "lstm-lab demo                        the quickstart's job in this terminal",
        "lstm-lab run FILE --target COLUMN    the same for a file of yours; lstm-lab run --help tells more",
        "lstm-lab compare FILE                kinds of network and baselines on the same rows",
    ),
)
RUN = Command(
    "lstm-lab run",
    "Train on a file, forecast, and leave a picture and a table. Ctrl-C ends the training or the sampling early and "
    "keeps what there is.",
    _MODELS,
    place=Flag("file", "a CSV, Parquet or Feather file, else a bundled example: co2, oil, temperature", value="FILE"),
    extras=(_OUT,),
    examples=(
        "lstm-lab run prices.csv --target close --time date --horizon 30",
        "lstm-lab run oil --lookback 20 --units 16 --epochs 3 --out oil.png,oil.csv",
    ),
)
COMPARE = Command(
    "lstm-lab compare",
    "Train networks of several kinds, each with several seeds, on the same rows of a file, judge them and the "
    "baselines on the same later rows, and leave a leaderboard. Ctrl-C keeps the kinds that are complete.",
    (CompareOptions, *_MODELS),
    place=RUN.place,
    extras=(_BOARD,),
    examples=(
        "lstm-lab compare prices.csv --target close --horizon 10 --workers 4",
        "lstm-lab compare oil --kinds lstm,naive --seeds 0,1 --units 16 --lookback 20 --epochs 3 --out oil.csv",
    ),
)
DEMO = Command(
    "lstm-lab demo",
    "The quickstart's job in the terminal: thirty trading days of the oil price, as forecast.png and a table. Any flag "
    "changes it.",
    _MODELS,
    extras=(_OUT,),
    defaults=QUICKSTART,
    examples=("lstm-lab demo", "lstm-lab demo --epochs 20 --paths 1000"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        The words after ``lstm-lab``; by default those of this process.

    Returns
    -------
    int
        Exit status: 0, or 2 for a mistake that one line on stderr explains, or 130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _dispatch(words)
    except LabError as mistake:
        print("lstm-lab:", " ".join(str(mistake).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lstm-lab: interrupted before there was anything to keep", file=sys.stderr)
        return 130


def _dispatch(words: list[str]) -> int:
    if not words or words[0].startswith("-"):
        return _lab(words)
    actions = {"demo": _demo, "run": _run, "compare": _compare}
    name = words.pop(0)
    if name not in actions:
        raise OptionError(f"there is no command {name!r}; {did_you_mean(name, actions)}")
    return actions[name](words)


def _lab(words: list[str]) -> int:
    """Open JupyterLab."""
    own, passed = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    parsed = LAB.parse(own)
    if "help" in parsed.extras:
        return _say(LAB.help())
    if "version" in parsed.extras:
        return _say(f"lstm-lab {lstm_lab.__version__}")
    from jupyterlab.labapp import main as jupyterlab  # noqa: PLC0415 - a second that --help and run need not wait

    quiet = ["--no-browser"] if "no_browser" in parsed.extras else []
    root = Path.cwd()
    # The address that is printed then leads to the notebook too, which a file to open would not do.
    page = "/lab/tree/" + quote(_notebook(root).relative_to(root).as_posix())
    jupyterlab([f"--ServerApp.root_dir={root}", f"--LabApp.default_url={page}", *quiet, *passed])
    return 0


def _notebook(folder: Path) -> Path:
    """Find the quickstart in a clone, or copy the notebooks that the package carries, never over a file."""
    in_clone = folder / "notebooks" / NOTEBOOK
    if in_clone.is_file():
        return in_clone
    target = folder / "lstm_lab_notebooks"
    with as_file(files("lstm_lab") / "notebooks") as carried:
        notebooks = sorted(carried.glob("*.ipynb"))
        if not notebooks:
            raise RunError(f"no notebooks in {folder} and none in this installation; run lstm-lab in the clone")
        target.mkdir(exist_ok=True)
        for notebook in notebooks:
            if not (target / notebook.name).exists():
                shutil.copy(notebook, target)
    return target / NOTEBOOK


def _demo(words: list[str]) -> int:
    parsed = DEMO.parse(words)
    if "help" in parsed.extras:
        return _say(DEMO.help())
    return _forecast("oil", parsed)


def _run(words: list[str]) -> int:
    parsed = RUN.parse(words)
    if "help" in parsed.extras:
        return _say(RUN.help())
    if parsed.place is None:
        raise DataError("lstm-lab run needs a file; for example lstm-lab run prices.csv --target close")
    return _forecast(parsed.place, parsed)


def _forecast(source: str, parsed: Parsed) -> int:
    """Train, forecast, and leave what was asked for."""
    targets = [Path(name) for name in split_commas(parsed.extras.get("out", _OUT.default))]
    _check(targets, _WRITERS, _OUT)
    forecast_options = ForecastOptions.of(parsed.of(ForecastOptions)).model_dump(exclude_unset=True)
    train_options = TrainOptions.of(parsed.of(TrainOptions)).model_dump(exclude_unset=True)
    data = find_source(source, {})
    with listener() as heard:
        run = lstm_lab.train(data, listener=heard, **train_options)
    with listener() as heard:
        forecast = run.forecast(listener=heard, **forecast_options)
    for target in targets:
        _WRITERS[target.suffix.lower()](forecast, target)
    _say(f"\n{run!r}\n\n{forecast!r}\n\n{_table(forecast.frame)}\n")
    return _say("wrote " + ", ".join(str(target) for target in targets))


def _compare(words: list[str]) -> int:
    """Compare kinds of model, and leave the leaderboard."""
    parsed = COMPARE.parse(words)
    if "help" in parsed.extras:
        return _say(COMPARE.help())
    if parsed.place is None:
        raise DataError("lstm-lab compare needs a file; for example lstm-lab compare prices.csv --target close")
    targets = [Path(name) for name in split_commas(parsed.extras.get("out", _BOARD.default))]
    _check(targets, (".png", ".csv"), _BOARD)
    options: dict[str, Any] = dict(parsed.values)
    with listener() as heard:
        result = lstm_lab.compare(find_source(parsed.place, {}), listener=heard, **options)
    for target in targets:
        if target.suffix.lower() == ".csv":
            result.summary.to_csv(target)
        else:
            result.save_png(target)
    _say(f"\n{result!r}\n")
    return _say("wrote " + ", ".join(str(target) for target in targets))


_WRITERS: Mapping[str, Callable[[Any, Path], object]] = {
    ".png": lambda forecast, path: forecast.save_png(path),
    ".csv": lambda forecast, path: forecast.frame.to_csv(path),
    ".html": lambda forecast, path: forecast.to_html(path),
}


def _table(frame: pd.DataFrame) -> str:
    """Write about ten rows of a forecast, to four digits of its largest number."""
    rows = frame[["median", "lower", "upper"]]
    step = max(1, len(rows) // 10)
    whole = len(f"{rows.abs().to_numpy().max():.0f}")
    return rows.iloc[step - 1 :: step].to_string(float_format=f"{{:,.{max(0, 4 - whole)}f}}".format)


def _check(targets: list[Path], endings: Collection[str], flag: Flag) -> None:
    """Refuse a file that cannot be written before anything is trained."""
    for target in targets:
        if target.suffix.lower() not in endings:
            *others, last = endings
            known = f"{', '.join(others)} or {last}"
            raise OptionError(f"--out ends in {known}, got {str(target)!r}; for example {flag.example}")
        if not target.absolute().parent.is_dir():
            raise OptionError(f"there is no folder {str(target.parent)!r} for {target.name}; make it first")


def _say(text: str) -> int:
    print(text)
    return 0
