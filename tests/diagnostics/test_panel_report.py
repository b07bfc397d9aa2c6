"""`lab.features` of many series: counts, lengths, ids left out, and the findings of all of them."""

from __future__ import annotations

import cProfile
import pstats

import numpy as np
import pandas as pd
import pytest

import lstm_lab as lab
from lstm_lab.cli import main as cli
from lstm_lab.diagnostics.feature_report import FeatureReport
from lstm_lab.diagnostics.panel_report import LOOKED_AT, PanelFeatureReport
from lstm_lab.errors import DataError, LabError

OPTIONS = {"target": "rate", "lookback": 12, "short": "skip"}


def panel():
    """Finance begins late, Manufacturing ends early, Other is too short, and Information never changes."""
    table = lab.example("unemployment").reset_index().astype({"industry": str})
    month = table.groupby("industry").cumcount()
    name = table["industry"]
    table.loc[name == "Information", "rate"] = 4.0
    kept = ~((name == "Finance") & (month < 60)) & ~((name == "Manufacturing") & (month > 80))
    return table[kept & ~((name == "Other") & (month > 9))]


@pytest.fixture(scope="module")
def report():
    return lab.features(panel(), id="industry", static=["sector"], time="month", **OPTIONS)


def test_counts_lengths_and_who_is_left_out(report):
    assert len(report) == 13
    assert (
        report.lengths_in_words()
        == "13 ids by industry, 62 to 122 rows each, median 122; 1 too short and left out: 'Other'"
    )
    assert report.ids.loc["Finance", ["rows", "gaps", "training"]].tolist() == [62, 0, 50]
    assert report.ids.loc["Finance", "first"] == pd.Timestamp("2005-01-01")
    assert report.ids.loc["Manufacturing", "last"] == pd.Timestamp("2006-09-01")
    assert report.ids["windows"].sum() == len(report.ready.dataset.split.train)
    training = panel().query("industry == 'Finance'").rate.iloc[:50]
    assert report.ids.loc["Finance", "mean"] == pytest.approx(training.mean())
    assert report.ids.loc["Finance", "sd"] == pytest.approx(training.std(ddof=0))


def test_findings_are_worst_first_and_name_the_ids(report):
    kinds = [finding.kind for finding in report.findings]
    assert kinds[0] == "short"
    assert kinds.index("constant") < kinds.index("ends")
    texts = {finding.kind: finding.text for finding in report.findings}
    assert texts["short"] == (
        "1 of 14 ids have no training window of 12 rows and are left out: 'Other'; lower"
        " lookback, or give them more rows"
    )
    assert texts["constant"].startswith("`rate` never changes in the training rows of 1 of 13 ids: 'Information';")
    assert texts["ends"].startswith(
        "1 of 13 ids end before the newest row, 2010-02-01: 'Manufacturing', the first at 2006-09-01;"
    )


def test_what_single_series_show_is_told_once_with_their_ids():
    table = lab.example("unemployment").reset_index()
    table = table[table["month"] < "2008-01-01"]  # before the crisis, which every industry shows
    for name in ("Government", "Finance"):
        table.loc[table.index[table["industry"] == name][-5:], "rate"] = 900.0
    report = lab.features(table, id="industry", time="month", **OPTIONS, transform="none")
    [beyond] = [finding.text for finding in report.findings if finding.kind == "beyond"]
    assert beyond.startswith(
        "in 2 of 14 ids looked at ('Finance', 'Government'), as in 'Finance': `rate` leaves the range"
    )


def test_one_series_of_the_report_is_the_report_of_that_series(report):
    one = report["Government"]
    assert isinstance(one, FeatureReport)
    rows = lab.example("unemployment").loc["Government"]
    alone = lab.features(rows, target="rate", lookback=12, transform=report.transform, features=[])
    assert one.transform == report.transform
    assert one.summary.loc[one.summary.index[0], "next"] == pytest.approx(alone.summary["next"].iloc[0])
    with pytest.raises(DataError, match="did you mean 'Government'"):
        report["Goverment"]


def test_the_summary_is_the_median_over_the_series(report):
    first = report.summary.iloc[0]
    nexts = [each.summary["next"].iloc[0] for each in report.looked_at.values()]
    assert first["next"] == pytest.approx(np.nanmedian(nexts))
    assert first["constant"] == pytest.approx(1 / 13)


def test_a_static_column_that_names_the_id_is_told_of():
    table = panel().assign(code=lambda rows: rows["industry"].str[:3])
    report = lab.features(table, id="industry", static=["code"], time="month", **OPTIONS)
    text = next(finding.text for finding in report.findings if finding.kind == "static")
    assert text.startswith("`code` has 13 levels for 13 ids, so it says little but which id it is")


def test_ids_that_are_padded_are_in_the_report():
    padded = lab.features(panel(), id="industry", time="month", **OPTIONS | {"short": "pad"}, mask=False)
    assert len(padded) == 14
    assert padded.ids.loc["Other", "rows"] == 10
    assert not [finding for finding in padded.findings if finding.kind == "short"]
    assert len(padded.looked_at) > 10


def test_static_columns_that_are_no_input_are_told_of():
    found = lab.features(lab.example("unemployment"), **OPTIONS).findings
    [unused] = [finding.text for finding in found if finding.kind == "unused"]
    assert unused == "the panel was loaded with 'sector', which the network is not given; say static=['sector']"
    given = lab.features(lab.example("unemployment"), static=["sector"], **OPTIONS).findings
    assert "unused" not in [finding.kind for finding in given]
    with pytest.raises(
        LabError, match=r"got 'sector', which is constant within each id; name it with static=\['sector'\]"
    ):
        lab.features(lab.example("unemployment"), features=["sector"], **OPTIONS)


def test_it_prints_draws_and_saves(report, tmp_path):
    text = repr(report)
    assert "static     sector: 3 levels ('goods', 'other', 'services')" in text
    assert "training windows of 12 rows" in text
    assert report.save_png(tmp_path / "panel.png").stat().st_size > 10_000
    assert "Inputs for rate by industry" in report.to_html(tmp_path / "panel.html").read_text()


def test_the_command_line_says_the_same(report, tmp_path, capsys):
    file, out = tmp_path / "rates.csv", tmp_path / "out.csv"
    panel().to_csv(file, index=False)
    words = ["features", str(file), "--id", "industry", "--static", "sector", "--time", "month", "--target", "rate"]
    assert cli.main([*words, "--lookback", "12", "--short", "skip", "--out", str(out)]) == 0
    assert repr(report) in capsys.readouterr().out.replace("rates.csv", "")
    assert out.read_text().startswith("column,feature,source")
    assert cli.main(["features", str(file), "--id", "industrie", "--target", "rate"]) == 2
    assert "there is no column 'industrie' for --id; did you mean 'industry'?" in capsys.readouterr().err
    assert cli.main(["features", str(file), "--target", "rate"]) == 2
    assert "name their column with --id industry" in capsys.readouterr().err


def test_five_thousand_series_are_looked_at_in_a_hundred_calls_each():
    number = np.repeat(np.arange(5000), 40)
    table = pd.DataFrame(
        {"id": number, "t": np.tile(np.arange(40), 5000), "y": np.random.default_rng(0).normal(size=200_000)}
    )
    with cProfile.Profile() as profile:
        report = lab.features(table, id="id", time="t", target="y", lookback=8, transform="none")
    assert isinstance(report, PanelFeatureReport)
    assert len(report.looked_at) == LOOKED_AT
    assert pstats.Stats(profile).total_calls < 100 * 5000 + 500_000  # what the first call of a process adds
