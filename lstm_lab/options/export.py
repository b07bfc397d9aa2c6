"""Options of an export for a small device."""

from __future__ import annotations

from typing import Literal

from lstm_lab.options.base import Options, option

__all__ = ["ExportOptions"]


class ExportOptions(Options):
    """Options of `run.export`, ``%lstm_export`` and ``lstm-lab export``."""

    quantize: Literal["none", "float16", "dynamic", "int8", "int16x8"] = option(
        "none",
        "how weights are stored: float32, float16, or int8, computed with in floats (dynamic) or in integers of 8 or 16"
        " bits (int8, int16x8); a microcontroller takes none, int8 or int16x8",
        example="int16x8",
    )
    c_array: bool = option(
        False, "beside the file, a C header with the constants and a C source with the file as an array", example="on"
    )
