"""A remedy is written as a person would type it in the face where it is read."""

from __future__ import annotations

import pytest

from lstm_lab.errors import OptionError
from lstm_lab.notebook.commands import FLAGS, FORECAST, TRAIN
from lstm_lab.options import (
    OPTION_NAMES,
    AblateOptions,
    BacktestOptions,
    CompareOptions,
    ExportOptions,
    ForecastOptions,
    HoldoutOptions,
    MemoryOptions,
    TrainOptions,
    TuneOptions,
)
from lstm_lab.options.spelling import as_controls, as_flags

MODELS = (
    TrainOptions,
    ForecastOptions,
    BacktestOptions,
    CompareOptions,
    AblateOptions,
    TuneOptions,
    HoldoutOptions,
    MemoryOptions,
    ExportOptions,
)


@pytest.mark.parametrize(
    ("text", "flags", "controls"),
    [
        ("use rollout='window'", "use --rollout window", "use rollout window"),
        ("train with calibration=0.1 or use noise='none'.", "train with --calibration 0.1 or use --noise none.", None),
        ("leave units= out", "leave --units out", "leave units out"),
        ("raise test=", "raise --test", "raise test"),
        ("set calibrate=False; then go on", "set --calibrate off; then go on", "set calibrate off; then go on"),
        ("try seeds=[0, 1, 2]", "try --seeds 0,1,2", None),
        ("write time='the date'", 'write --time "the date"', 'write time "the date"'),
        ("lab.load(path, time='date') and Dense(units=3)", None, None),
        ("bollinger(20, 2) where a == b", None, None),
        ("the stack has go_backwards=True", None, None),
        ("try learning_rate=1e-05", "try --learning-rate 1e-05", "try learning rate 1e-05"),
        ("interval should be less than 100", "--interval should be less than 100", None),
        ("time runs backwards", None, None),
    ],
)
def test_options_in_a_message(text, flags, controls):
    assert as_flags(text, FLAGS) == (text if flags is None else flags)
    if controls is not None:
        assert as_controls(text, OPTION_NAMES) == controls


WRONG = ["-1", "0", "x", "1.5", "nowhere", "1000000000000", ""]


def refusals():
    for model in MODELS:
        for name in model.model_fields:
            for value in WRONG:
                try:
                    model.of({name: value})
                except OptionError as refused:
                    yield name, str(refused)


def test_every_refusal_of_a_value_names_a_flag_in_a_magic():
    told = list(refusals())
    assert len(told) > 100
    for name, text in told:
        shown = as_flags(text, OPTION_NAMES)
        flag = "--" + name.replace("_", "-")
        assert shown.startswith(f"{flag} "), shown
        assert f"{name}=" not in shown
        assert "\n" not in shown


@pytest.mark.parametrize(
    ("model", "values", "said"),
    [
        (ForecastOptions, {"interval": 0.9}, "got 0.9; did you mean interval=90?"),
        (ForecastOptions, {"interval": "0.95"}, "did you mean interval=95?"),
        (TrainOptions, {"validation": 10}, "did you mean validation=0.1?"),
        (TrainOptions, {"dropout": 20}, "did you mean dropout=0.2?"),
        (TrainOptions, {"dropout": 1.5}, "got 1.5; for example dropout=0.2"),
        (TrainOptions, {"dropout": -1}, "for example dropout=0.2"),
        (TrainOptions, {"lr": 0.1}, "there is no option 'lr'; did you mean learning_rate=0.001?"),
        (TrainOptions, {"epcohs": 3}, "did you mean epochs=100?"),
        (ForecastOptions, {"n_paths": 3}, "did you mean paths=200?"),
        (ForecastOptions, {"steps": 3}, "did you mean horizon=30?"),
    ],
)
def test_a_slip_finds_what_was_meant(model, values, said):
    with pytest.raises(OptionError) as refused:
        model.of(values)
    assert str(refused.value).endswith(said)


@pytest.mark.parametrize(
    ("command", "line", "said"),
    [
        (TRAIN, "oil --lr 0.1", "%lstm_train has no flag --lr; did you mean --learning-rate?"),
        (TRAIN, "oil --batch-size 8", "did you mean --batch?"),
        (TRAIN, "oil epochs=5", "takes flags, got 'epochs=5'; did you mean --epochs 5?"),
        (TRAIN, "oil, epochs=5, units=8", "takes flags, got 'epochs=5,'; did you mean --epochs 5?"),
        (TRAIN, "oil -epochs 5", "takes flags, got '-epochs'; did you mean --epochs 100?"),
        (FORECAST, "paths=5", "did you mean --paths 5?"),
        (FORECAST, "30 --steps 3", "did you mean --horizon?"),
    ],
)
def test_a_slip_on_a_line_finds_the_flag(command, line, said):
    with pytest.raises(OptionError) as refused:
        command.parse(line)
    assert said in str(refused.value)


def test_what_was_received_is_shown_as_it_was_written():
    text = "takes flags, got 'epochs=5'; did you mean --epochs 5? or epochs=6"
    assert as_flags(text, {"epochs"}) == "takes flags, got 'epochs=5'; did you mean --epochs 5? or --epochs 6"


def test_what_a_lesson_holds_is_spelled_as_in_the_lesson():
    assert as_flags("{reveal horizon=0} in the lesson: use horizon=3", {"horizon"}) == (
        "{reveal horizon=0} in the lesson: use --horizon 3"
    )


def test_a_number_of_too_many_digits_is_said_to_be_one():
    with pytest.raises(OptionError, match=r"^horizon should be a whole number of fewer digits, got '333"):
        ForecastOptions.of({"horizon": "3" * 5000})
