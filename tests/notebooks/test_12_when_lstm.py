"""What `12-when-lstm` finds out."""

import re
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def test_a_row_of_each_length_is_timed_and_an_lstm_keeps_the_same_bytes(text):
    timed = re.findall(r"(LSTM|attention): a row of 2,048 costs \S+ times what a row of 512 does", text)
    assert timed == ["LSTM", "attention"]
    assert "64 rows 256 16384 512 rows 256 131072 2,048 rows 256 524288" in text
    assert "64 rows 16384 512 rows 1048576 2,048 rows 16777216" in text


def test_with_a_hundred_rows_no_network_is_first(text):
    order = dict(re.findall(r"(100|1,000|8,000) rows: (\S+) ", text))
    assert set(order) == {"100", "1,000", "8,000"}
    assert order["100"] not in {"lstm", "transformer"}
    assert order["8,000"] in {"lstm", "transformer"}
    assert re.search(r"With 100 rows the LSTM's error is \S+ °C below the Transformer's", text)


def test_a_hundred_kilobytes_hold_the_network_with_nearly_its_error(text):
    (size,) = re.findall(r"(\d+) kB for [\d,]+ parameters", text)
    assert int(size) < 100
    file, keras = re.search(r"the file is off by (\S+) °C on average, Keras by (\S+) °C", text).groups()
    assert float(file) < 1.1 * float(keras)


def test_the_published_rows_are_those_of_the_benchmarks(executed):
    (cell,) = [cell.source for cell in executed.cells if "| ES-RNN" in cell.source]
    rows = dict(re.findall(r"^\| ([^|]+?) \| (\d\.\d+) \|$", cell, re.MULTILINE))
    page = BENCHMARKS.read_text(encoding="utf-8")
    assert len(rows) == 4
    assert [value for value in rows.values() if value not in page] == []
