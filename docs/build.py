"""Build the site: ``python docs/build.py [FOLDER]`` writes it to build/site, or to the folder.

Needs ``pip install '.[docs]'`` and no network. A warning is an error.
"""

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from pages import gallery, notebooks, reference, sources
from pages.views import write_scripts
from sphinx.cmd.build import build_main

DOCS = Path(__file__).parent


def build(target):
    """Build the site into a folder, which is replaced, and return Sphinx's exit status."""
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        sources.copy(source)
        notebooks.write_pages(source / "notebooks")
        reference.write_pages(source / "reference")
        gallery.put_views(source / "gallery.md")
        write_scripts(source / "_static")
        shutil.copy(DOCS / "conf.py", source)
        return build_main(["-q", "-W", "--keep-going", "-d", f"{folder}-doctrees", folder, str(target)])


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]) if sys.argv[1:] else DOCS.parent / "build" / "site"))
