"""What `13-your-data` finds out."""


def test_your_data_are_refused_by_name_mended_and_kept(text):
    assert "times must be unique" in text
    assert "(30 such rows); set missing= to interpolate" in text
    assert "1 gap, spanned by no window; 30 values filled in" in text
    assert all(name in text for name in ("forecast.png", "forecast.csv", "forecast.html"))
    assert "30 rows fewer; 31 steps are longer than an hour" in text
    assert "1D: 1 gap cuts the series into 2 stretches" in text
    assert "5D: 1 of 2,419 steps is not the usual 1 h, but too short for a gap" in text
