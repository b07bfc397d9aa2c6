"""One definition of the flags: what they take, how they explain themselves, what they refuse."""

import pytest

from lstm_lab import options
from lstm_lab.cli import commands as subcommands
from lstm_lab.errors import OptionError
from lstm_lab.notebook import commands
from lstm_lab.options import ForecastOptions, Options, TrainOptions, option_extra
from lstm_lab.options.flags import Command, Flag, split_words, value_text

MODELS = (TrainOptions, ForecastOptions)
EVERY = [one for one in vars(options).values() if isinstance(one, type) and issubclass(one, Options)]
TRAIN = Command(
    "%train",
    "Train.",
    (TrainOptions,),
    argument=Flag("data", "what to train on", value="DATA"),
    extras=(Flag("output", "keep it", value="NAME", short="-o"), Flag("no_display", "show nothing")),
)
FORECAST = Command("%forecast", "Forecast.", (ForecastOptions,), argument=Flag("horizon", "steps", value="HORIZON"))
BOTH = Command("both", "Both.", MODELS)


@pytest.mark.parametrize("model", EVERY)
def test_every_option_is_a_flag_with_its_meaning_and_default(model):
    command = Command("c", "m", (model,))
    text = " ".join(command.help().split())
    for name, option in model.model_fields.items():
        flag = command.flags[name]
        assert flag.written == "--" + name.replace("_", "-")
        assert flag.written + " " in text
        assert option.description in text
        assert flag.default == value_text(option.default)


@pytest.mark.parametrize("model", EVERY)
def test_every_example_is_a_value_that_the_option_takes(model):
    for name, option in model.model_fields.items():
        example = option_extra(option, "example")
        parsed = Command("c", "m", (model,)).parse(f"--{name} {example}")
        assert getattr(model.of(parsed.of(model)), name) is not None


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        ('prices --features "log_return, bollinger(20, 2)"', "features", "log_return, bollinger(20, 2)"),
        ("prices --features='log_return, bollinger(20, 2)'", "features", "log_return, bollinger(20, 2)"),
        ('prices --features log_return,"bollinger(20, 2)"', "features", "log_return,bollinger(20, 2)"),
        ("--forget-bias -1 prices", "forget_bias", "-1"),
        ("prices --forget_bias 1", "forget_bias", "1"),
        ("prices --look 60", "lookback", "60"),
        ("prices --target 'the price; $'", "target", "the price; $"),
        ("prices --target=a=b", "target", "a=b"),
        ("prices --target close;", "target", "close"),
        ("prices --target close ; ", "target", "close"),
    ],
)
def test_a_value_reaches_its_option_as_it_was_written(line, name, text):
    parsed = TRAIN.parse(line)
    assert parsed.argument == "prices"
    assert parsed.values == {name: text}


def test_a_windows_path_keeps_its_backslashes():
    assert split_words(r"C:\data\prices.csv --target close") == [r"C:\data\prices.csv", "--target", "close"]


def test_a_time_of_day_belongs_to_the_date_before_it():
    assert TRAIN.parse("prices --target 2024-05-29 6:00 --epochs 3").values == {
        "target": "2024-05-29 6:00",
        "epochs": "3",
    }
    assert TRAIN.parse(["--target=2024-05-29", "06:00:00+02:00"]).values == {"target": "2024-05-29 06:00:00+02:00"}
    with pytest.raises(OptionError, match="does not know what '06:00' is for"):
        TRAIN.parse("prices 06:00")


def test_the_place_is_an_options_value_where_it_is_named_after_one():
    parsed = FORECAST.parse("30 --paths 5")
    assert parsed.argument is None
    assert parsed.values == {"horizon": "30", "paths": "5"}


def test_the_commands_own_flags_stay_apart_from_the_options():
    parsed = TRAIN.parse("prices -o first --no-display --epochs 3")
    assert parsed.values == {"epochs": "3"}
    assert parsed.extras == {"output": "first", "no_display": "on"}
    assert TRAIN.parse("-h").extras == {"help": "on"}


def test_two_models_share_the_seed():
    parsed = BOTH.parse("--seed 7 --epochs 3 --paths 50")
    assert parsed.of(TrainOptions) == {"seed": "7", "epochs": "3"}
    assert parsed.of(ForecastOptions) == {"seed": "7", "paths": "50"}
    assert BOTH.help().count("--seed ") == 1


def test_defaults_of_a_command_are_overridden_by_its_flags_and_shown_in_its_help():
    small = Command("demo", "Demo.", MODELS, defaults={"epochs": "8", "lookback": "20"})
    assert small.parse("--epochs 3").values == {"epochs": "3", "lookback": "20"}
    assert "at most (default 8; epochs; e.g. 100)" in " ".join(small.help().split())


@pytest.mark.parametrize(
    ("command", "line", "message"),
    [
        (TRAIN, "prices --epohcs 3", "%train has no flag --epohcs; did you mean --epochs?"),
        (TRAIN, "prices --de 3", "--de could be --decimal, --dense, --delta; write it out"),
        (TRAIN, "prices --epochs", "--epochs needs a value; for example --epochs 100"),
        (TRAIN, "prices --epochs --seed 3", "--epochs needs a value; for example --epochs 100"),
        (TRAIN, "prices --epochs 3 --epochs 4", "--epochs is given twice in %train; keep one"),
        (TRAIN, "prices --no-display=yes", "--no-display takes no value, got 'yes'; write --no-display alone"),
        (FORECAST, "30 --horizon 40", "the horizon is given twice, alone and with --horizon; keep one"),
    ],
)
def test_a_mistake_is_explained_in_one_line(command, line, message):
    with pytest.raises(OptionError) as caught:
        command.parse(line)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("prices --features log_return, bollinger(20, 2)", "a value with spaces needs quotes"),
        ('prices --features "log_return', "a quote is never closed"),
        ("prices --zzzzzzzz 1", "choose from --target, --time"),
    ],
)
def test_a_mistake_names_its_remedy(line, part):
    with pytest.raises(OptionError) as caught:
        TRAIN.parse(line)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_command_may_leave_an_option_out():
    without = Command("c", "m", MODELS, without=("seed",))
    assert "seed" not in without.flags
    with pytest.raises(OptionError, match="no flag --seed"):
        without.parse("--seed 3")


def test_a_value_of_two_types_is_refused_by_both_rules_in_one_line():
    for model, name, given, rule in (
        (options.BacktestOptions, "refit", "-1", "on or off, or greater than or equal to 1, got '-1'"),
        (options.BacktestOptions, "refit", "maybe", "on or off, or a whole number, got 'maybe'"),
        (options.CompareOptions, "seeds", "0,x", "seeds should be a whole number, got 'x'"),
        (options.CompareOptions, "kinds", "none", "kinds needs at least one value"),
        (
            TrainOptions,
            "weights",
            "linaer",
            "weights should be uniform, linear, exponential, exponential:RATE or column:NAME, got",
        ),
    ):
        with pytest.raises(OptionError) as refused:
            model.of({name: given})
        assert rule in str(refused.value)


def test_choices_come_from_the_types():
    assert FORECAST.flags["dropout_masks"].choices == ("path", "step")
    assert FORECAST.flags["calibrate"].choices == ("auto", "on", "off")
    assert FORECAST.flags["preset"].choices == ("classic",)
    assert TRAIN.flags["target"].choices == ()


FACES = [one for face in (commands, subcommands) for one in vars(face).values() if isinstance(one, Command)]


@pytest.mark.parametrize("command", FACES, ids=lambda command: command.name)
def test_help_keeps_to_a_hundred_columns(command):
    assert max(map(len, command.help().splitlines())) <= 100


def test_an_old_flag_is_still_taken_with_a_warning():
    with pytest.warns(FutureWarning, match="masks is called dropout_masks now"):
        assert FORECAST.parse("--masks step").values == {"dropout_masks": "step"}
