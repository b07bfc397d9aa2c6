"""The views in JupyterLab and Notebook 7, over a real kernel: live, stopped, reloaded, run again."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "01-quickstart.ipynb"
IMPORT = "import fake_work"
RIPE = "data.ready && Number(data.epochs) >= 2"


def ending(text):
    found = re.search(r"reason=(\w+) (?:epochs|paths)=(\d+)", text)
    assert found is not None, text
    return found[1], int(found[2])


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_a_training_is_live_while_the_cell_runs_and_stop_ends_it(notebook, face):
    book = notebook(face, IMPORT, "view = fake_work.train()")
    book.run(0)
    book.start(1)
    book.wait_for("training", RIPE)
    assert book.count(1) is None
    stop = book.view("training").get_by_role("button", name="Stop")
    stop.click()
    reason, epochs = ending(book.ended(1, timeout=10))
    assert reason == "stopped"
    assert 2 <= epochs < 200
    book.wait_for("training", "data.reason === 'stopped'")
    assert not stop.is_visible()


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_interrupting_the_kernel_ends_a_training_the_same_way(notebook, face):
    book = notebook(face, IMPORT, "view = fake_work.train()")
    book.run(0)
    book.start(1)
    book.wait_for("training", RIPE)
    book.interrupt()
    assert ending(book.ended(1, timeout=10))[0] == "interrupted"
    book.wait_for("training", "data.reason === 'interrupted'")


def test_a_fan_grows_and_a_stopped_one_keeps_its_paths_and_its_picture(notebook):
    book = notebook("lab", IMPORT, "view = fake_work.sample(chunks=200)")
    book.run(0)
    book.start(1)
    book.wait_for("fan", "Number(data.done) >= 60")
    assert book.count(1) is None
    assert "P(above" in book.view("fan").locator(".chance").inner_text()
    book.view("fan").get_by_role("button", name="Stop").click()
    reason, paths = ending(book.ended(1, timeout=10))
    assert reason == "stopped"
    assert 60 <= paths < 4000
    book.wait_for("fan", f"Number(data.done) === {paths} && data.reason === 'stopped'")
    shown = set().union(*book.bundles(1))
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} <= shown


def test_the_quickstart_runs_from_top_to_bottom(notebook):
    quickstart = nbformat.read(QUICKSTART, as_version=4)
    cells = [cell.source for cell in quickstart.cells if cell.cell_type == "code"]
    book = notebook("lab", *cells)
    for number in range(len(cells)):
        book.run(number, timeout=240)
        kinds = book._panel(
            "return panel.content.model.cells.get(argument).outputs.toJSON().map((o) => o.output_type);", number
        )
        assert "error" not in kinds, book.output(number)
    book.wait_for("training", "Number(data.epochs) >= 1")
    book.wait_for("fan", "data.done === '200'")


def test_the_magics_show_the_views_of_real_work(notebook):
    # So many epochs that none but Stop ends the training, however long the page takes to show its button.
    train = "%%lstm_train oil --transform log_return --lookback 12 --epochs 9000 --patience 9000\nLSTM(4)\nDense(1)"
    instant = ["%lstm_gates", "%lstm_weights", "%lstm_loss"]
    book = notebook("lab", "%load_ext lstm_lab", train, "%lstm_forecast 10 --paths 60 --calibrate off", *instant)
    book.run(0)
    book.start(1)
    book.wait_for("training", RIPE, timeout=60_000)
    book.view("training").get_by_role("button", name="Stop").click()
    book.ended(1)
    book.wait_for("training", "data.reason === 'stopped'")
    book.run(2)
    book.wait_for("fan", "data.done === '60'")
    book.view("fan").get_by_role("button", name="Add 200 paths").click()
    book.wait_for("fan", "data.done === '260'", timeout=30_000)
    for cell in (1, 2):
        assert "image/png" in set().union(*book.bundles(cell))
    for cell, view in enumerate(("gates", "weights", "loss"), start=3):
        book.run(cell)
        book.wait_for(view, "data.ready")
        # In the bar's own place: no blank output is left above or below it.
        assert ["image/png" in kinds for kinds in book.bundles(cell)] == [True]


def test_nbconvert_shows_the_picture_of_a_saved_notebook(notebook):
    book = notebook("lab", IMPORT, "view = fake_work.sample(chunks=4, pause=0.01)")
    book.run(0)
    book.run(1)
    book.save()
    page = book.path.with_suffix(".html")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level=ERROR", str(book.path)]
    subprocess.run(command, check=True, timeout=60)
    assert "data:image/png;base64," in page.read_text()
    (output,) = [part for part in nbformat.read(book.path, 4).cells[1].outputs if "image/png" in part.get("data", {})]
    assert output.metadata["image/png"]["alt"].startswith("Forecast of close")
    assert '"_esm"' not in book.path.read_text(), "the bundle and the arrays do not belong in a saved notebook"


def test_a_reloaded_page_shows_the_view_again(notebook):
    book = notebook("lab", IMPORT, "view = fake_work.train(epochs=5, pause=0.001)")
    book.run(0)
    book.run(1)
    book.wait_for("training", "data.reason === 'finished'")
    book.save()
    book.load()
    book.wait_for("training", "data.reason === 'finished' && data.epochs === '5'")


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_a_page_reloaded_while_the_cell_runs_goes_on_with_the_view_and_its_stop(notebook, face):
    # Such a page learns of no widget before the cell is over: the view has a line of its own to the kernel (line.ts).
    book = notebook(face, IMPORT, "view = fake_work.train(epochs=2000, pause=0.02)")
    book.run(0)
    book.start(1)
    book.wait_for("training", RIPE)
    book.save()
    book.load(busy=True)
    book.wait_for("training", "Number(data.epochs) >= 6")
    book.view("training").get_by_role("button", name="Stop").click()
    book.wait_for("training", "data.reason === 'stopped'")


def test_a_cell_run_again_leaves_no_orphan(notebook):
    book = notebook("lab", IMPORT, "view = fake_work.train(epochs=3, pause=0.001)", "print(fake_work.comms())")
    book.run(0)
    counts = []
    for _ in range(3):
        book.run(1)
        counts.append(int(book.run(2)))
    assert counts[0] == counts[1] == counts[2]


def test_without_subshells_there_is_no_button_but_a_word(notebook):
    book = notebook("lab", "None", IMPORT, "view = fake_work.train(pause=0.05)")
    book.page.evaluate("window.jupyterapp.serviceManager.kernels.commsOverSubshells = 'disabled'")
    book._panel("return panel.sessionContext.restartKernel();")
    book._panel("panel.sessionContext.session.kernel.commsOverSubshells = 'disabled';")
    book.idle()
    book.run(1)
    book.start(2)
    book.wait_for("training", RIPE)
    book.view("training").get_by_text("interrupt the kernel").wait_for()
    assert not book.view("training").get_by_role("button", name="Stop").is_visible()
    book.interrupt()
    assert ending(book.ended(2, timeout=10))[0] == "interrupted"


def test_views_follow_the_theme_of_the_notebook(notebook):
    book = notebook("lab", IMPORT, "view = fake_work.train(epochs=3, pause=0.001)")
    book.run(0)
    book.run(1)
    book.theme("JupyterLab Dark")
    book.wait_for("training", "data.theme === 'dark'")
    book.run(1)  # a view that is made in the dark is dark from the first
    book.wait_for("training", "data.theme === 'dark'")
    assert book.view("training").get_attribute("data-theme") == "dark"
    book.theme("JupyterLab Light")
    book.wait_for("training", "data.theme === 'light'")


def test_twenty_views_in_one_notebook_stay_responsive(notebook):
    many = "from IPython.display import display\nfor _ in range(20):\n    fake_work.train(epochs=8, batches=2, pause=0)"
    book = notebook("lab", IMPORT, many)
    book.run(0)
    book.run(1)
    book.page.wait_for_function("() => document.querySelectorAll('.lstm-lab').length === 20")
    lag = book.page.evaluate(
        """async () => {
            const times = [];
            let last = performance.now();
            while (times.length < 60) {
                await new Promise(requestAnimationFrame);
                const host = document.querySelectorAll(".lstm-lab")[times.length % 20];
                const at = { clientX: 300 + times.length, clientY: 300, bubbles: true };
                host.shadowRoot.querySelector(".u-over").dispatchEvent(new MouseEvent("mousemove", at));
                times.push(performance.now() - last);
                last = performance.now();
            }
            times.sort((a, b) => a - b);
            return times[Math.floor(times.length / 2)];
        }"""
    )
    assert lag < 100, f"a frame takes {lag:.0f} ms"
