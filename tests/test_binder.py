"""Binder builds what pyproject.toml asks for, on one core and in 2 GB; as a script, lock the versions anew.

The script needs ``pip install uv`` and writes ``binder/requirements.txt``.
"""

import asyncio
import os
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from traitlets.config.loader import PyFileConfigLoader

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BINDER = ROOT / "binder"
LOCK = BINDER / "requirements.txt"
EXTRAS = ("stats", "parquet", "cluster")
"""What notebooks may use besides the package's own needs."""
HEAD = """\
# Every package of the environment, for Python 3.12 on one core and in 2 GB; written by `python tests/test_binder.py`.
# `tensorflow-cpu` and `tensorflow` are two distributions of one module, and a need for one is not met by the other, so
# postBuild installs lstm-lab with --no-deps. `notebook` replaces the version that repo2docker brings, which may want
# another JupyterLab; `psutil` is what its jupyter-resource-usage takes.
"""


def needed():
    """Give the requirements of the package with its extras, on TensorFlow without its GPU parts."""
    texts = [*PROJECT["dependencies"], *(text for extra in EXTRAS for text in PROJECT["optional-dependencies"][extra])]
    # TensorFlow first: its newest version decides which versions of its many needs are possible.
    texts.sort(key=lambda text: not text.startswith("tensorflow"))
    return [*(re.sub(r"^tensorflow\b", "tensorflow-cpu", text) for text in texts), "notebook>=7.4", "psutil~=5.6"]


def write_lock():
    options = ["--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_28", "--quiet"]
    options += ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    command = [sys.executable, "-m", "uv", "pip", "compile", "-", *options]
    lock = subprocess.run(command, input="\n".join(needed()), text=True, capture_output=True, check=True).stdout
    LOCK.write_text(HEAD + lock)


@pytest.fixture(scope="module")
def pins():
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[a-z0-9.]+", line)] == []
    return dict(line.split("==") for line in lines)


def test_the_lock_meets_pyproject(pins):
    unmet = [
        text
        for text in needed()
        if (need := Requirement(text)).name not in pins or pins[need.name] not in need.specifier
    ]
    assert unmet == [], "lock again: pip install uv && python tests/test_binder.py"


def test_the_lock_holds_what_the_needs_need_and_nothing_for_a_gpu(pins):
    assert {"ipykernel", "jupyter-server", "scipy", "protobuf", "traitlets"} <= set(pins)
    assert "tensorflow" not in pins
    assert [name for name in pins if name.startswith("nvidia")] == []


def test_notebook_and_jupyterlab_fit(pins):
    """Notebook 7.N is built on JupyterLab 4.N and refuses any other."""
    notebook, lab = Version(pins["notebook"]), Version(pins["jupyterlab"])
    assert (notebook.major, lab.major) == (7, 4)
    assert notebook.minor == lab.minor


def test_python_is_one_that_the_package_takes():
    text = (BINDER / "runtime.txt").read_text().strip()
    version = text.removeprefix("python-")
    assert Version(version) in Requirement(f"x{PROJECT['requires-python']}").specifier


@pytest.fixture(scope="module")
def settings():
    return PyFileConfigLoader("jupyter_server_config.py", path=str(BINDER)).load_config()


def test_idle_kernels_are_stopped_though_their_pages_are_open(settings):
    kernels = settings.MappingKernelManager
    assert 300 <= kernels.cull_idle_timeout <= 1800
    assert kernels.cull_connected
    assert "cull_busy" not in kernels
    assert f"idles for {kernels.cull_idle_timeout // 60} minutes" in (ROOT / "README.md").read_text()
    assert (ROOT / settings.FileContentsManager.preferred_dir / "01-quickstart.ipynb").exists()


@pytest.mark.parametrize(
    ("states", "stopped"),
    [("", []), ("i", []), ("ii", [0]), ("bi", [1]), ("bb", []), ("iib", [0, 1])],
)
def test_a_kernel_too_many_replaces_those_that_have_idled_longest(settings, states, stopped, monkeypatch):
    words = {"i": "idle", "b": "busy"}
    manager = settings.ServerApp.kernel_manager_class()
    manager._kernels = {
        key: SimpleNamespace(execution_state=words[state], last_activity=key) for key, state in enumerate(states)
    }
    gone = []

    async def shut_down(key):
        gone.append(key)

    monkeypatch.setattr(manager, "shutdown_kernel", shut_down)
    with ThreadPoolExecutor(1) as thread:  # in the main thread, a browser test may have left a loop that runs
        thread.submit(asyncio.run, manager.make_room()).result()
    assert gone == stopped


def test_the_build_installs_the_settings_and_the_start_takes_one_core():
    assert "cp binder/jupyter_server_config.py" in (BINDER / "postBuild").read_text()
    start = (BINDER / "start").read_text()
    assert "TF_NUM_INTRAOP_THREADS=1" in start
    assert "TF_ENABLE_ONEDNN_OPTS=0" in start, "notebooks take up to 100 MB more with it"
    assert [name for name in ("postBuild", "start") if not os.access(BINDER / name, os.X_OK)] == []


if __name__ == "__main__":
    write_lock()
