"""Definitions of the magics: name, help text, flags and examples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

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
    TuneOptions,
)
from lstm_lab.options.flags import Command, Flag

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ABLATE",
    "BACKTEST",
    "CELL",
    "COMMANDS",
    "COMPARE",
    "COMPARE_RUNS",
    "EXPORT",
    "FEATURES",
    "FIND",
    "FLAGS",
    "FORECAST",
    "GATES",
    "LAB",
    "LESSON",
    "LOAD",
    "LOSS",
    "MEMORY",
    "RESUME",
    "REVEAL",
    "RUNS",
    "SAVE",
    "SPREAD",
    "TRAIN",
    "TUNE",
    "WEIGHTS",
]

_OUTPUT = Flag("output", "keep the result under this name, as a variable and for --run", value="NAME", short="-o")
_NO_DISPLAY = Flag("no_display", "show neither progress nor result")
_RUN = Flag("run", "the run to use: a name given with -o, or a variable (default: the last run)", value="NAME")
_KNOWN = Flag("known", "future values of input columns, by time or one row a step: a DataFrame or a file", value="DATA")
_NOTES = (
    "A value is first read as what the flag takes: a number, a choice, a column. Only if it is none of these and names "
    "one of your variables, the variable's value is used: --lookback n.\n"
    "A trailing semicolon shows the progress but not the result. Defaults: %config LSTMMagics.epochs = 20"
)

_DATA = Flag(
    "data",
    "one of your DataFrames or Series, else a file, else a bundled example: co2, oil, temperature, unemployment",
    value="DATA",
)

_WATCH = Flag(
    "watch",
    "draw a few held-out forecasts and the gates of one window anew after every epoch; %lstm_learning goes back",
)
TRAIN = Command(
    "%lstm_train",
    "Train a network and give back a Run. With %%lstm_train, at the top of a cell, the lines below it are the stack: "
    "each expression that is a Keras layer is a layer, in order. Without them the stack is built from --cell, "
    "--units, --dropout and --dense.",
    (TrainOptions,),
    argument=_DATA,
    extras=(_WATCH, _OUTPUT, _NO_DISPLAY),
    examples=(
        "%lstm_train oil --lookback 20 --units 16 --epochs 3",
        "%lstm_train unemployment --id industry --static sector --target rate --units 16 --epochs 3",
        "%%lstm_train oil --transform log_return --lookback 20 --epochs 3\nLSTM(16)\nDropout(0.2)\nDense(1)",
    ),
    notes=_NOTES,
)
RESUME = Command(
    "%lstm_resume",
    "Train the last run on, or the one named with --run, from its weights, with newer rows too, and give back a new "
    "Run; the run itself stays as it is. The optimiser begins anew, and weights that no epoch makes better are kept.",
    (ResumeOptions,),
    argument=Flag(
        "data", "the series with rows after the run's last, to train on as well; without it the run's own", value="DATA"
    ),
    extras=(_RUN, _WATCH, _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_resume --epochs 3", "%lstm_resume --epochs 3 --learning-rate 0.0003 -o longer"),
    notes=_NOTES,
)
FEATURES = Command(
    "%lstm_features",
    "Look at what a network would be given, before any is trained: the transforms side by side, what each input says "
    "of the next value, and what is wrong with it. Gives back a FeatureReport.",
    (InputOptions,),
    argument=TRAIN.argument,
    extras=(_OUTPUT, _NO_DISPLAY),
    examples=(
        '%lstm_features oil --features "log_return, bollinger(20, 2), rsi(14)"',
        "report = %lstm_features temperature --target temperature --features auto,humidity --lookback 48",
        "%lstm_features unemployment --id industry --target rate --lookback 24",
    ),
    notes=_NOTES,
)
FORECAST = Command(
    "%lstm_forecast",
    "Simulate futures of the last run, or of the one named with --run, and give back a Forecast.",
    (RunForecastOptions,),
    argument=Flag("horizon", "steps to forecast, the same as --horizon", value="HORIZON"),
    extras=(_RUN, _KNOWN, _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_forecast 30", "fc = %lstm_forecast 30 --paths 500 --interval 80"),
    notes=_NOTES,
)
SPREAD = Command(
    "%lstm_spread",
    "Show where the spread of a forecast comes from: the fan of the last run, or of the one named with --run, with "
    "dropout, noise and calibration switched on and off, each band with the coverage measured for it. Gives back a "
    "Spread.",
    (ForecastOptions,),
    argument=FORECAST.argument,
    extras=(_RUN, _KNOWN, _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_spread 30", "sources = %lstm_spread 24 --paths 100 --interval 80"),
    notes=_NOTES,
)
REVEAL = Command(
    "%lstm_reveal",
    "Let what happened draw itself across the last forecast, or the one named with --forecast: hits and misses, "
    "coverage and score count up, of many series for one that is picked and over all. Gives back a Reveal.",
    (),
    argument=Flag("data", "what happened, by time: one of your Series or DataFrames, else a file", value="DATA"),
    extras=(
        Flag("forecast", "the forecast: a variable (default: the last forecast)", value="NAME"),
        Flag("time", "of a file, the column of its times", value="COLUMN"),
        Flag("id", "of a file with many series, the column of their ids", value="COLUMN"),
        Flag("dayfirst", "of a file, whether 01/02/2024 is the first of February", "on|off", ("on", "off")),
        Flag("beside", "other forecasts to lay over it: variables, with commas", value="NAMES"),
        Flag("shown", "show what happened from the start, instead of step by step"),
        _OUTPUT,
        _NO_DISPLAY,
    ),
    examples=(
        "%lstm_reveal later",
        "seen = %lstm_reveal later.csv --forecast fc",
        "%lstm_reveal later --beside fc --shown",
    ),
)
BACKTEST = Command(
    "%lstm_backtest",
    "Judge the forecasts of the last run, or of the one named with --run, from many origins whose future is known, "
    "beside simple baselines, and give back a Backtest.",
    (BacktestOptions, ForecastOptions),
    argument=Flag(
        "data",
        "the series with rows after the run's last; without it the later half of its calibration rows is judged",
        value="DATA",
    ),
    extras=(_RUN, _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_backtest --horizon 10 --origins 20", "bt = %lstm_backtest --horizon 10 --baselines naive,ets"),
    notes=_NOTES,
)
COMPARE = Command(
    "%lstm_compare",
    "Train networks of several kinds, each with several seeds, on the same rows, judge them and the baselines on the "
    "same later rows, and give back a Comparison.",
    (CompareOptions, TrainOptions, ForecastOptions),
    without=("seed", "checkpoint_seconds"),  # a study has --seeds, and is written task by task
    argument=TRAIN.argument,
    extras=(_OUTPUT, _NO_DISPLAY),
    examples=(
        "%lstm_compare co2 --kinds lstm,gru,naive --seeds 0,1 --units 8 --lookback 12 --epochs 2",
        "table = %lstm_compare oil --kinds lstm --seeds 0 --units 8 --lookback 12 --epochs 1 --workers 2",
    ),
    notes=_NOTES,
)
ABLATE = Command(
    "%lstm_ablate",
    "Change one thing at a time in a training, on the same rows and with the same seeds: the loss, the weights, the "
    "target, the band's calibration. Gives back an Ablation, which says what each change does.",
    (AblateOptions, TrainOptions, ForecastOptions),
    without=("seed", "checkpoint_seconds"),  # a study has --seeds, and is written task by task
    argument=TRAIN.argument,
    extras=(_OUTPUT, _NO_DISPLAY),
    examples=('%lstm_ablate oil --changes "loss: mse, target: raw" --seeds 0 --units 8 --lookback 12 --epochs 2',),
    notes=_NOTES,
)
TUNE = Command(
    "%lstm_tune",
    "Search over options of a training for the lowest forecast error: many combinations, each trained several times on "
    "a longer first part of the rows and judged on the rows after it; the newest rows are kept from all. Gives back a "
    "Search, with the winner's cell to copy, and search.check() to judge it on those newest rows. Interrupt keeps the "
    "trials that are over.",
    (TuneOptions, TrainOptions, ForecastOptions),
    without=("seed", "checkpoint_seconds"),  # a study has --seeds, and is written task by task
    argument=TRAIN.argument,
    extras=(_OUTPUT, _NO_DISPLAY),
    examples=(
        '%lstm_tune oil --space "units=4|8; dropout=0..0.4" --trials 2 --epochs 1 --lookback 12',
        'search = %lstm_tune co2 --space "learning_rate=1e-3..3e-2:log" --trials 2 --folds 1 --units 4',
    ),
    notes=_NOTES,
)
GATES = Command(
    "%lstm_gates",
    "Look inside the last run, or the one named with --run: what every gate did while the network read a window, "
    "checked against its own output, and what moved the forecast. Gives back a Trace; with several ids, such as --id "
    "a,b, a PanelTrace of their gates at the same time.",
    (GateOptions,),
    argument=Flag("at", "the last row the network reads: a time, or a position, -1 the newest", value="AT"),
    extras=(_RUN, _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_gates", "%lstm_gates -20", "tr = %lstm_gates --windows 50"),
    notes=_NOTES,
)
CELL = Command(
    "%lstm_cell",
    "Show one recurrent cell of the last run, or of the one named with --run, as textbooks draw it: play the window, "
    "and the numbers of a unit flow through its gates. Gives back a CellStep.",
    (CellOptions,),
    argument=Flag("at", "the last row the network reads: a time, or a position, -1 the newest", value="AT"),
    extras=(_RUN, _OUTPUT, _NO_DISPLAY),
    examples=(
        "%lstm_cell",
        "%lstm_cell -20 --unit 1",
        "cell = %lstm_cell --layer 0 --step 0",
        "%lstm_cell --hold forget=1 --hold-steps 5-9",
    ),
    notes=_NOTES,
)
FIND = Command(
    "%lstm_find",
    "Find again: where in the whole series the last run's network, or that of the run named with --run, did nearly the "
    "same inside as at some steps of one window. Every window is read once, which takes some seconds. Gives back "
    "Recurrences, whose .matches is a DataFrame.",
    (FindOptions,),
    argument=Flag("at", "the last row the network reads: a time, or a position, -1 the newest", value="AT"),
    extras=(_RUN, _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_find", "%lstm_find -20 --steps 0-4 --units 0,1", "again = %lstm_find --signal forget --matches 3"),
    notes=_NOTES,
)
LEARNING = Command(
    "%lstm_learning",
    "Go back through the epochs of the last run, or of the one named with --run, from untrained to overfitted: "
    "held-out forecasts, gates and losses after each. The run was trained with %lstm_train --watch. Gives back a "
    "Learning.",
    (),
    extras=(_RUN, _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_learning", "seen = %lstm_learning --no-display"),
    notes=_NOTES,
)
LESSON = Command(
    "%lstm_lesson",
    "Give a lesson about the last run, or the one named with --run, for a class: one slide at a time in large type, by "
    "arrow keys, with questions to guess before R reveals the answer. With %%lstm_lesson, at the top of a cell, the "
    "lines below it are its Markdown; without them or a file it is about the gates of the run and its latest forecast. "
    "Gives back a Lesson.",
    (),
    argument=Flag(
        "file", "a Markdown file: # begins a slide, ? asks, ! answers, {cell unit=3} is a view", value="FILE"
    ),
    extras=(
        _RUN,
        Flag("id", "of a run of many series, the one that the lesson is about", value="ID"),
        _OUTPUT,
        _NO_DISPLAY,
    ),
    examples=(
        "%lstm_lesson",
        "%%lstm_lesson\n# Gates\n? Is unit 0 open on average?\n- [ ] yes\n- [x] no\n! {cell unit=0}",
    ),
    notes=(
        "# Title begins a slide, and so does ---. {gates}, {cell unit=3}, {fan horizon=30} and {reveal horizon=30} are "
        "views, each on a line of its own. Below a question, - [ ] and - [x] are choices, and lines that begin with ! "
        "stay hidden until they are revealed."
    ),
)
MEMORY = Command(
    "%lstm_memory",
    "Compare how far back the last run's network, or that of the run named with --run, and fresh ones of one layer can "
    "look, before and after training, and how far back a value can be recalled. About how long it takes is said first, "
    "curves appear as they are measured, and Stop keeps them. Gives back a Memory.",
    (MemoryOptions,),
    extras=(_RUN, _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_memory --recall none --updates 100", "%lstm_memory --recall 10,50 --units 8"),
    notes=_NOTES,
)
WEIGHTS = Command(
    "%lstm_weights",
    "Show how much each training window of the last run counts, of the run named with --run, or of data before any is "
    "trained, under each scheme of weights, and choose one for the next training. Gives back a Weighting.",
    (InputOptions,),
    argument=Flag(
        "data", "data that nothing is trained on yet, or a scheme; default: the last run's windows", value="DATA|SCHEME"
    ),
    extras=(
        Flag(
            "scheme",
            "uniform, linear, exponential, exponential:RATE or column:NAME (default: the run's own, else uniform)",
            "SCHEME",
        ),
        _RUN,
        _OUTPUT,
        _NO_DISPLAY,
    ),
    examples=("%lstm_weights", "%lstm_weights exponential:2", "%lstm_weights oil --scheme linear"),
    notes=_NOTES,
)
LOSS = Command(
    "%lstm_loss",
    "Show what squared, absolute and Huber loss make of the held-out residuals of the last run, or of the run named "
    "with --run; of data before any is trained, of the naive forecast's errors. Gives back the ResidualLosses.",
    (InputOptions,),
    argument=Flag("data", "data that nothing is trained on yet; default: the last run's residuals", value="DATA"),
    extras=(
        Flag("loss", "the loss drawn strongest (default: the run's own, else huber)", "LOSS", ("huber", "mse", "mae")),
        Flag(
            "delta", "where Huber turns from square to linear, in standard deviations (default: the run's, else 1)", "X"
        ),
        _RUN,
        _OUTPUT,
        _NO_DISPLAY,
    ),
    examples=("%lstm_loss", "%lstm_loss oil --transform log_return --delta 2"),
    notes=_NOTES,
)
SAVE = Command(
    "%lstm_save",
    "Write the last run, or the one named with --run, to one file. Gives back its path.",
    (),
    argument=Flag("file", "the file to write, for example prices.lstm", value="FILE"),
    extras=(_RUN, _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_save prices.lstm",),
)
LOAD = Command(
    "%lstm_load",
    "Read a run that %lstm_save or run.save wrote, and make it the last run. Gives back the Run.",
    (),
    argument=Flag("file", "the file to read, for example prices.lstm", value="FILE"),
    extras=(_OUTPUT, _NO_DISPLAY),
    examples=("%lstm_load prices.lstm -o first",),
)
RUNS = Command(
    "%lstm_runs",
    "List the runs that have a name: what each forecasts, with what, and how it compares with the naive forecast. "
    "Gives back a RunTable, whose .frame is a DataFrame.",
    (),
    extras=(_OUTPUT, _NO_DISPLAY),
    examples=("%lstm_runs",),
)
COMPARE_RUNS = Command(
    "%lstm_compare_runs",
    "Lay the losses and the forecasts of trained runs over each other, and say what their settings differ in; nothing "
    "is trained. Gives back a RunComparison.",
    (ForecastOptions,),
    argument=Flag("run", "the first run: a name given with -o, or a variable", value="RUN"),
    second="other",
    extras=(Flag("other", "the run beside it, or several with commas", value="RUN"), _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_compare_runs first second", "both = %lstm_compare_runs first second --horizon 20 --paths 100"),
    notes=_NOTES,
)
EXPORT = Command(
    "%lstm_export",
    "Write one step of the last run's network, or of the one named with --run, for a small device: a LiteRT file, a "
    "JSON with what a program must know to run it, and on request C files. Gives back an Export, which says how large "
    "the file is and how far it is off the network, measured by running it row by row.",
    (ExportOptions,),
    argument=Flag("file", "the file to write, for example prices.tflite", value="FILE"),
    extras=(_RUN, _OUTPUT, _NO_DISPLAY),
    examples=("%lstm_export prices.tflite", "ex = %lstm_export prices.tflite --quantize int16x8 --c-array"),
    notes=_NOTES,
)
LAB = Command(
    "%lstm_lab",
    "Open the whole laboratory in one view: choose data and options, train, forecast, look inside, judge, and take the "
    "magics and the Python that do the same. The flags are what its controls begin with. Gives back a Dashboard; its "
    "runs become variables.",
    (TrainOptions, ForecastOptions),
    argument=replace(_DATA, meaning=f"{_DATA.meaning}; default: your first DataFrame, else an example"),
    extras=(_OUTPUT, _NO_DISPLAY),
    examples=("%lstm_lab", "%lstm_lab oil --lookback 20 --units 16 --epochs 3 --horizon 10"),
    notes=_NOTES,
)
COMMANDS: Mapping[str, Command] = {
    command.name.lstrip("%"): command
    for command in (
        TRAIN,
        RESUME,
        FEATURES,
        FORECAST,
        SPREAD,
        REVEAL,
        BACKTEST,
        COMPARE,
        ABLATE,
        TUNE,
        GATES,
        CELL,
        FIND,
        LEARNING,
        LESSON,
        MEMORY,
        WEIGHTS,
        LOSS,
        SAVE,
        LOAD,
        EXPORT,
        RUNS,
        COMPARE_RUNS,
        LAB,
    )
}
FLAGS = frozenset(name for command in COMMANDS.values() for name in command.flags)
"""Every flag of a magic, by its Python name."""
