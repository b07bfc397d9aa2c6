"""Every magic as it is typed in a notebook: something is displayed, and once."""

import pytest

from lstm_lab.notebook.commands import COMMANDS

SMALL = "--lookback 8 --units 4 --dense none --epochs 1"
JUDGED = "--horizon 2 --paths 5 --origins 3"
LINES = {
    "lstm_train": f"prices {SMALL}",
    "lstm_features": "prices",
    "lstm_forecast": "3 --paths 5",
    "lstm_spread": "2 --paths 50",
    "lstm_reveal": "later",
    "lstm_backtest": f"{JUDGED} --baselines naive",
    "lstm_compare": f"prices --kinds naive,drift {JUDGED} --lookback 8",
    "lstm_ablate": f"prices --changes 'loss: mse' --seeds 0 {SMALL} {JUDGED}",
    "lstm_tune": f"prices --space 'dropout=0.1|0.3' --trials 1 --folds 1 {SMALL} {JUDGED}",
    "lstm_gates": "",
    "lstm_cell": "--unit 1",
    "lstm_find": "--steps 0-2 --matches 2",
    "lstm_learning": "--run seen",
    "lstm_lesson": "",
    "lstm_memory": "--recall none --updates 1 --units 2",
    "lstm_weights": "",
    "lstm_loss": "",
    "lstm_save": "prices.lstm",
    "lstm_load": "prices.lstm",
    "lstm_export": "prices.tflite",
    "lstm_runs": "",
    "lstm_compare_runs": "first second --horizon 2 --paths 5",
    "lstm_resume": "--epochs 1",
    "lstm_lab": "prices",
}
RESULT = {
    "lstm_train": "Run",
    "lstm_features": "Inputs for close",
    "lstm_forecast": "Forecast of close",
    "lstm_spread": "close: where the spread comes from",
    "lstm_reveal": "close: what happened",
    "lstm_backtest": "Backtest of close",
    "lstm_compare": "Comparison for close",
    "lstm_ablate": "Ablation for close",
    "lstm_tune": "Search for close",
    "lstm_gates": "In layer",
    "lstm_cell": "Unit 1 of ",
    "lstm_find": "Found again: ",
    "lstm_learning": "How close was learnt",
    "lstm_lesson": "What does the gate do here?",
    "lstm_memory": "Networks of one layer of 2 units",
    "lstm_weights": "Weights: uniform",
    "lstm_loss": "Losses over the residuals",
    "lstm_save": "prices.lstm (",
    "lstm_load": "Run",
    "lstm_export": "Export of close",
    "lstm_runs": "Runs",
    "lstm_compare_runs": "Runs of close",
    "lstm_resume": "Run",
    "lstm_lab": "Dashboard: prices",
}
"""How the text of what is displayed begins."""
VIEW_AND_TABLE = {"lstm_train", "lstm_resume", "lstm_forecast"}
"""The live view grew while the work was done, and the table stands below it: two displays of the result's two parts."""


@pytest.fixture(scope="module")
def trained(kernel):
    """A kernel with a frame and a last run."""
    kernel.run(
        "import numpy as np, pandas as pd\n"
        "walk = 50 + np.random.default_rng(0).normal(size=160).cumsum()\n"
        "prices = pd.DataFrame({'close': walk}, index=pd.date_range('2024', periods=160))\n"
        "later = np.array([50.0, 51.0, 52.0])"
    )
    assert kernel.run(f"%lstm_train {LINES['lstm_train']} --watch -o seen").errors == []
    kernel.run("%lstm_save prices.lstm")
    kernel.run("%lstm_load prices.lstm -o first")
    kernel.run("%lstm_load prices.lstm -o second")
    kernel.run(f"%lstm_forecast {LINES['lstm_forecast']};")
    return kernel


def check_shown_once(outputs, name):
    assert outputs.errors == []
    views = [data for _, data in outputs.shown if "application/vnd.jupyter.widget-view+json" in data]
    tables = [data for _, data in outputs.shown if data["text/plain"].startswith(RESULT[name])]
    if name in VIEW_AND_TABLE:
        assert [len(views), len(tables), len(outputs.shown)] == [1, 2, 2]
        assert "text/html" in tables[1]
    elif name == "lstm_lab":
        # The dashboard, and the place for the picture that the notebook keeps.
        assert [len(tables), len(outputs.shown)] == [1, 2]
    else:
        assert [len(tables), len(outputs.shown)] == [1, 1]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_shows_its_result_once(trained, name):
    check_shown_once(trained.run(f"%{name} {LINES[name]}".rstrip()), name)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_name_and_an_assignment_keep_what_is_shown_once(trained, name):
    check_shown_once(trained.run(f"x = %{name} {LINES[name]} -o kept"), name)
    assert trained.value("x is kept and x is not None") == "True"
    trained.run("del x, kept")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_semicolon_leaves_one_line(trained, name):
    outputs = trained.run(f"%{name} {LINES[name]}".rstrip() + ";")
    assert outputs.errors == []
    if name == "lstm_lab":
        assert outputs.shown == []
        return
    ((_, data),) = outputs.shown
    assert data["text/plain"].strip().count("\n") == 0
    assert data["text/plain"].strip() != ""
    assert "application/vnd.jupyter.widget-view+json" not in data


@pytest.mark.parametrize(
    "cell", ["%lstm_runs\n%lstm_weights", "%lstm_weights\n%lstm_runs", "if True:\n    %lstm_runs\n    %lstm_weights"]
)
def test_every_magic_of_a_cell_shows_its_own(trained, cell):
    outputs = trained.run(cell)
    assert [len(outputs.texts(RESULT[name])) for name in ("lstm_runs", "lstm_weights")] == [1, 1]
    assert len(outputs.shown) == 2


def test_a_forecast_that_is_interrupted_while_it_is_drawn_is_kept(trained):
    slow = "import lstm_lab.plots, time\n"
    slow += "def slow(*_, **__):\n    print('drawing', flush=True)\n    time.sleep(60)\n"
    trained.run(slow + "swift, lstm_lab.plots.png = lstm_lab.plots.png, slow")
    try:
        outputs = trained.run("%lstm_forecast 3 --paths 5 -o fan\nafterwards = 1", interrupt="drawing")
        assert outputs.errors == ["Interrupted: the result is complete and kept as fan, but not drawn"]
        gates = trained.run("%lstm_gates", interrupt="drawing")
        assert gates.errors == ["Interrupted: the result is complete and kept as _, but not drawn"]
        assert trained.value("type(fan).__name__, fan.paths.shape, 'afterwards' in globals(), type(_).__name__") == (
            "('Forecast', (5, 3), False, 'Trace')"
        )
    finally:
        trained.run("lstm_lab.plots.png = swift")


def test_the_cell_that_loads_the_extension_shows_its_result_once(trained):
    trained.run("get_ipython().input_transformers_post.clear()")
    check_shown_once(trained.run("%reload_ext lstm_lab\n%lstm_features prices"), "lstm_features")
