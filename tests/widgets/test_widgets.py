from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lstm_lab.diagnostics.training_choices import ResidualLosses, Weighting, loss_of
from lstm_lab.errors import LabError, OptionError
from lstm_lab.events import Batch, Chunk, Epoch, SamplingEnd, SamplingPlan, TrainingEnd, TrainingPlan
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.widgets import base, offline, stop, to_html, widget
from lstm_lab.widgets import bundle as front_end
from lstm_lab.widgets import cell_outputs as cells
from lstm_lab.widgets.axes import axis
from lstm_lab.widgets.fan import FanChart, sampling_view
from lstm_lab.widgets.next_training import NextWeights
from lstm_lab.widgets.training import MonitorListener, TrainingMonitor, training_view
from lstm_lab.widgets.weights import WeightCurve

TIMES = pd.date_range("2024-01-01", periods=70, freq="D")
HISTORY = pd.Series(np.linspace(10.0, 20.0, 40), TIMES[:40])
PATHS = 20 + np.random.default_rng(0).normal(size=(120, 30)).cumsum(axis=1)
PLAN = TrainingPlan("run", 10, 4, 3, 100, 20, 5000, 0.5)
NASTY = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def closed(monkeypatch):
    """Close every widget that a test made."""
    made = []
    begin = base.LabWidget.__init__

    def remember(self, *args, **traits):
        made.append(self)
        begin(self, *args, **traits)

    monkeypatch.setattr(base.LabWidget, "__init__", remember)
    yield
    for one in made:
        one.close()


@pytest.fixture
def trained():
    view, listener = training_view(threading.Event())
    view.wire._interval = 0
    listener.on_start(PLAN)
    return view, listener


def made(paths=PATHS, target="close"):
    return Forecast(paths, TIMES[40:], HISTORY, target, "predictive")


def test_a_monitor_keeps_what_training_told(trained):
    view, listener = trained
    listener.on_batch(Batch(1, 2, 0.9))
    listener.on_epoch(Epoch(1, 0.8, 0.7, 1e-3, 2.0, 1, 3))
    listener.on_epoch(Epoch(2, 0.6, None, 5e-4, 2.0, 2, 3))
    np.testing.assert_allclose(view.wire.array("epochs"), [[0.8, 0.7, 1e-3, 2.0], [0.6, np.nan, 5e-4, 2.0]], rtol=1e-6)
    np.testing.assert_allclose(view.wire.array("batches_at"), [0.5])
    assert view.wire.get("baseline") == 0.5
    listener.on_end(TrainingEnd("finished", 2, 2, 4.0, "two epochs; weights of epoch 2"))
    assert view.wire.get("reason") == "finished"
    assert view.wire.get("live") is False
    assert view.text() == "two epochs; weights of epoch 2"


def test_the_part_of_an_epoch_that_a_stop_cut_short_is_kept(trained):
    view, listener = trained
    listener.on_epoch(Epoch(1, 0.8, 0.7, 1e-3, 2.0, 1, 3))
    view.wire._interval = 1e9
    listener.on_batch(Batch(2, 3, 0.4))
    listener.on_end(TrainingEnd("stopped", 1, 1, 4.0, "stopped"))
    np.testing.assert_allclose(view.wire.array("batches_at")[-1], 1.75)
    np.testing.assert_allclose(view.wire.array("batches_loss")[-1], 0.4)


def test_batches_between_updates_cost_no_message():
    view, listener = training_view()
    sent = []
    view.wire._send = lambda content, _: sent.append(content)
    listener.on_start(PLAN)
    sent.clear()
    for batch in range(1, 5):
        listener.on_batch(Batch(1, batch, 0.5))
    assert sent == []


def test_long_epochs_show_some_batches_and_short_ones_all():
    for batches, shown in ((10, 10), (1000, 25)):
        view, listener = training_view()
        listener.on_start(TrainingPlan("run", 2, batches, 3, 100, 20, 5000, 0.5))
        for batch in range(1, batches + 1):
            listener.on_batch(Batch(1, batch, 0.5))
        listener.on_epoch(Epoch(1, 0.5, 0.5, 1e-3, 1.0, 1, 3))
        places = view.wire.array("batches_at")
        assert shown <= len(places) <= shown + 2
        assert places[-1] == 1.0
        assert (np.diff(places) > 0).all()


def test_a_missing_or_infinite_baseline_is_no_baseline():
    for baseline in (None, float("nan"), float("inf")):
        view, listener = training_view()
        listener.on_start(TrainingPlan("run", 1, 1, 1, 1, 0, 1, baseline))
        assert view.wire.get("baseline") is None


def test_stop_sets_the_flag_and_nothing_else():
    flag = threading.Event()
    view, _ = training_view(flag)
    view._receive(view, {"kind": "stop"}, [])
    assert flag.is_set()
    view._receive(view, {"kind": "unheard of"}, [])
    view._receive(view, "garbage", [])


def test_a_hello_beside_the_main_thread_proves_that_clicks_arrive(trained):
    view, _ = trained
    view._receive(view, {"kind": "hello", "token": "a", "seq": 0}, [])
    assert view.wire.get("stop") is None
    beside = threading.Thread(target=view._receive, args=(view, {"kind": "hello", "token": "a", "seq": 0}, []))
    beside.start()
    beside.join()
    assert view.wire.get("stop") is True


def custom(kind):
    return {"method": "custom", "content": {"kind": kind}}


def test_urgent_messages_go_to_the_pages_subshell_and_others_to_the_main_shell():
    comm = SimpleNamespace(_reply_subshell_for=lambda *_: "where the comm was last written from")
    stop.let_clicks_through(comm)
    assert comm._reply_subshell_for(custom("stop"), "subshell") == "subshell"
    assert comm._reply_subshell_for(custom("hello"), None) is None
    assert comm._reply_subshell_for(custom("more"), "subshell") is None
    protocol = {"method": "update", "state": {}}
    assert comm._reply_subshell_for(protocol, "subshell") == "where the comm was last written from"
    assert comm._reply_subshell_for(None, "subshell") == "where the comm was last written from"


def test_a_comm_without_routing_is_left_alone():
    comm = SimpleNamespace()
    stop.let_clicks_through(comm)
    assert vars(comm) == {}


def test_a_fan_measures_all_paths_and_keeps_some():
    view, listener = sampling_view(threading.Event())
    view.wire._interval = 0
    listener.on_start(SamplingPlan("close", HISTORY, TIMES[40:], 120, "predictive", 90.0))
    for start in range(0, 120, 40):
        view._ready = 0
        listener.on_chunk(Chunk(PATHS[start : start + 40], start + 40, 120))
    listener.on_end(SamplingEnd("finished", 120, 1.0, "done"))
    np.testing.assert_allclose(
        view.wire.array("quantiles"), np.quantile(PATHS, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0), rtol=1e-6
    )
    np.testing.assert_allclose(view.wire.array("errors")[4], made().standard_error(0.95), rtol=1e-6)
    np.testing.assert_allclose(view.wire.array("paths"), PATHS, rtol=1e-6)
    assert view.wire.get("done") == 120
    assert view.wire.get("live") is False


def test_an_update_of_a_fan_is_under_ten_kilobytes():
    view, listener = sampling_view(threading.Event())
    view.wire._interval = 0
    view.wire.answer_hello("page", 0)
    sizes = []
    view.wire._send = lambda content, buffers: sizes.append(
        len(json.dumps(content)) + sum(buffer.nbytes for buffer in buffers)
    )
    listener.on_start(SamplingPlan("close", HISTORY, TIMES[40:], 2000, "predictive", 90.0))
    for _ in range(40):
        view._ready = 0
        listener.on_chunk(Chunk(PATHS[:50], 50, 2000))
    assert len(sizes) == 41
    assert max(sizes) < 10_000


def test_a_forecast_made_anew_with_more_paths_adds_only_the_new_ones():
    def more(total, listener):
        listener.on_start(SamplingPlan("close", HISTORY, TIMES[40:], total, "predictive", 90.0))
        for start in range(0, total, 40):
            listener.on_chunk(Chunk(PATHS[start : start + 40], start + 40, total))
            counts.append(view.count)
        listener.on_end(SamplingEnd("finished", total, 1.0, "done"))
        return made()

    counts = []
    view = FanChart(made(PATHS[:60]), stop=threading.Event())
    view.allow_more(more)
    assert view.wire.get("can_add") is True
    view._receive(view, {"kind": "more", "count": 60}, [])
    assert counts == [60, 80, 120]
    np.testing.assert_allclose(view.wire.array("paths"), PATHS, rtol=1e-6)


def test_what_a_page_keeps_of_very_many_paths_is_bounded():
    view = FanChart(made(np.tile(PATHS, (20, 1))))
    assert view.wire.array("paths").shape == (1000, 30)
    assert view.wire.get("done") == 2400


def test_paths_that_diverged_are_not_drawn():
    view, listener = sampling_view()
    listener.on_start(SamplingPlan("close", HISTORY, TIMES[40:], 2, "predictive", 90.0))
    listener.on_chunk(Chunk(np.full((2, 30), np.nan), 2, 2))
    listener.on_end(SamplingEnd("finished", 2, 1.0, "done"))
    assert view.wire.array("paths").shape == (0, 30)


def test_actual_values_are_aligned_by_time():
    actual = pd.Series([1.0, 2.0], [TIMES[41], TIMES[39]])
    known = FanChart(made(), actual=actual).wire.array("actual")
    assert known[1] == 1.0
    assert np.isnan(np.delete(known, 1)).all()


def test_more_paths_come_from_the_callback_and_its_mistake_is_shown():
    def more(paths, listener):
        if paths > 500:
            raise LabError("too many; ask for fewer")
        listener.on_chunk(Chunk(PATHS[60:], paths, paths))
        return made()

    view = FanChart(made(PATHS[:60]), more=more, stop=threading.Event())
    view._receive(view, {"kind": "more", "count": 60}, [])
    assert view.wire.get("done") == 120
    view._receive(view, {"kind": "more", "count": 1000}, [])
    assert view.error == "too many; ask for fewer"
    assert view.wire.get("live") is False


def test_a_mimebundle_holds_the_view_a_picture_and_a_text():
    view = FanChart(made())
    data, _ = view._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert "Forecast of close" in data["text/plain"]


def test_before_the_end_there_is_no_picture(trained):
    view, _ = trained
    data, _ = view._repr_mimebundle_()
    assert "image/png" not in data
    with pytest.raises(LabError, match="no result yet"):
        view.plot()


def test_pictures_are_saved_from_the_view(tmp_path):
    view = FanChart(made())
    assert view.save_png(tmp_path / "fan.png").read_bytes().startswith(b"\x89PNG")
    assert view.plot().axes


def test_every_result_finds_its_view():
    assert widget(made()).result.target == "close"
    assert isinstance(widget(Weighting(TIMES)), WeightCurve)
    assert widget(ResidualLosses(np.ones(3))).wire.get("count") == 3


def test_an_offline_file_allows_itself_one_script_and_no_network(tmp_path):
    text = made(target=NASTY).to_html(tmp_path / "fan.html").read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    script = re.search(r'<script type="module">(.*?)</script>', text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert "<img src=x" not in text
    assert "http:" not in text.replace("http://www.w3.org", "")
    assert "https:" not in text.replace("https://github.com/leeoniya/uPlot", "")


def test_an_offline_file_has_no_stop_and_no_kernel(trained, tmp_path):
    view, _ = trained
    view.wire.set(stop=True)
    text = view.to_html(tmp_path / "t.html", title="My run").read_text()
    assert "<title>My run</title>" in text
    state = re.search(r'id="state">(.*?)</script>', text, re.DOTALL)[1]
    assert '"live": false' in state
    assert '"stop": false' in state
    assert "application/vnd" not in text


def test_saving_a_result_leaves_no_comm_behind(tmp_path):
    from ipywidgets.widgets import widget as registry

    before = len(registry._instances)
    to_html(made(), tmp_path / "fan.html")
    assert len(registry._instances) == before


def test_closing_a_view_closes_its_layout_too(trained):
    view, _ = trained
    layout = view.layout
    view.close()
    assert view.comm is None
    assert layout.comm is None
    view.wire.set(a=1)
    view.wire.flush(final=True)


def test_a_widget_is_closed_when_every_cell_that_shows_it_ran_again(trained, monkeypatch):
    view, _ = trained
    for cell in ("one", "two"):
        monkeypatch.setattr(cells, "current_cell", lambda cell=cell: cell)
        cells.remember(view)
    cells.forget_cell("one")
    assert view.comm is not None
    cells.forget_cell("two")
    assert view.comm is None


def test_without_a_bundle_the_remedy_is_said(monkeypatch, tmp_path):
    base.bundle.cache_clear()
    monkeypatch.setattr(front_end, "VIEWS", tmp_path)
    with pytest.raises(LabError, match=r"python hatch_build\.py"):
        training_view()
    base.bundle.cache_clear()


def test_a_bundle_without_its_one_export_is_ours_to_mend(monkeypatch):
    monkeypatch.setattr(offline, "bundle", lambda _: "export{a as default};export{b as default};")
    with pytest.raises(RuntimeError, match="export one default"):
        offline.inline_bundle("fan")


def test_the_choice_for_the_next_training_is_a_known_scheme():
    chosen = NextWeights()
    with pytest.raises(OptionError, match="weights are"):
        chosen.set("quadratic")
    view = WeightCurve(Weighting(TIMES), chosen=chosen)
    view._receive(view, {"kind": "use", "scheme": "exponential:2.5"}, [])
    assert chosen.get() == "exponential:2.5"
    assert "next training uses exponential:2.5" in view.text()
    view._receive(view, {"kind": "use", "scheme": NASTY}, [])
    assert "weights are" in view.error
    chosen.clear()
    assert chosen.get() is None


def test_weights_tell_ratio_and_effective_size():
    shown = repr(Weighting(TIMES, "exponential"))
    assert "newest counts 20.09 times the oldest" in shown
    assert repr(Weighting(TIMES, "linear")).count("linear") == 2


def test_losses_are_those_of_keras():
    residuals = np.array([-3.0, -0.5, 0.0, 1.0, 2.0])
    np.testing.assert_allclose(loss_of("huber", residuals, 1.0), [2.5, 0.125, 0.0, 0.5, 1.5])
    np.testing.assert_allclose(loss_of("mse", residuals), residuals**2)
    np.testing.assert_allclose(loss_of("mae", residuals), np.abs(residuals))
    assert ResidualLosses(residuals, delta=1.0).linear_share == 0.4


def test_no_residuals_no_losses():
    with pytest.raises(LabError, match="none that is finite among 1"):
        ResidualLosses(np.array([np.nan]))


@pytest.mark.parametrize(
    ("index", "positions", "is_time", "step"),
    [
        (pd.date_range("2024-01-01", periods=3, freq="D", tz="Asia/Tokyo"), [0, 86400, 172800], True, 86400),
        (pd.period_range("2024-01", periods=2, freq="M"), [0, 31 * 86400], True, 31 * 86400),
        (pd.RangeIndex(5, 9, 2), None, False, 2),
        (pd.Index(["a", "b", "c"]), None, False, 1),
        (pd.DatetimeIndex(["2024-01-01"]), [0], True, 1),
    ],
)
def test_an_index_is_laid_out_by_its_wall_clock_or_numbers(index, positions, is_time, step):
    made = axis(index)
    assert made.is_time is is_time
    assert made.step == step
    start = 1_704_067_200 if is_time else made.positions[0]
    expected = positions if positions is not None else [made.positions[0] + step * at for at in range(len(index))]
    np.testing.assert_allclose(made.positions - (start if is_time else 0), expected)


def test_a_single_row_is_as_far_from_the_next_as_the_rows_before_it_are():
    days = pd.date_range("2024-01-01", periods=4, freq="D")
    assert axis(days[3:], before=days[:3]).step == 86_400
    assert axis(days[3:]).step == 1
    assert axis(days[2:], before=pd.date_range("2024-01-01", periods=3, freq="h")).step == 86_400


def test_live_views_need_neither_pyplot_nor_tensorflow():
    code = (
        "import sys, lstm_lab.widgets.fan, lstm_lab.widgets.training, lstm_lab.widgets.weights, lstm_lab.widgets.loss;"
        "sys.exit(any(name in sys.modules for name in ('matplotlib.pyplot', 'tensorflow', 'keras')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_losses_of_batches_do_not_start_anew_with_each_epoch(trained):
    view, listener = trained
    losses = {1: [4.0, 2.0, 3.0, 1.0], 2: [2.0, 2.0, 0.0, 4.0]}
    for epoch, each in losses.items():
        for batch in range(1, 5):
            # Keras tells the mean over the epoch so far.
            listener.on_batch(Batch(epoch, batch, float(np.mean(each[:batch]))))
    np.testing.assert_allclose(view.wire.array("batches_loss"), losses[1] + losses[2], atol=1e-6)


def test_where_some_batches_are_shown_each_point_is_the_mean_since_the_one_before():
    view, listener = training_view()
    listener.on_start(TrainingPlan("run", 1, 100, 3, 100, 20, 5000, 0.5))
    losses = np.random.default_rng(0).random(100)
    for batch in range(1, 101):
        listener.on_batch(Batch(1, batch, float(losses[:batch].mean())))
    listener.on_epoch(Epoch(1, 0.5, 0.5, 1e-3, 1.0, 1, 3))
    ends = (view.wire.array("batches_at") * 100).round().astype(int)
    expected = [part.mean() for part in np.split(losses, ends)[:-1]]
    np.testing.assert_allclose(view.wire.array("batches_loss"), expected, rtol=1e-4)


def test_the_pace_is_of_the_batches_after_the_one_that_compiled():
    seconds = iter([30.0, 30.5, 31.0, 90.0])
    view = TrainingMonitor()
    listener = MonitorListener(view, clock=lambda: next(seconds))
    listener.on_start(PLAN)
    listener.on_batch(Batch(1, 1, 0.5))
    assert view.wire.get("pace") is None
    listener.on_batch(Batch(1, 2, 0.5))
    listener.on_batch(Batch(1, 3, 0.5))
    assert view.wire.get("pace") == pytest.approx(PLAN.batches * 0.5)
    listener.on_batch(Batch(2, 1, 0.5))
    assert view.wire.get("pace") == pytest.approx(PLAN.batches * 0.5)


def test_what_was_chosen_for_the_next_training_is_forgotten_in_every_view_once_used():
    chosen = NextWeights()
    weighting = Weighting(pd.date_range("2024", periods=20), "uniform")
    views = [WeightCurve(weighting, chosen=chosen) for _ in range(2)]
    views[0]._receive(views[0], {"kind": "use", "scheme": "exponential:3"}, [])
    assert [view.wire.get("next") for view in views] == ["exponential:3"] * 2
    chosen.clear()
    assert [view.wire.get("next") for view in views] == ["", ""]
