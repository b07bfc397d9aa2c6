"""Which version this is: read by the build, the package and every saved run."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.2.0.dev0"
