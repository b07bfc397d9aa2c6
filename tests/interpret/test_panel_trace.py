"""Gates of several series at the same time: the same traces as alone, side by side, in tables and a picture."""

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.errors import DataError, OptionError
from lstm_lab.interpret.panel_trace import PanelTrace
from tests.data.panels import made_panel

IDS = {"id": "store", "target": "units", "time": "day"}
SMALL = {"lookback": 8, "units": [4], "dense": [], "epochs": 1, "transform": "log"}


@pytest.fixture(scope="module")
def run():
    table = made_panel(5, seed=3)
    short = table[(table.store != "s04") | (table.day < "2023-02-20")]
    return lab.train(short, **IDS, **SMALL)


@pytest.fixture(scope="module")
def compared(run):
    return run.gates(id=["s01", "s00", "s04"])


def test_the_windows_of_several_ids_end_at_the_newest_time_that_all_have(compared, run):
    last = min(run.frame.loc[name].index.max() for name in ("s00", "s01", "s04"))
    assert isinstance(compared, PanelTrace)
    assert list(compared) == ["s01", "s00", "s04"]
    assert compared.at == last
    assert all(trace.index[-1] == last for trace in compared.values())


def test_each_trace_is_that_of_the_id_alone(compared, run):
    alone = run.gates(compared.at, id="s00")
    np.testing.assert_array_equal(compared["s00"].layers[0].forget, alone.layers[0].forget)
    assert compared["s00"].forecast.equals(alone.forecast)
    assert compared.verified < 1e-5


def test_tables_hold_the_mean_gates_by_id_and_step(compared):
    table = compared.frame
    assert table.index.names == ["id", "time"]
    forget = compared["s01"].layers[0].forget.mean(axis=1)
    np.testing.assert_allclose(table.loc["s01", "forget"], forget)
    np.testing.assert_allclose(table.loc["s01", "state"], np.abs(compared["s01"].layers[0].cell).mean(axis=1))
    assert compared.summary.loc["s01", "forget"] == pytest.approx(forget.mean())
    assert compared.summary.loc["s01", "forecast"] == compared["s01"].forecast.iloc[0]
    assert compared.summary.loc["s01", "half_life"] == pytest.approx(np.median(compared["s01"].layers[0].half_life))
    head, *lines = compared.summary_table().table
    assert head[:5] == ("id", "next units", "forget", "input", "output")
    assert [line[0] for line in lines] == ["s01", "s00", "s04"]


def test_ids_with_commas_and_a_time_name_the_same(run, compared):
    again = run.gates(str(compared.at.date()), id="s01, s00,s04")
    assert again.frame.equals(compared.frame)
    earlier = run.gates(-3, id=["s00", "s01"])
    newest = run.gates(id=["s00", "s01"])
    assert earlier.at == newest.at - pd.Timedelta(days=2)


def test_the_picture_has_a_line_for_each_id_in_every_plot(compared):
    figure = compared.plot()
    titles = [panel.get_title(loc="left") for panel in figure.axes[1:]]
    assert titles[:3] == [f"{gate} gate, 0 shut to 1 open" for gate in ("forget", "input", "output")]
    assert titles[3] == "size of the state"
    assert all(len(panel.get_lines()) == 3 for panel in figure.axes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["s01", "s00", "s04"]  # each once
    drawn = figure.axes[1].get_lines()[0].get_ydata()
    np.testing.assert_allclose(drawn, compared.frame.loc["s01", "forget"])
    assert "image/png" in compared._repr_mimebundle_()[0]


def test_a_cell_is_shown_of_one_id(run):
    cell = run.cell(id="s02", unit=1)
    expected = run.gates(id="s02").cell(unit=1)
    assert repr(cell) == repr(expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: run.gates(id=[]), "id= must name at least one id, got none; for example id='s00'"),
        (lambda run: run.gates(id=["s00", "s9"]), "there is no id 's9' in the run; it has 's00', 's01'"),
        (lambda run: run.gates("1999-01-01", id=["s00", "s01"]), "there is no row at 1999-01-01; the nearest is"),
        (lambda run: run.gates(id=["s00", "s01"], windows=3), "windows= looks at many windows of one id, got 2 ids"),
        (lambda run: run.gates(), r"gates takes one of the 5 ids; name it with id='s00'"),
        (lambda run: run.cell(), r"cell takes one of the 5 ids; name it with id='s00'"),
        (lambda run: run.series("s00").gates(id=["s00", "s01"]), "id= belongs to a run of many series"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(run, call, message):
    with pytest.raises((DataError, OptionError), match=message) as refused:
        call(run)
    assert "\n" not in str(refused.value)


def test_ids_without_a_common_time_are_refused(run):
    later = made_panel(1, seed=9).assign(store="new")
    later["day"] += pd.Timedelta(days=900)
    longer = run.on(later)
    with pytest.raises(DataError, match="at a time that all of them have, got none for 's00', 'new'"):
        longer.gates(id=["s00", "new"])
