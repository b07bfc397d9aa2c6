"""The views of a training that was watched: what is sent while it runs and afterwards, and what an output keeps."""

import json

import numpy as np
import pandas as pd
import pytest

import lstm_lab.run  # noqa: F401 - the views of a network's results are imported once it is
from lstm_lab.interpret.learning import Learning
from lstm_lab.widgets.base import MIME
from lstm_lab.widgets.learning import LearningView
from lstm_lab.widgets.saved import ROOM
from lstm_lab.widgets.training import training_view
from tests.widgets.test_panel_fan import kept


def learning(epochs=3, *, over=True, steps=4, units=3, gates=("forget", "input")):
    rng = np.random.default_rng(0)
    observed = pd.Series(rng.normal(size=20), index=pd.date_range("2024-01-01", periods=20), name="y")
    losses = np.linspace(1.0, 0.5, epochs)
    history = pd.DataFrame({"loss": losses, "val_loss": losses}, index=pd.RangeIndex(1, epochs + 1))
    return Learning(
        target="y",
        epochs=np.arange(epochs + 1),
        kept=2,
        history=history if over else pd.DataFrame(),
        observed=observed,
        starts=np.array([8, 14]),
        forecasts=rng.normal(size=(epochs + 1, 2, 5)).astype(np.float32),
        gates={name: rng.uniform(size=(epochs + 1, steps, units)).astype(np.float16) for name in gates},
        layer="lstm",
        window=observed.index[:steps],
    )


@pytest.fixture
def opened():
    views = []
    yield lambda view: views.append(view) or view
    for view in views:
        view.close()


def test_the_view_gets_every_epoch_with_its_caption(opened):
    result = learning()
    view = opened(result.widget())
    assert isinstance(view, LearningView)
    arrays = view.wire.arrays()
    assert arrays["watched_epochs"].tolist() == [0, 1, 2, 3]
    assert np.array_equal(arrays["watched_forecasts"], result.forecasts.reshape(4, -1))
    codes = arrays["watched_gates"].reshape(4, 2, 4, 3) / 254
    assert codes[3, 1] == pytest.approx(result.gates["input"][3].astype(float), abs=1 / 250)
    assert view.wire.get("watched_captions")["2"] == result.captions[2]
    assert arrays["losses"][:, 2].tolist() == pytest.approx([1.0, 0.75, 0.5])


def test_a_hidden_state_has_codes_on_both_sides_of_the_middle(opened):
    result = learning(gates=("hidden",))
    result.gates["hidden"][0, 0] = [-1, 0, 1]
    view = opened(result.widget())
    assert view.wire.array("watched_gates")[0, :3].tolist() == [0, 127, 254]
    assert view.wire.get("watched")["signed"] is True


def test_an_output_of_many_epochs_stays_within_its_room_and_keeps_the_kept_one(opened):
    result = learning(48, steps=48, units=24, gates=("forget", "input", "output"))
    data, metadata = opened(result.widget())._repr_mimebundle_()
    assert len(json.dumps([data, metadata])) <= ROOM
    _, arrays = kept(data[MIME])
    epochs = arrays["watched_epochs"].tolist()
    assert 5 < len(epochs) < 49
    assert {0.0, 2.0, 48.0} <= set(epochs)
    assert len(arrays["watched_gates"]) == len(epochs)


def test_a_monitor_shows_the_newest_epoch_while_training_runs_and_all_of_them_at_the_end(opened):
    monitor, listener = training_view()
    opened(monitor)
    listener.on_learning(learning(1, over=False))
    assert monitor.wire.get("watched")["over"] is False
    watched = learning(3)
    monitor.finish(type("Run", (), {"watched": watched})())
    assert monitor.wire.array("watched_epochs").tolist() == [0, 1, 2, 3]
    assert monitor.wire.get("watched")["over"] is True
    assert set(monitor.saved_arrays(0.5)) >= {"watched_gates", "watched_observed"}


def test_an_update_while_training_runs_is_small(opened):
    monitor, _ = training_view()
    opened(monitor)
    one = learning(0, steps=48, units=24, gates=("forget", "input", "output"))
    sent = []
    monitor.wire._send = lambda _, buffers: sent.append(sum(view.nbytes for view in buffers))
    monitor.learning(one)
    monitor.wire.flush(final=True)
    monitor.learning(one)
    monitor.wire.flush(final=True)
    assert 3_000 < sent[-1] < 10_000


@pytest.mark.parametrize("epoch", [None, 0, 3])
def test_the_picture_shows_some_epochs_or_one(epoch):
    figure = learning(6).plot(epoch=epoch)
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    shown = [title for title in titles if title]
    assert len(shown) == (4 if epoch is None else 1)
    assert any("untrained" in title for title in shown) == (epoch != 3)


def test_a_page_holds_the_view(tmp_path):
    page = learning().to_html(tmp_path / "learning.html").read_text(encoding="utf-8")
    assert "watched_captions" in page
    assert learning().save_png(tmp_path / "learning.png").stat().st_size > 5_000
