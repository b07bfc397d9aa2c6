"""Text files as they come: titles, units, several headers, no header, trailing delimiters, foreign encodings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstm_lab.data.sources.loading import load
from lstm_lab.data.tables.layout import layout_of
from lstm_lab.errors import DataError, OptionError


@pytest.fixture
def written(tmp_path):
    """Write a file and give its path."""

    def write(text, encoding="utf-8", name="a.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def noted(frame):
    return frame.attrs["lstm_lab"]["notes"]


@pytest.mark.parametrize(
    ("text", "columns", "note"),
    [
        # A delimiter ends each row: pandas would shift the columns by one.
        (
            "date,load,temp\n2024-01-01,500,7,\n2024-01-02,510,8,\n",
            {"load": [500, 510], "temp": [7, 8]},
            "empty fields at the end of the rows left out",
        ),
        ("date,load,temp,\n2024-01-01,5,7,\n2024-01-02,6,8,\n", {"load": [5, 6], "temp": [7, 8]}, None),
        ("date;load;;\n2024-01-01;500;;\n2024-01-02;510;;\n", {"load": [500, 510]}, None),
        ("a,b,,\n1,2,,\n3,4,,5\n", {"a": [1, 3], "b": [2, 4], "Unnamed: 3": [np.nan, 5]}, None),
        # Titles above the names.
        (
            "Station: 5\ndate,load,temp\n2022-01-03,1.5,2.5\n2022-01-04,1.6,2.6\n",
            {"load": [1.5, 1.6], "temp": [2.5, 2.6]},
            "1 line above the names left out: 'Station: 5'",
        ),
        (
            "# Station 5, north\n# 2024\ndate,a,b\n2024-01-01,5,6\n2024-01-02,6,7\n",
            {"a": [5, 6], "b": [6, 7]},
            "2 lines above",
        ),
        (
            "Station,5,,\n\nOwner,me,,\ndate,a,b,c\n2024-01-01,5,6,7\n2024-01-02,6,7,8\n",
            {"a": [5, 6], "b": [6, 7], "c": [7, 8]},
            "2 lines above",
        ),
        ("sep=;\ndate;a\n2024-01-01;5\n2024-01-02;6\n", {"a": [5, 6]}, "'sep='"),
        # Units and further levels below them.
        ("date,load\n,MW\n2024-01-01,5\n2024-01-02,6\n", {"load": [5, 6]}, "1 line below the names left out: 'MW'"),
        (
            "Price,Close,Volume\nTicker,ABC,ABC\nDate,,\n2022-01-03,100.5,1000\n2022-01-04,101.5,1001\n",
            {"Close": [100.5, 101.5], "Volume": [1000, 1001]},
            "2 lines below the names left out: 'Ticker, ABC, ABC'",
        ),
        (
            "Price,Close,Close\nTicker,ABC,DEF\nDate,,\n2022-01-03,1.5,10\n2022-01-04,2.5,11\n",
            {"Close ABC": [1.5, 2.5], "Close DEF": [10, 11]},
            "2 lines below",
        ),
        # No names at all: the first row is a row.
        (
            "2024-01-01,500\n2024-01-02,510\n2024-01-03,520\n",
            {"1": [500, 510, 520]},
            "it has no line of names: columns are called by their number, from 0",
        ),
        ("5.1,3.5\n4.9,3.0\n", {"0": [5.1, 4.9], "1": [3.5, 3.0]}, "no line of names"),
        ("112\n118\n132\n", {"0": [112, 118, 132]}, "no line of names"),
        # Names that are numbers stay names, as pandas writes them.
        (",0,1\n0,5,6\n1,6,7\n", {"0": [5, 6], "1": [6, 7]}, None),
        ("0,1,2\n5,6,7\n6,7,8\n", {"0": [5, 6], "1": [6, 7], "2": [7, 8]}, None),
        ("country,1990,1991\nA,5,6\nB,6,7\n", {"1990": [5, 6], "1991": [6, 7]}, None),
        # A first row of missing values is a row.
        ("date,x\n2024-01-01,\n2024-01-02,6\n", {"x": [np.nan, 6]}, None),
        ("name,x\nfoo,\nbar,6\n", {"x": [np.nan, 6]}, None),
        # Other separators, and what an archive leaves at the end.
        ("date|x\n2024-01-01|5\n2024-01-02|6\n", {"x": [5, 6]}, None),
        ("date x\n2024-01-01 5\n2024-01-02 6\n", {"x": [5, 6]}, None),
        ("Datum;Preis, EUR\n2024-01-01;5,5\n2024-01-02;6,5\n", {"Preis, EUR": [5.5, 6.5]}, None),
        ("date;x\n2024-01-01;5\n2024-01-02;6\n;\n;\n", {"x": [5, 6]}, "2 rows without any value at the end left out"),
        # As R writes it: the row's name has none.
        ("close\n2024-01-01,5\n2024-01-02,6\n", {"close": [5, 6]}, None),
        ('"a b",x\n"1,5",2\n"1,6",3\n', {"x": [2, 3]}, None),
    ],
)
def test_a_text_file_is_read_as_it_was_meant(written, text, columns, note):
    frame = load(written(text), columns=())
    assert {name: frame[name].tolist() for name in frame.columns} == {
        name: pytest.approx(values, nan_ok=True) for name, values in columns.items()
    }
    if "2024-01-01" in text:
        assert frame.index[0] == pd.Timestamp("2024-01-01")
    said = noted(frame)
    assert said == [] if note is None else len(said) == 1 and note in said[0]


def test_columns_are_not_shifted_without_a_word(written):
    with pytest.raises(DataError, match=r"got 3 fields in a row and 2 names; .* decimal comma in quotes"):
        load(written("date,load\n2024-01-01,50,13\n2024-01-02,51,13\n"))


def test_the_caller_may_name_the_line_of_names(written):
    path = written("10,20\n5,6\n6,7\n")
    assert load(path).columns.tolist() == ["0", "1"]
    assert load(path, header=0)["10"].tolist() == [5, 6]
    assert load(path, header="none")["1"].tolist() == [20, 6, 7]
    assert load(written("x,y\nz,w\n5,6\n6,7\n"), header=1)["w"].tolist() == [6, 7]
    with pytest.raises(OptionError, match="header is of a text file, got a DataFrame; leave header= out"):
        load(pd.DataFrame({"x": [1.0]}), header=0)


@pytest.mark.parametrize(
    ("encoding", "sign", "likely"),
    [("latin-1", "ç", "latin-1"), ("cp1252", "€", "cp1252"), ("utf-16-le", "ç", "utf-16-le"), ("utf-16-be", "ç", None)],
)
def test_a_foreign_encoding_is_named_and_then_read(written, encoding, sign, likely):
    likely = likely or encoding
    path = written(f"date,pre{sign}o\n2024-01-01,1\n2024-01-02,2\n", encoding)
    with pytest.raises(DataError, match=f"'a.csv' is not UTF-8 text; .* likely encoding='{likely}'"):
        load(path)
    assert load(path, encoding=likely).columns.tolist() == [f"pre{sign}o"]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"PK\x03\x04\x14\0", "a zip archive, such as an Excel workbook; read a workbook with pandas.read_excel"),
        (b"\xd0\xcf\x11\xe0\xa1", "an old Excel workbook; read a workbook with pandas.read_excel"),
        (b"\n<!DOCTYPE html><html>", "a web page; download the file itself"),
        (b'<?xml version="1.0"?>', "XML; read it with pandas.read_xml"),
        (b'\xef\xbb\xbf[{"close": 1}]', "JSON; read it with pandas.read_json and pass the frame"),
        (b'{ "close": [1, 2]}', "JSON; read it with pandas.read_json and pass the frame"),
        (b"PAR1\x15\x04", "a Parquet file; let its name end in .parquet"),
        (b"\x1f\x8b\x08", "compressed by gzip; let its name end in .csv.gz"),
    ],
)
def test_another_kind_of_file_named_as_text_is_called_what_it_is(tmp_path, head, words):
    path = tmp_path / "a.csv"
    path.write_bytes(head)
    with pytest.raises(DataError) as refused:
        load(path)
    assert str(refused.value).startswith(f"'a.csv' is no table of text, but {words}")


@pytest.mark.parametrize("content", [b"\0" * 400, b"date,x\n2024-01-01,1\n\0\0\0\n", b"\xff\0\0\x01\xe9"])
def test_nul_bytes_are_no_matter_of_encoding(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"'a\.csv' is not text, for it has NUL bytes; save the table as CSV again"):
        load(path)


@pytest.mark.parametrize("name", ["PAR1", "BZh", "[close]", "{x}", "PK"])
def test_a_name_that_begins_like_another_kind_of_file_is_a_name(written, name):
    assert load(written(f"{name},date\n1,2024-01-01\n2,2024-01-02\n"))[name].tolist() == [1, 2]


@pytest.mark.parametrize("address", ["https://example.com/a.csv", "s3://bucket/a.parquet"])
def test_an_address_is_no_file(address):
    message = f"a data file is on this machine, got the address {address}; download it, or read it with pandas.read_csv"
    with pytest.raises(DataError) as refused:
        load(address)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_enough(written, encoding):
    assert load(written("date,x\n2024-01-01,1\n2024-01-02,2\n", encoding))["x"].tolist() == [1, 2]


def test_a_quote_that_is_never_closed_is_called_so(written):
    path = written('date,x\n2024-01-01,1\n2024-01-02,"2\n2024-01-03,3\n', "utf-8")
    with pytest.raises(DataError, match=r"but a quote is never closed, starting at row 2; mend that line"):
        load(path)


def test_a_foreign_letter_far_down_is_found_too(written):
    path = written("date,x,name\n" + "2024-01-01,1,abcdefgh\n" * 20_000 + "2024-01-02,2,é\n", "latin-1")
    with pytest.raises(DataError, match="likely encoding='latin-1'"):
        load(path, target="x")
    with pytest.raises(OptionError, match="got 'latin-99'; for example encoding='latin-1'"):
        load(path, encoding="latin-99")


@pytest.mark.parametrize(
    ("text", "values", "note"),
    [
        ("date;x\n2024-01-01;1.234\n2024-01-02;2.345\n", [1.234, 2.345], "'x': '1.234' is read as 1.234"),
        ("date,x\n2024-01-01,1.234\n2024-01-02,2.345\n", [1.234, 2.345], None),
        ("date;x\n2024-01-01;21.5\n2024-01-02;1.000\n", [21.5, 1], None),
        ("date;x;y\n2024-01-01;998;1,5\n2024-01-02;1.000;2,5\n", [998, 1000], "'x': '1.000' is read as 1000"),
        ('date,x,y\n2024-01-01,"1,234",0.5\n2024-01-02,"5,678",0.7\n', [1234, 5678], "'x': '1,234' is read as 1234"),
        ("date;x\n2024-01-01;998\n2024-01-02;1.000.000\n", [998, 1e6], "'x': '1.000.000' is read as 1000000"),
    ],
)
def test_marks_follow_the_table(written, text, values, note):
    frame = load(written(text), target="x")
    assert frame["x"].tolist() == values
    assert noted(frame) == ([] if note is None else [note])


@pytest.mark.parametrize("separator", [";", ","])
def test_a_thousand_with_a_dot_is_not_one(written, separator):
    path = written("Datum;Besucher\n03.01.2022;998\n04.01.2022;999\n05.01.2022;1.000\n".replace(";", separator))
    with pytest.raises(DataError, match=r"got '1\.000' .* decimal='\.' to read 1, or decimal=',' to read 1000"):
        load(path)
    assert load(path, decimal=",")["Besucher"].tolist() == [998, 999, 1000]
    assert load(path, decimal=".")["Besucher"].tolist() == [998, 999, 1]
    with pytest.raises(OptionError, match="decimal is a point or a comma"):
        load(path, decimal="x")


def test_only_the_first_lines_are_looked_at():
    text = "date,x\n" + "2024-01-01,1\n" * 50
    assert layout_of(text, ",").names is None
    assert layout_of("", ",").separator == ","


@pytest.mark.parametrize("header", ["x", "-1", 1.5])
def test_a_line_of_names_that_cannot_be_is_refused(written, header):
    with pytest.raises(OptionError, match=r"header is the line of the column names.*got"):
        load(written("date,y\n2024-01-01,1\n"), header=header)
