"""The front end of the live views, one module for each view, as ``hatch_build.py`` bundles it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lstm_lab.errors import LabError

__all__ = ["VIEWS", "bundle"]

VIEWS = Path(__file__).parent / "static" / "views"
"""Holds the module of each view: ``fan.js``, ``gates.js``, ..."""


@cache
def bundle(view: str) -> str:
    """Return the JavaScript module of a view.

    Parameters
    ----------
    view
        Name of the view, as in `frontend/src/entries`.

    Raises
    ------
    LabError
        The front end was never built, as in a fresh checkout.
    """
    module = VIEWS / f"{view}.js"
    if not module.is_file():
        raise LabError("live views need their front end, and this checkout has none; run: python hatch_build.py")
    return module.read_text(encoding="utf-8")
