"""The views in JupyterLab and Notebook 7, over a real kernel."""

from __future__ import annotations

import re

import pytest

FACES = ["lab", "notebook"]


def number(locator, name):
    return float(locator.get_attribute(name) or "nan")


@pytest.mark.parametrize("face", FACES)
def test_a_training_is_live_while_the_cell_runs_and_stop_ends_it(notebook, face):
    book = notebook(face, "import fake_work", "view = fake_work.train()")
    book.run(0)
    book.start(1)
    view = book.view("training")
    view.wait_for()
    book.page.wait_for_function(
        "() => Number(document.querySelector('.lstm-lab').shadowRoot.querySelector('.lab').dataset.epochs) >= 2"
    )
    assert book.count(1) is None
    stop = view.get_by_role("button", name="Stop")
    stop.wait_for()
    stop.click()
    book.ended(1, timeout=10)
    found = re.search(r"reason=(\w+) epochs=(\d+)", book.output(1))
    assert found is not None
    assert found[1] == "stopped"
    assert int(found[2]) < 100
    book.page.wait_for_function(
        "() => document.querySelector('.lstm-lab').shadowRoot.querySelector('.lab').dataset.reason === 'stopped'"
    )
    assert not stop.is_visible()
