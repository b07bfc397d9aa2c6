"""The view of many series: what is sent, what is asked for, what an output keeps, and what it says where it cannot."""

import base64
import gzip
import json

import numpy as np
import pandas as pd
import pytest

from lstm_lab.errors import OptionError
from lstm_lab.widgets import panel_fan
from lstm_lab.widgets.base import MIME
from lstm_lab.widgets.fan import recent_rows
from lstm_lab.widgets.panel_fan import PanelFanChart
from tests.forecasting.panel_forecasts import drawn_panel


@pytest.fixture
def opened():
    views = []

    def open_it(forecasts):
        views.append(forecasts.widget())
        return views[-1]

    yield open_it
    for view in views:
        view.close()


def names(array):
    return bytes(array).decode().split("\n")


def kept(state):
    """Unpack what an output keeps: the values, and the arrays by name."""
    whole = gzip.decompress(base64.b64decode(state["state"]))
    at = 4 + int.from_bytes(whole[:4], "little")
    head = json.loads(whole[4:at])
    arrays = {}
    for described in head["arrays"]:
        array = np.frombuffer(whole, described["dtype"], int(np.prod(described["shape"])), at)
        arrays[described["name"]] = array.reshape(described["shape"])
        at += array.nbytes
    return head["values"], arrays


def test_the_sum_comes_first_and_each_series_has_its_quantiles_and_its_history(opened):
    fcs = drawn_panel(5)
    view = opened(fcs)
    assert isinstance(view, PanelFanChart)
    arrays = view.wire.arrays()
    assert names(arrays["names"]) == ["total of 5 series", *fcs]
    assert names(arrays["each_names"]) == names(arrays["names"])
    assert view.wire.get("chosen") == "total of 5 series"
    np.testing.assert_allclose(arrays["quantiles"][2], fcs.total().quantile(0.5), rtol=1e-6)
    np.testing.assert_allclose(arrays["each_quantiles"][0][2], fcs.total().quantile(0.5), rtol=1e-6)
    np.testing.assert_allclose(arrays["each_quantiles"][3][4], fcs["s02"].quantile(0.95), rtol=1e-6)
    before = recent_rows(fcs.horizon)
    history = arrays["each_history"]
    assert history.shape == (6, before)
    assert np.isnan(history[3][: before - 40]).all()
    np.testing.assert_allclose(history[3][before - 40 :], fcs["s02"].history, rtol=1e-6)
    assert arrays["each_times"].shape == (1, 6)


def test_a_choice_brings_all_of_a_series_and_a_wrong_one_a_line(opened):
    fcs = drawn_panel(5)
    view = opened(fcs)
    view.on_message("choose", {"name": "s03"})
    assert view.wire.get("chosen") == "s03"
    np.testing.assert_allclose(view.wire.array("paths"), fcs["s03"].paths, rtol=1e-6)
    view._receive(view, {"kind": "choose", "name": "s3"}, [])
    assert "there is no id 's3'" in view.error
    assert view.wire.get("chosen") == "s03"
    view.on_message("choose", {"name": "total of 5 series"})
    assert view.error == ""
    np.testing.assert_allclose(view.wire.array("paths"), fcs.total().paths, rtol=1e-6)
    assert view.result is fcs


def test_what_is_sent_has_a_bound_and_the_rest_is_a_choice_away(opened, monkeypatch):
    monkeypatch.setattr(panel_fan, "SENT_BYTES", 4_000)
    monkeypatch.setattr(panel_fan, "LISTED_BYTES", 40)
    fcs = drawn_panel(30)
    view = opened(fcs)
    arrays = view.wire.arrays()
    sent = names(arrays["each_names"])[1:]
    assert 5 < len(sent) < 12
    assert (sent[0], sent[-1]) == ("s00", "s29")
    # the sum, and the times that are shared, come on top
    series = len(sent)
    assert arrays["each_quantiles"].nbytes + arrays["each_history"].nbytes <= 4_000 * (series + 1) / series + 800
    assert len(names(arrays["names"])) == 1 + 10
    assert "s20" not in sent
    view.on_message("choose", {"name": "s20"})
    np.testing.assert_allclose(view.wire.array("quantiles")[2], fcs["s20"].quantile(0.5), rtol=1e-6)


def test_series_that_share_no_time_have_times_of_their_own_and_no_sum(opened):
    fcs = drawn_panel(3, apart=True)
    view = opened(fcs)
    arrays = view.wire.arrays()
    assert names(arrays["names"]) == ["s00", "s01", "s02"]
    assert view.wire.get("total_band") is None
    assert arrays["each_times"].shape == (3, 6)
    assert arrays["each_times"][1][0] == pd.Timestamp("2001-02-10").timestamp()
    assert names(opened(drawn_panel(1)).wire.array("names")) == ["s00"]


def test_an_output_keeps_a_share_of_the_series_within_its_room(opened):
    fcs = drawn_panel(400, horizon=28)
    view = opened(fcs)
    data, metadata = view._repr_mimebundle_()
    assert len(json.dumps([data, metadata])) <= 150_000
    assert data["text/plain"].startswith("Forecasts of units")
    assert metadata["image/png"]["width"] == 900
    values, arrays = kept(data[MIME])
    series = names(arrays["each_names"])
    assert values["series"] == 400
    assert 50 < len(series) < 400
    assert (series[0], series[-1]) == ("total of 400 series", "s399")
    assert len(arrays["names"]) == 0
    assert arrays["paths"].shape == (20, 28)
    row = len(series) // 2
    expected = fcs[series[row]].quantile([0.05, 0.25, 0.5, 0.75, 0.95])
    assert np.abs(arrays["each_quantiles"][row] - expected).max() <= np.ptp(expected) / 1000
    assert arrays["each_history"].shape == (len(series), 84)


def test_sums_over_time_and_few_paths_have_a_view_too(opened, tmp_path):
    sums = drawn_panel(3, horizon=14).sum("W")
    assert opened(sums).wire.array("each_history").shape == (4, 60)
    few = opened(drawn_panel(2, paths=20)).wire.array("each_quantiles")
    assert np.isnan(few[:, [0, 1, 3, 4]]).all()
    assert np.isfinite(few[:, 2]).all()
    page = drawn_panel(2, paths=20).to_html(tmp_path / "panel.html")
    assert '"_view": "panel"' in page.read_text()


def test_an_option_that_no_view_has_is_refused(tmp_path):
    fcs = drawn_panel(3)
    with pytest.raises(OptionError, match=r"^a view of a PanelForecast has no id=, got id='s00'; "):
        fcs.widget(id="s00")
    with pytest.raises(OptionError, match=r"has no heigth=, got heigth=3; did you mean 'height'\?$"):
        fcs["s00"].widget(heigth=3)
    with pytest.raises(OptionError, match=r"^a view takes no such value: [^\n]*theme[^\n]*$"):
        fcs.to_html(tmp_path / "page.html", theme="drak")
    fcs["s01"].to_html(tmp_path / "page.html", title="One of them", height=200)
    assert "<title>One of them</title>" in (tmp_path / "page.html").read_text()
