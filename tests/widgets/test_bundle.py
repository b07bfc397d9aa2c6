"""The module of each view: one for each kind of view, as small as CONTRIBUTING says."""

import gzip
import re
import sys
from pathlib import Path

import pytest

from lstm_lab.widgets import base, bundle, view_modules
from lstm_lab.widgets.base import LabWidget

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "lstm_lab/widgets/frontend/src/entries").glob("*.ts"))
LIMIT = 150_000
SLACK = 2
"""kB by which a module may differ from the table before the table must be renewed."""


def listed():
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    return {name: (int(size), int(packed)) for name, size, packed in rows}


def kinds(parent=LabWidget):
    for kind in parent.__subclasses__():
        yield kind
        yield from kinds(kind)


def renderer():
    """The folder of the renderer of saved views: beside its modules in a checkout, else where the wheel puts it."""
    beside = bundle.VIEWS.parent / "labextension"
    return (beside if beside.is_dir() else Path(sys.prefix, "share/jupyter/labextensions/lstm-lab")) / "static"


def test_every_view_has_a_module_of_its_own():
    import lstm_lab.run  # noqa: F401 - the views of a network's results are imported once it is

    view_modules()
    ours = {kind._view.default_value for kind in kinds() if kind.__module__.startswith("lstm_lab.")}
    assert ours == set(NAMES)


def test_the_table_of_sizes_lists_every_module():
    assert sorted(listed()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_as_small_as_contributing_says(name):
    module = base.bundle(name).encode()
    assert len(module) < LIMIT
    size, packed = listed()[name]
    assert abs(len(module) / 1000 - size) <= SLACK
    assert abs(len(gzip.compress(module, mtime=0)) / 1000 - packed) <= SLACK


def test_the_renderer_darkens_pictures_as_they_darken_themselves():
    (entry,) = renderer().glob("remoteEntry.*.js")
    own = (ROOT / "lstm_lab/plots/picture.css").read_text(encoding="utf-8")
    for sheet in (own, entry.read_text(encoding="utf-8")):
        assert len(re.findall(r"\.lstm-picture\{filter:invert\(0?\.93\) hue-rotate\(180deg\)\}", sheet)) == 2


def test_the_renderer_of_saved_views_has_the_same_modules():
    folder = renderer()
    assert {path.stem for path in folder.glob("*.js") if not path.stem.startswith("remoteEntry")} == set(NAMES)
    for name in NAMES:
        assert (folder / f"{name}.js").read_text(encoding="utf-8") == base.bundle(name)
