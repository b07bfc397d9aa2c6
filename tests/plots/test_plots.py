"""Still pictures: what they say, what they must not say, and that nothing falls off their edges."""

from __future__ import annotations

import base64
import dataclasses
import html
import itertools
import re
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from lstm_lab.errors import DataError, ForecastError, LabError, OptionError
from lstm_lab.forecasting.coverage import Coverage
from lstm_lab.forecasting.forecast import Forecast
from lstm_lab.plots import mimebundle, plot, png, to_html
from lstm_lab.plots.style import Ticks
from lstm_lab.plots.training import training_figure
from lstm_lab.results import Summary
from tests.forecasting.drawn_spread import drawn_spread
from tests.widgets.test_learning_view import learning

MEASURED = Coverage(90.0, 0.912, 0.86, 0.953, 1642, 1800, 60, 140.0, 0.55)
DAYS = pd.bdate_range("2019-01-01", periods=90)


def forecast(paths=60, horizon=10, index=None, history=None, **options):
    rng = np.random.default_rng(0)
    drawn = 50 + rng.normal(size=(paths, horizon)).cumsum(axis=1)
    if history is None:
        history = pd.Series(50 + rng.normal(size=80).cumsum(), DAYS[:80])
    if index is None:
        index = pd.bdate_range(DAYS[79], periods=horizon + 1)[1:]
    settings = {"target": "price", "kind": "predictive", **options}
    return Forecast(drawn, index, history, **settings)


def words(figure):
    """Collect every text that is drawn."""
    figure.draw_without_rendering()
    texts = [text.get_text() for made in figure.axes for text in (made.title, made._left_title, *made.texts)]
    texts += [made.get_ylabel() for made in figure.axes]
    texts += [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return [text for text in texts if text]


def hours(periods, tz=None):
    return pd.date_range("2020-03-01", periods=periods, freq="h", tz=tz)


CASES = {
    "days": forecast(),
    "one step": forecast(horizon=1),
    "five paths": forecast(paths=5),
    "one path": forecast(paths=1),
    "hours": forecast(index=hours(50)[40:], history=pd.Series(np.arange(40.0), hours(40))),
    "zone": forecast(index=hours(50, "US/Eastern")[40:], history=pd.Series(np.arange(40.0), hours(40, "US/Eastern"))),
    "rows": forecast(index=pd.RangeIndex(40, 50), history=pd.Series(np.arange(40.0) + 1e6)),
    "periods": forecast(
        index=pd.period_range("2020-01", periods=10, freq="M"),
        history=pd.Series(np.arange(12.0), pd.period_range("2019-01", periods=12, freq="M")),
    ),
    "no history": forecast(history=pd.Series([], pd.DatetimeIndex([]), dtype=float)),
    "unobserved": forecast(history=pd.Series(np.where(np.arange(80) < 60, np.arange(80.0), np.nan), DAYS[:80])),
    "long names": forecast(target="a very long name of a column " * 6, coverage=MEASURED, kind="calibrated"),
    "leaning": forecast(details={"median": "network 60 %, naive 30 %, seasonal naive 10 %, by 20 known origins"}),
}


@pytest.mark.parametrize("name", CASES)
def test_every_fan_fits_on_its_canvas(name):
    figure = plot(CASES[name], actual=[49.0])
    assert isinstance(figure.canvas, FigureCanvasAgg)
    assert png(figure).startswith(b"\x89PNG")
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (rim == 255).all(), "ink on the rim: something is cut off"
    title, axes = figure.axes[0]._left_title.get_window_extent(), figure.axes[0].get_window_extent()
    assert axes.height > 0.35 * figure.bbox.height
    assert title.x1 <= figure.bbox.width


def test_the_fan_says_what_its_band_is():
    bare = words(plot(forecast()))
    assert "predictive, 5th–95th percentile; coverage not measured" in bare
    assert not any("%" in text for text in bare)
    assert {"observed", "5th–95th percentile", "25th–75th", "20 of 60 paths", "median"} <= set(bare)
    measured = words(plot(forecast(kind="calibrated", coverage=MEASURED)))
    assert "calibrated 90 % band; measured coverage 91 % (86–95 %) over 60 origins" in measured


def test_the_fan_says_what_its_median_leans_on():
    said = "network 60 %, naive 40 %, weighed by their errors at 20 known origins"
    assert any(f"median: {said}" in text for text in words(plot(forecast(details={"median": said}))))
    assert not any("median:" in text for text in words(plot(forecast())))


@pytest.mark.parametrize(("paths", "filled"), [(49, 0), (50, 2)])
def test_few_paths_make_no_band(paths, filled):
    figure = plot(forecast(paths=paths))
    assert len(figure.axes[0].collections) == filled
    assert any("no band is drawn" in text for text in words(figure)) == (filled == 0)


def test_a_narrow_interval_is_one_band_and_not_two_of_one_name():
    figure = plot(forecast(interval=50))
    assert len(figure.axes[0].collections) == 1
    assert "25th–75th" not in words(figure)


def test_the_word_origin_keeps_clear_of_the_line():
    for last, place in ((90.0, 0), (10.0, 1)):
        history = pd.Series(np.full(80, last), DAYS[:80])
        note = next(text for text in plot(forecast(history=history)).axes[0].texts if text.get_text() == "origin")
        assert note.xy[1] == place


def test_bands_are_drawn_where_the_quantiles_are():
    fc = forecast(interval=80)
    outer, inner = figure_bands(plot(fc))
    for band, (low, high) in ((outer, (0.1, 0.9)), (inner, (0.25, 0.75))):
        edges = band.get_paths()[0].vertices[:, 1]
        for q in (low, high):
            assert np.isin(np.round(fc.quantile(q), 9), np.round(edges, 9)).all()


def figure_bands(figure):
    return figure.axes[0].collections


def test_hits_and_misses_are_told_apart_by_shape():
    fc = forecast()
    actual = fc.quantile(0.5)
    actual[[2, 7]] = 1000
    actual[9] = np.nan
    figure = plot(fc, actual=actual)
    said = words(figure)
    assert {"inside", "outside"} <= set(said)
    assert any("7 of 9 actual values inside the band" in text for text in said)
    marks = {line.get_label(): line for line in figure.axes[0].lines}
    assert (marks["inside"].get_marker(), marks["outside"].get_marker()) == ("o", "X")
    np.testing.assert_array_equal(marks["outside"].get_ydata(), [1000, 1000])
    assert "outside" not in words(plot(fc, actual=fc.quantile(0.5)))
    with pytest.raises(ForecastError, match="to_numpy"):
        plot(fc, actual=pd.Series([1.0]))


def test_history_ends_before_the_origin_and_the_forecast_begins_after_it():
    figure = plot(forecast())
    history = next(line for line in figure.axes[0].lines if line.get_label() == "observed")
    median = next(line for line in figure.axes[0].lines if line.get_label() == "median")
    assert history.get_xdata()[-1] < median.get_xdata()[0]
    assert len(history.get_xdata()) == 30


def test_names_are_text_and_no_mathematics():
    figure = plot(forecast(target=r"$\frac{cost in $"))
    png(figure)  # a broken formula would raise here
    assert any(r"\$\frac{cost in \$" in text for text in words(figure))


def test_training_shows_the_kept_epoch_and_the_naive_loss():
    history = pd.DataFrame({"loss": [3.0, 2.0, 1.5, 1.2], "val_loss": [3.0, 1.8, 1.9, 2.5]}, index=[1, 2, 3, 4])
    said = words(training_figure(history, baseline=2.2, title="Training of $x"))
    assert {"training", "validation", "best epoch 2: 1.8", "naive forecast: 2.2"} <= set(said)
    assert any(r"\$x" in text for text in said)
    said = words(training_figure(history, best_epoch=3))
    assert "best epoch 3: 1.9" in said
    png(training_figure(history.iloc[:1]))


def test_training_without_validation_or_with_a_wide_range():
    history = pd.DataFrame({"loss": [100.0, 1.0, 0.1], "val_loss": [np.nan] * 3})
    figure = training_figure(history)
    assert "validation" not in words(figure)
    assert figure.axes[0].get_yscale() == "log"
    assert training_figure(history.iloc[1:].assign(loss=[-1.0, 2.0])).axes[0].get_yscale() == "linear"
    with pytest.raises(DataError, match="a column 'loss'"):
        training_figure(pd.DataFrame({"los": [1.0]}))


def test_the_bundle_has_text_table_and_a_sharp_picture():
    fc = forecast(target="<script>")
    bundle, metadata = fc._repr_mimebundle_()
    assert (bundle, metadata) == mimebundle(fc)
    assert bundle["text/plain"] == repr(fc)
    assert "<script>" not in bundle["text/html"]
    assert "<table>" in bundle["text/html"]
    alt = re.search(r'alt="([^"]*)"', bundle["text/html"])[1]
    assert "coverage not measured" in html.unescape(alt)
    picture = base64.b64decode(bundle["image/png"])
    assert bundle["image/png"] in bundle["text/html"]
    assert int.from_bytes(picture[16:20]) == 1600  # 8 inches at twice 100 dots
    assert 'width="800"' in bundle["text/html"]


def test_saving(tmp_path):
    path = forecast().save_png(tmp_path / "fan.png", actual=[50.0])
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"dpi": 0}, "dpi should be a number from 1 to 2,400, got 0; for example dpi=100"),
        ({"dpi": "fine"}, "dpi should be a number from 1 to 2,400, got 'fine'; for example dpi=100"),
        ({"dpi": float("nan")}, "dpi should be a number from 1 to 2,400, got nan; for example dpi=100"),
        ({"dpi": 10**400}, "dpi should be a number from 1 to 2,400, got a whole number of 401 digits"),
        ({"colours": 300}, "colours should be a whole number from 2 to 256, got 300; for example colours=256"),
        ({"width": -1}, "width should be a number from 1 to 100, got -1; for example width=8"),
        ({"height": None}, "height should be a number from 1 to 100, got None; for example height=4.2"),
        ({"recent": "all"}, "recent should be a whole number from 1 to 1,000,000,000, got 'all'; for example recent=1"),
        ({"width": 100, "height": 100, "dpi": 600}, "a picture has at most 268,435,456 pixels and 65,535 a side, got"),
        (
            {"width": 100, "height": 1, "dpi": 700},
            "a picture has at most 268,435,456 pixels and 65,535 a side, got 70,",
        ),
    ],
)
def test_sizes_that_no_picture_has_are_refused(option, message):
    with pytest.raises(OptionError) as refused:
        forecast().png(**option)
    assert str(refused.value).startswith(message)


def test_a_page_holds_picture_and_table_and_may_load_nothing(tmp_path):
    path = to_html(forecast(target="</title><script>alert(1)</script>"), tmp_path / "fan.html", actual=[50.0])
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 2
    assert re.search(r"default-src 'none'; style-src 'unsafe-inline'; img-src data:", page)
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:)(?:https?:|//|/|\w)""", page)
    assert "data:image/png;base64,iVBOR" in page
    assert "not measured" in page
    assert "prefers-color-scheme: dark" in page


def test_a_summary_is_aligned_and_keeps_to_the_terminals_edge():
    rows = (("verdict", "no winner: " + "word " * 20), ("data", "x"))
    table = (("kind", "MAE", "MASE"), ("seasonal_naive", "1.5", "2"), ("lstm", "12.25", "3"))
    said = Summary("Title", rows, table)
    wide = said.text().splitlines()
    assert wide[-3:] == [
        "  kind              MAE  MASE",
        "  seasonal_naive    1.5     2",
        "  lstm            12.25     3",
    ]
    assert len(wide[1]) > 100
    narrow = said.text(26).splitlines()
    assert max(map(len, narrow[:-1])) <= 31  # a value keeps at least twenty columns beside its label
    assert narrow[-1] == "  not shown here: MASE"
    assert narrow[1] == "  verdict  no winner: word word"
    assert narrow[2].startswith(" " * 11 + "word")
    assert said.text(60).splitlines()[-1] == wide[-1]


def test_a_summarys_table_is_escaped_in_html():
    shown = Summary("<t>", (("<a>", "<b>"),), (("<c>", "<d>"), ("<e>", "<f>"))).html()
    assert not re.search("<[tabcdef]>", shown)
    assert shown.count('<th scope="col"') == 2
    assert shown.count('<th scope="row"') == 2
    assert 'style="text-align:right;white-space:nowrap">&lt;f&gt;</td>' in shown


def test_a_result_without_a_picture_is_named():
    with pytest.raises(LabError, match=r"no picture of a Summary; there are pictures of: .*Forecast"):
        plot(Summary("x", ()))


def test_pyplot_is_never_imported():
    code = (
        "import sys, numpy as np, pandas as pd\n"
        "from lstm_lab.forecasting.forecast import Forecast\n"
        "assert 'matplotlib' not in sys.modules\n"
        "fc = Forecast(np.zeros((60, 3)), pd.RangeIndex(3, 6), pd.Series([0.0, 0, 0]), 'y', 'predictive')\n"
        "fc._repr_mimebundle_()\n"
        "from lstm_lab.plots.training import training_figure\n"
        "training_figure(pd.DataFrame({'loss': [1.0]}))\n"
        "print('matplotlib.pyplot' in sys.modules, 'IPython' in sys.modules, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]


def test_a_picture_follows_the_notebook_into_the_dark():
    shown = mimebundle(forecast())[0]["text/html"]
    assert re.search(r'body:is\(\[data-jp-theme-light="false"\],.vscode-dark\) .lstm-picture\{filter:invert', shown)
    assert re.search(r"prefers-color-scheme:dark\)\{body:not\(\[data-jp-theme-light\]", shown)
    assert shown.count('<img class="lstm-picture"') == 1


def test_a_last_picture_leaves_nothing_of_what_it_was_drawn_on():
    figure = plot(forecast())
    first = png(figure, last=True)
    assert not hasattr(figure.canvas, "renderer")
    assert {text._renderer for text in figure.findobj(Text)} == {None}
    assert png(figure) == first
    assert figure.canvas.buffer_rgba().nbytes


def test_a_picture_in_letters_that_no_font_has_warns_of_nothing():
    assert png(plot(forecast(target="価格 \U0001f600"))).startswith(b"\x89PNG")


def test_an_interrupt_that_matplotlib_turns_into_its_own_error_is_an_interrupt(monkeypatch):
    def parse(*_, **__):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("no such text") from None

    figure = plot(forecast())
    monkeypatch.setattr(figure, "savefig", parse)
    with pytest.raises(KeyboardInterrupt):
        png(figure)


@pytest.mark.parametrize(
    ("ticks", "written"),
    [
        ([3.8e9, 4e9, 4.2e9], ["3.8e9", "4.0e9", "4.2e9"]),
        ([0.0, 5e-9, 1e-8], ["0", "5e-9", "1.0e-8"]),
        ([-1000.0, 0.0, 1000.0], ["−1,000", "0", "1,000"]),
        ([-0.5, 0.0, 0.5], ["−0.5", "0.0", "0.5"]),
        ([0.1, 0.1 + 0.2, 0.5], ["0.1", "0.3", "0.5"]),
        ([7.0], ["7"]),
        ([], []),
        ([0.0], ["0"]),
    ],
)
def test_ticks_are_written_out_and_as_the_views_write_them(ticks, written):
    assert Ticks().format_ticks(ticks) == written


@pytest.mark.parametrize("size", [5e-9, 1.0, 4e9])
@pytest.mark.parametrize("horizon", [1, 6])
def test_panels_of_a_spread_are_equally_wide_and_no_label_runs_into_another(size, horizon):
    spread = drawn_spread(horizon=horizon)
    index = pd.date_range("2024-01-01", periods=40 + horizon, freq="h")
    made = {
        sources: dataclasses.replace(
            each,
            paths=size * each.paths,
            history=pd.Series(size * each.history.to_numpy(), index[:40]),
            index=index[40:],
        )
        for sources, each in spread.forecasts.items()
    }
    figure = plot(dataclasses.replace(spread, forecasts=made))
    figure.draw_without_rendering()
    widths = [panel.get_position().width for panel in figure.axes]
    assert max(widths) < 1.02 * min(widths)
    for panel in figure.axes:
        assert panel.yaxis.get_offset_text().get_text() == ""
        for labels in (panel.get_xticklabels(), [panel.title, panel._left_title]):
            boxes = sorted(
                (box for label in labels if label.get_text() and (box := label.get_window_extent())),
                key=lambda box: box.x0,
            )
            assert all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))
    beside = [panel._left_title.get_window_extent() for panel in figure.axes[:4]]
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(beside))


def test_a_watched_unit_alone_is_unit_0_and_a_band_is_named():
    made = learning(3, units=1)
    bands = np.stack([made.forecasts - 0.2, made.forecasts + 0.2], axis=1)
    bands[0] = np.nan
    figure = plot(
        dataclasses.replace(
            made, bands=bands, draws=True, target="a name of a column of sixty letters that was exported"
        )
    )
    figure.draw_without_rendering()
    units = next(panel for panel in figure.axes if panel.get_ylabel() == "unit")
    assert [tick for tick in units.get_yticks() if -0.5 <= tick <= 0.5] == [0]
    assert "middle 80 % of the paths" in words(figure)
    assert figure.axes[0].yaxis.label.get_window_extent().y1 <= figure.bbox.y1
