"""Running a notebook, what its outputs say, and the form in which they are kept."""

import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from lstm_lab.widgets.saved import MIME

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LIVE = "application/vnd.jupyter.widget-view+json"


def settings_of_binder():
    """Read what `binder/start` sets before Jupyter starts."""
    lines = (ROOT / "binder" / "start").read_text().splitlines()
    words = [word for line in lines if line.startswith("export ") for word in line.split()[1:]]
    return dict(word.split("=") for word in words)


def execute(path, folder, peaks=None):
    """Run a notebook as Binder does in a folder of its own, without keeping widget state or times.

    The most memory of its kernel without the libraries in files, in MB, is put into a list `peaks`; Linux tells.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )

    def measure(**_):
        status = Path(f"/proc/{client.km.provisioner.pid}/status").read_text()
        sizes = {key: int(size) * 1.024e-3 for key, size in re.findall(r"(VmHWM|RssFile):\s+(\d+) kB", status)}
        peaks.append(sizes["VmHWM"] - sizes["RssFile"])

    if peaks is not None and Path("/proc/self/status").exists():
        client.on_cell_executed = measure
    return client.execute(env=os.environ | settings_of_binder())


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def said(notebook):
    """Give what the cells printed and what results say of themselves."""
    found = outputs(notebook)
    texts = (output.get("text") or str(output.get("data", {}).get("text/plain", "")) for output in found)
    return " ".join(" ".join(texts).split())


def still(notebook):
    """Drop the live views, which nobody could show without this kernel, and keep pictures and tables side by side."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [part for output in cell.outputs for part in still_parts(output)]
    return notebook


def still_parts(output):
    """Part a picture from its table: HTML with a picture inside carries it twice, and some viewers cut it out.

    The renderer of saved views draws a picture that is marked for it, so that it is dark in a dark notebook.
    """
    data = output.get("data", {})
    if "image/png" not in data:
        return [output]
    data.pop(LIVE, None)
    data.setdefault(MIME, {"prefer": "picture"})
    table = re.sub(r"<img [^>]*>", "", data.pop("text/html", ""))
    if "<table" not in table:
        return [output]
    return [output, nbformat.v4.new_output("display_data", {"text/html": table, "text/plain": data["text/plain"]})]
