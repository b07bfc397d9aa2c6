"""The commands of ``lstm-lab``: name, help text, flags and examples of each."""

from __future__ import annotations

from lstm_lab.options import (
    AblateOptions,
    BacktestOptions,
    BenchOptions,
    CompareOptions,
    ExportOptions,
    ForecastOptions,
    HoldoutOptions,
    InputOptions,
    ResumeOptions,
    RunForecastOptions,
    TrainOptions,
    TuneOptions,
)
from lstm_lab.options.flags import Command, Flag

__all__ = [
    "ABLATE",
    "BACKTEST",
    "BENCH",
    "COMPARE",
    "DEMO",
    "EXPORT",
    "FEATURES",
    "FLAGS",
    "LAB",
    "QUICKSTART",
    "RESUME",
    "RUN",
    "TUNE",
]

QUICKSTART = {
    "features": "log_return, bollinger(20, 2)",
    "transform": "log_return",
    "lookback": "20",
    "units": "32,32",
    "dense": "16",
    "epochs": "8",
}
"""What the quickstart notebook sets: the reference stack, small enough to train in under a minute on two cores."""

_MODELS = (TrainOptions, ForecastOptions)
_FORECAST_MODELS = (TrainOptions, RunForecastOptions)


def _out(name: str, more: str = "") -> Flag:
    return Flag(
        "out",
        f"files to leave: a picture (.png), the table (.csv), a page of both (.html){more}, or several with commas",
        value="FILES",
        default=f"{name}.png",
        example=f"{name}.png,{name}.csv",
    )


_OUT_WITH_RUN = _out("forecast", ", the trained run (.lstm)")
_WATCH = Flag(
    "watch",
    "a page (.html) to leave, with a slider over the epochs: held-out forecasts and the gates of one window after each",
    value="FILE",
    example="learning.html",
)
_KNOWN = Flag("known", "future values of input columns, by time or one row a step", value="FILE", example="future.csv")
_FILE = Flag(
    "file", "a CSV, Parquet or Feather file, else a bundled example: co2, oil, temperature, unemployment", value="FILE"
)

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
        "lstm-lab run FILE --target COLUMN    the same for a file of yours; see lstm-lab run --help",
        "lstm-lab features FILE               what a network would be given, and what is wrong with it",
        "lstm-lab resume RUN.lstm             train that run on, with newer rows too",
        "lstm-lab export RUN.lstm             what lstm-lab run --out RUN.lstm left, for a small device",
        "lstm-lab backtest FILE               train on the older rows, judge on the newest ones",
        "lstm-lab compare FILE                kinds of network and baselines on the same rows",
        "lstm-lab ablate FILE                 what each choice of a training does, one at a time",
        "lstm-lab tune FILE                   the options with the lowest forecast error",
        "lstm-lab bench NAME --data DIR       a row in the published table of a public benchmark",
    ),
)
RUN = Command(
    "lstm-lab run",
    "Train on a file, forecast, and leave a picture and a table. Ctrl-C ends the training or the sampling early and "
    "keeps what there is.",
    _FORECAST_MODELS,
    argument=_FILE,
    extras=(_KNOWN, _WATCH, _OUT_WITH_RUN),
    examples=(
        "lstm-lab run prices.csv --target close --time date --horizon 30",
        "lstm-lab run prices.csv --target close --features volume --known future.csv --horizon 30",
        "lstm-lab run sales.csv --id store --static region --target units --horizon 28 --out ahead.csv",
        "lstm-lab run sales.csv --id store --target units --ids store_1,store_2 --out two.csv",
        "lstm-lab run oil --lookback 20 --units 16 --epochs 3 --out oil.png,oil.csv",
        "lstm-lab run oil --lookback 20 --units 16 --epochs 3 --out oil.lstm,oil.png",
        "lstm-lab run oil --lookback 20 --units 16 --epochs 3 --watch learning.html",
    ),
)
RESUME = Command(
    "lstm-lab resume",
    "Train a saved run on from its weights, with newer rows too, forecast, and leave a picture, a table and the new "
    "run; the file of the run stays as it is unless --out names it. The optimiser begins anew.",
    (ResumeOptions, RunForecastOptions),
    argument=Flag("file", "what run.save, %lstm_save or lstm-lab run --out FILE.lstm wrote", value="RUN.lstm"),
    extras=(
        Flag("newer", "rows after the run's last, or the whole longer series", value="FILE", example="today.csv"),
        _KNOWN,
        _WATCH,
        _OUT_WITH_RUN,
    ),
    examples=(
        "lstm-lab resume oil.lstm --epochs 3 --out oil-longer.lstm,oil.png",
        "lstm-lab resume prices.lstm --newer today.csv --epochs 5 --learning-rate 0.0003 --out today.lstm",
    ),
)
EXPORT = Command(
    "lstm-lab export",
    "Write one step of a saved run's network for a small device: a LiteRT file, a JSON with what a program must know "
    "to run it, and on request C files; and say how large it is and how far it is off the network.",
    (ExportOptions,),
    argument=Flag("file", "what run.save, %lstm_save or lstm-lab run --out FILE.lstm wrote", value="RUN.lstm"),
    extras=(
        Flag(
            "out",
            "the file to write; default: named after the run's",
            value="FILE.tflite",
            example="oil.tflite",
        ),
    ),
    second="out",
    examples=(
        "lstm-lab export oil.lstm",
        "lstm-lab export oil.lstm oil-small.tflite --quantize int16x8 --c-array",
    ),
)
FEATURES = Command(
    "lstm-lab features",
    "Look at what a network would be given, before any is trained: the transforms side by side, what each input says "
    "of the next value, and what is wrong with it. Leave a picture and a table, or a page to explore.",
    (InputOptions,),
    argument=_FILE,
    extras=(_out("features"),),
    examples=(
        "lstm-lab features prices.csv --target close --features 'log_return, bollinger(20, 2)'",
        "lstm-lab features oil --features 'log_return, rsi(14)' --out oil.png,oil.csv,oil.html",
        "lstm-lab features sales.csv --id store --static region --target units",
    ),
)
BACKTEST = Command(
    "lstm-lab backtest",
    "Train on the older rows of a file, forecast from many origins within the newest, and leave a picture and a table "
    "of how good that was, beside simple baselines. Ctrl-C ends the training early, and then keeps what is judged.",
    (HoldoutOptions, BacktestOptions, *_MODELS),
    argument=_FILE,
    extras=(_out("backtest"),),
    examples=(
        "lstm-lab backtest prices.csv --target close --horizon 10 --origins 60",
        "lstm-lab backtest oil --units 16 --lookback 20 --epochs 3 --horizon 10 --out oil.png,oil.csv",
    ),
)
COMPARE = Command(
    "lstm-lab compare",
    "Train networks of several kinds, each with several seeds, on the same rows of a file, judge them and the "
    "baselines on the same later rows, and leave a leaderboard. Ctrl-C keeps the kinds that are complete.",
    (CompareOptions, *_MODELS),
    without=("seed", "checkpoint_seconds"),  # a study has --seeds, and is written task by task
    argument=_FILE,
    extras=(_out("comparison"),),
    examples=(
        "lstm-lab compare prices.csv --target close --horizon 10 --workers 4",
        "lstm-lab compare oil --kinds lstm,naive --seeds 0,1 --units 16 --lookback 20 --epochs 3",
    ),
)
ABLATE = Command(
    "lstm-lab ablate",
    "Change one thing at a time in a training, on the same rows of a file and with the same seeds: the loss, the "
    "weights, the target, the band's calibration. Leave a table of what each does. Ctrl-C keeps what is complete.",
    (AblateOptions, *_MODELS),
    without=("seed", "checkpoint_seconds"),  # a study has --seeds, and is written task by task
    argument=_FILE,
    extras=(_out("ablation"),),
    examples=(
        "lstm-lab ablate prices.csv --target close --seeds 0,1",
        "lstm-lab ablate oil --changes 'loss: mse' --seeds 0 --units 16 --lookback 20 --epochs 3",
    ),
)
TUNE = Command(
    "lstm-lab tune",
    "Search over options of a training for the lowest forecast error, by origins in the older rows of a file; the "
    "newest are kept from it. Leave a table of the trials, and the line that trains with the best. Ctrl-C keeps the "
    "trials that are over; with --checkpoint the same line goes on from them.",
    (TuneOptions, *_MODELS),
    without=("seed", "checkpoint_seconds"),  # a study has --seeds, and is written task by task
    argument=_FILE,
    extras=(_out("search"),),
    examples=(
        "lstm-lab tune prices.csv --target close --horizon 10 --trials 40 --workers 4",
        "lstm-lab tune oil --space 'units=8|16; learning_rate=1e-3..3e-2:log' --trials 6 --epochs 3",
    ),
)
DEMO = Command(
    "lstm-lab demo",
    "The quickstart's job in the terminal: thirty trading days of the oil price, as forecast.png and a table. Any flag "
    "changes it.",
    _MODELS,
    extras=(_OUT_WITH_RUN,),
    defaults=QUICKSTART,
    examples=("lstm-lab demo", "lstm-lab demo --epochs 20 --paths 1000"),
)
BENCH = Command(
    "lstm-lab bench",
    "Train one network on all series of a public benchmark, score it by the protocol of the published table, and leave "
    "that table with its row. Ctrl-C keeps the seeds that are complete.",
    (BenchOptions, *_MODELS),
    without=("seed", "target", "time", "id", "static", "short", "horizon", "interval"),  # the protocol's
    argument=Flag("name", "m4-hourly, m4-weekly, ett-1h or exchange-rate", value="NAME"),
    extras=(
        Flag("data", "folder with the published files, unchanged", value="DIR", example="m4"),
        _out("benchmark"),
    ),
    examples=(
        "lstm-lab bench m4-hourly --data m4",
        "lstm-lab bench ett-1h --data ETDataset --seeds 0 --units 32 --out ett.csv",
    ),
)
FLAGS = frozenset(
    name
    for command in (LAB, RUN, RESUME, EXPORT, FEATURES, BACKTEST, COMPARE, ABLATE, TUNE, BENCH, DEMO)
    for name in command.flags
)
"""Every flag of a command, by its Python name."""
