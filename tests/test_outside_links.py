"""Every address that a reader may follow to another site answers: run with ``pytest -m network``."""

import json
import re
import tomllib
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ADDRESS = re.compile(r"https?://[^\s\"'<>`\\\])}]+(?:\)(?=/))?")
NO_PAGE = {"www.w3.org"}  # names of XML, which nobody follows
REFUSES_PROGRAMS = {HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.TOO_MANY_REQUESTS}
SECONDS = 20


def read(path):
    """Give what a reader sees: of a notebook its text and code, without outputs."""
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def addresses():
    """Give every address with the file that names it first."""
    folders = [ROOT / "docs", ROOT / "notebooks", ROOT / "lstm_lab"]
    files = [*ROOT.glob("*.md"), *(path for folder in folders for path in sorted(folder.rglob("*")))]
    read_by_people = [
        path
        for path in files
        if path.suffix in {".md", ".py", ".ipynb"} and not {"node_modules", "static"} & set(path.parts)
    ]
    found = dict.fromkeys(PROJECT["urls"].values(), "pyproject.toml")
    for path in read_by_people:
        for address in ADDRESS.findall(read(path)):
            plain = address.rstrip(".,;:")
            if urlsplit(plain).hostname not in NO_PAGE and "{" not in plain:
                found.setdefault(plain, path.relative_to(ROOT).as_posix())
    return found


ADDRESSES = addresses()


def test_addresses_are_found_in_pages_and_notebooks_and_are_whole():
    assert PROJECT["urls"]["Repository"] in ADDRESSES
    assert {address for address in ADDRESSES if "labpath=" in address} >= {
        address
        for address in ADDRESS.findall(read(ROOT / "notebooks" / "01-quickstart.ipynb"))
        if "labpath=" in address
    }
    assert [address for address in ADDRESSES if not urlsplit(address).hostname] == []


@pytest.mark.network
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_outside_address_answers(address):
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (link check)"})  # noqa: S310 - https or http
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - https or http
            assert answer.status == HTTPStatus.OK
    except urllib.error.HTTPError as refused:
        assert refused.code in REFUSES_PROGRAMS, f"{ADDRESSES[address]} leads to {address}: {refused.code}"  # noqa: PT017 - either is right
    except urllib.error.URLError as unreachable:
        pytest.fail(f"{ADDRESSES[address]} leads to {address}, whose host was not reached: {unreachable.reason}")
