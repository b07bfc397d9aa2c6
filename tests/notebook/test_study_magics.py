"""`%lstm_backtest` and `%lstm_compare` in a real shell: what they pass on, and once the whole way through."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import lstm_lab
from lstm_lab.evaluation.backtest import Backtest
from lstm_lab.evaluation.kinds import CHANGES
from lstm_lab.notebook.commands import ABLATE
from lstm_lab.options import AblateOptions, BacktestOptions, CompareOptions, ForecastOptions, TrainOptions


class Recorded:
    def __init__(self, **given):
        self.given = given

    def __repr__(self):
        return "<recorded>"


@dataclass(frozen=True, repr=False)
class Found:
    """What a search gives back."""

    given: dict
    word: str = "frame"
    source: str = "frame"
    copied: tuple = ("call",)

    def __repr__(self):
        return "<found>"


@pytest.fixture
def recorded(shell, monkeypatch):
    def backtest(run, frame=None, *, listener, stop, **options):
        assert stop is listener.stop
        for name in options:
            assert name in BacktestOptions.model_fields or name in ForecastOptions.model_fields
        return Recorded(run=run, frame=frame, **options)

    def compare(source, *, listener, stop, **options):
        assert stop is listener.stop
        models = (CompareOptions, TrainOptions, ForecastOptions)
        assert all(any(name in model.model_fields for model in models) for name in options)
        return Recorded(source=source, **options)

    def ablate(source, *, listener, stop, **options):
        assert stop is listener.stop
        return Recorded(source=source, **options)

    def tune(_, *, listener, stop, **options):
        assert stop is listener.stop
        return Found(options)

    monkeypatch.setitem(vars(lstm_lab), "ablate", ablate)
    monkeypatch.setitem(vars(lstm_lab), "tune", tune)
    monkeypatch.setitem(vars(lstm_lab), "backtest", backtest)
    monkeypatch.setitem(vars(lstm_lab), "compare", compare)
    rng = np.random.default_rng(0)
    index = pd.date_range("2022", periods=260, freq="D")
    shell.user_ns["prices"] = pd.DataFrame({"close": 9 + rng.normal(0, 0.1, 260).cumsum()}, index=index)

    class Run(Recorded):
        __module__, __qualname__ = "lstm_lab.run", "Run"

    monkeypatch.setattr("lstm_lab.run.Run", Run)
    shell.user_ns["mine"] = Run()
    return shell


def test_flags_reach_the_backtest(recorded, do):
    result, _, err = do(
        "%lstm_backtest prices --run mine --horizon 5 --origins 9 --baselines naive,drift --refit 3 -o bt"
    )
    assert err == ""
    assert result.given["run"] is recorded.user_ns["mine"]
    assert result.given["frame"] is recorded.user_ns["prices"]
    assert result.given | {"run": 0, "frame": 0} == {
        "run": 0,
        "frame": 0,
        "horizon": "5",
        "origins": "9",
        "baselines": "naive,drift",
        "refit": "3",
    }
    assert recorded.user_ns["bt"] is result
    options = BacktestOptions.of({"refit": "3", "baselines": "naive,drift", "renew": "off"})
    assert (options.refit, options.baselines, options.renew) == (3, ("naive", "drift"), False)


def test_flags_reach_the_comparison(recorded, do):
    recorded.user_ns.update(naive=3, mine_too=["lstm"])
    result, _, err = do("%lstm_compare prices --kinds lstm,naive --seeds 0,1 --units 8 --horizon 5 --workers 2")
    assert err == ""
    assert result.given["source"] is recorded.user_ns["prices"]
    assert result.given["kinds"] == "lstm,naive"
    assert result.given["workers"] == "2"
    assert do("%lstm_compare prices --kinds naive")[0].given["kinds"] == "naive"
    assert do("%lstm_compare prices --kinds mine_too")[0].given["kinds"] == ["lstm"]
    assert CompareOptions.of({"kinds": "lstm,naive", "seeds": "0,1"}).seeds == (0, 1)


def test_flags_reach_the_ablation(recorded, do):
    result, _, err = do('%lstm_ablate prices --changes "loss: mse, target: raw" --seeds 0 --units 8 -o what')
    assert err == ""
    assert result.given["source"] is recorded.user_ns["prices"]
    assert result.given["changes"] == "loss: mse, target: raw"
    assert AblateOptions.of({"changes": result.given["changes"]}).changes == ("loss: mse", "target: raw")
    assert recorded.user_ns["what"] is result
    magics = recorded.magics_manager.registry["LSTMMagics"]
    assert set(magics.values(ABLATE.flags["changes"], "prices")) == {"all", *CHANGES}


def test_flags_reach_the_search(recorded, do):
    recorded.user_ns["sizes"] = {"units": [4, 8]}
    result, _, err = do('%lstm_tune prices --space "units=4|8; dropout=0..0.4" --trials 3 -o found')
    assert err == ""
    assert result.given == {"space": "units=4|8; dropout=0..0.4", "trials": "3"}  # no default of another study's
    assert recorded.user_ns["found"] is result
    assert (result.word, result.source, result.copied) == ("prices", "prices", ("cell", "call"))
    assert do("%lstm_tune oil --space sizes")[0].source == "lab.example('oil')"
    assert do("%lstm_tune prices --space sizes")[0].given == {"space": {"units": [4, 8]}}


@pytest.mark.usefixtures("recorded")
def test_a_seed_set_by_config_is_not_a_comparisons(do):
    do("%config LSTMMagics.seed = 3")
    assert "seed" not in do("%lstm_compare prices")[0].given
    assert do("%lstm_backtest --run mine")[0].given["seed"] == 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%lstm_backtest", "no magic has trained or loaded a run yet; name yours, for example --run mine"),
        ("%lstm_backtest --run mine --origin 3 --baseline naive --cluster", "--cluster needs a value"),
        ("%lstm_compare", "needs data"),
        ("%lstm_ablate", "%lstm_ablate needs data"),
        ("%lstm_ablate prices --change 'loss: mse' --kinds lstm", "no flag --kinds"),
        ("%lstm_compare prices --kind lstm --seeeds 3", "did you mean --seeds"),
    ],
)
@pytest.mark.usefixtures("recorded")
def test_mistakes_are_one_line(do, line, said):
    _, out, err = do(line)
    assert said in out + err
    assert "Traceback" not in out + err


def test_the_whole_way(shell, do):
    rng = np.random.default_rng(0)
    index = pd.date_range("2022", periods=260, freq="D")
    shell.user_ns["prices"] = pd.DataFrame({"close": 9 + rng.normal(0, 0.1, 260).cumsum()}, index=index)
    do("%lstm_train prices --units 4 --dense none --lookback 8 --epochs 1 --calibration 0.3 --cell rnn --no-display")
    result, out, err = do("%lstm_backtest --horizon 3 --origins 6 --paths 50 --baselines naive")
    assert isinstance(result, Backtest)
    assert err == ""
    assert "verdict" in out
    _, out, _ = do("%lstm_compare prices --kinds naive,drift --horizon 3 --origins 6 --paths 50 -o table;")
    assert sorted(shell.user_ns["table"].summary.index) == ["drift", "naive"]
    assert "verdict" not in out


def test_help_and_completion_need_no_tensorflow():
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'lstm_lab')\n"
        "shell.run_line_magic('lstm_compare', '--help')\n"
        "magics = shell.magics_manager.registry['LSTMMagics']\n"
        "from lstm_lab.notebook.commands import COMPARE\n"
        "assert 'transformer' in list(magics.values(COMPARE.flags['kinds'], None))\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--cluster" in done.stdout
