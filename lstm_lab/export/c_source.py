"""An exported step for firmware: the file as a C array, and what a program must know, as constants.

A header with the constants and a source with the arrays, rather than one header: however many files include it, the
model is linked once, and lies in read-only memory. Both are C99, C11 and C++; LiteRT wants the array at a multiple of
16 bytes. A program needs no more than the loop in the header's first comment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["c_files"]

_BYTES_A_LINE = 16

_HEADER = """/*
 * {stem}.h: one step of a network that forecasts {target}, made by lstm_lab {version}.
 *
 * {stem}.c holds {file}, {size} bytes, quantize={quantize}. Every input and output is float32.
 * Operators: {operators}.
 *
 * For every new row:
 *   input 0      the row: (value - {name}_mean[k]) / {name}_scale[k] for each of the columns
{columns}
 *   input 1 + s  state s, {name}_state_sizes[s] numbers: 0 before the first row, then output 1 + s of the row before
 *   output 0     the forecast z of the next row's first column, standardised likewise:
 *                z * {name}_scale[0] + {name}_mean[0] is the transformed {target}, and {inverse},
 *                where y[-1] is the last value; as in Keras after {macro}_LOOKBACK rows from states of 0, and nearly
 *                so ({onward}) where the states are never set back
 * To forecast further, make the next row from the forecast and step again. After a gap, start again from states of 0.
 */
#ifndef {macro}_H
#define {macro}_H

#define {macro}_COLUMNS {width}
#define {macro}_STATES {states}
#define {macro}_LOOKBACK {lookback}
#define {macro}_MODEL_SIZE {size}

/* Tensors in the order of the model's inputs and outputs. */
{places}

#ifdef __cplusplus
extern "C" {{
#endif

extern const float {name}_mean[{macro}_COLUMNS];
extern const float {name}_scale[{macro}_COLUMNS];
extern const int {name}_state_sizes[{macro}_STATES];
extern const unsigned char {name}_model[{macro}_MODEL_SIZE];

#ifdef __cplusplus
}}
#endif

#endif /* {macro}_H */
"""

_SOURCE = """/* {stem}.c: the arrays that {stem}.h declares and explains. */
#include "{stem}.h"

#if defined(__cplusplus) && __cplusplus >= 201103L
#define LSTM_LAB_ALIGNED alignas(16)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define LSTM_LAB_ALIGNED _Alignas(16)
#elif defined(__GNUC__)
#define LSTM_LAB_ALIGNED __attribute__((aligned(16)))
#else
#error "This compiler needs to be told how an array is aligned to 16 bytes."
#endif

const float {name}_mean[{macro}_COLUMNS] = {{{mean}}};
const float {name}_scale[{macro}_COLUMNS] = {{{scale}}};
const int {name}_state_sizes[{macro}_STATES] = {{{sizes}}};
LSTM_LAB_ALIGNED const unsigned char {name}_model[{macro}_MODEL_SIZE] = {{
{bytes}
}};
"""


def c_files(path: Path, content: bytes, about: Mapping[str, Any]) -> dict[str, str]:
    """Write the header and the source of an export.

    Parameters
    ----------
    path
        Of the LiteRT file; the C files are named after it.
    content
        That file.
    about
        What stands in the JSON beside it.

    Returns
    -------
    dict
        Text by file name.
    """
    name = _identifier(path.stem)
    states = list(about["states"])
    values = {
        "stem": _comment(path.stem),
        "file": _comment(path.name),
        "name": name,
        "macro": name.upper(),
        "target": _comment(about["target"]),
        "version": about["lstm_lab"],
        "quantize": about["quantize"],
        "size": len(content),
        "operators": ", ".join(about["operators"]),
        "columns": "\n".join(_columns(about)),
        "inverse": _comment(about["inverse"]),
        "onward": _onward(about),
        "width": len(about["columns"]),
        "states": len(states),
        "lookback": about["lookback"],
        "places": "\n".join(_places(name.upper(), states)),
        "mean": _floats(about["mean"]),
        "scale": _floats(about["scale"]),
        "sizes": ", ".join(str(shape[-1]) for shape in about["states"].values()),
        "bytes": _bytes(content),
    }
    return {f"{path.stem}.h": _HEADER.format(**values), f"{path.stem}.c": _SOURCE.format(**values)}


def _columns(about: Mapping[str, Any]) -> Iterable[str]:
    """Describe what each column is."""
    for number, (name, meaning) in enumerate(zip(about["columns"], about["meaning"], strict=True)):
        yield f" *                {number}: {_comment(name)} is {_comment(meaning)}"


def _onward(about: Mapping[str, Any]) -> str:
    """Describe the cost of never resetting the states, if it was measured."""
    if "measured" not in about:
        return "not measured"
    error = about["measured"]["mean_absolute_error"]
    return f"mean absolute error {error['onward']:.4g} instead of {error['file']:.4g}"


def _places(macro: str, states: Sequence[str]) -> Iterable[str]:
    """Return the number of every input and output, by name."""
    yield f"#define {macro}_INPUT_ROW 0"
    yield f"#define {macro}_OUTPUT_FORECAST 0"
    for position, state in enumerate(states, start=1):
        yield f"#define {macro}_INPUT_{_identifier(state).upper()} {position}"
        yield f"#define {macro}_OUTPUT_{_identifier(state).upper()} {position}"


def _identifier(text: str) -> str:
    """Return an identifier that is valid in C, made from the name of a file or layer."""
    name = re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_") or "model"
    return f"model_{name}" if name[0].isdigit() else name


def _comment(text: str) -> str:
    """Escape a name, so that it stays inside its C comment and on its line."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/").replace("??/", "?? /")


def _floats(values: Iterable[float]) -> str:
    """Write floats so that a compiler reads the same float32."""
    return ", ".join(f"{np.format_float_scientific(np.float32(value), unique=True, trim='0')}f" for value in values)


def _bytes(content: bytes) -> str:
    lines = (content[start : start + _BYTES_A_LINE] for start in range(0, len(content), _BYTES_A_LINE))
    return "\n".join("    " + " ".join(f"0x{byte:02x}," for byte in line) for line in lines)
