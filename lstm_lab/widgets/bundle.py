"""The front end of the live views, as ``hatch_build.py`` bundles it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lstm_lab.errors import LabError

__all__ = ["BUNDLE", "bundle"]

BUNDLE = Path(__file__).parent / "static" / "lab.js"


@cache
def bundle() -> str:
    """Return the JavaScript of the front end.

    Raises
    ------
    LabError
        The front end was never built, as in a fresh checkout.
    """
    if not BUNDLE.is_file():
        raise LabError("live views need their front end, and this checkout has none; run: python hatch_build.py")
    return BUNDLE.read_text(encoding="utf-8")
