"""`Options`: frozen, validated options with error messages of one line, and the functions that declare options."""

from __future__ import annotations

import os
import re
import warnings
from numbers import Integral, Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lstm_lab.errors import OptionError, is_endless, shown
from lstm_lab.options.spelling import in_python, meant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

__all__ = [
    "Folder",
    "Marks",
    "Name",
    "Numbers",
    "Options",
    "Sizes",
    "Texts",
    "as_id_list",
    "as_marks",
    "as_name",
    "as_names",
    "as_numbers",
    "as_path",
    "as_sequence",
    "current_name",
    "option",
    "option_extra",
    "shared_out",
    "split_commas",
]


def split_commas(text: str) -> list[str]:
    """Split at the commas outside parentheses.

    >>> split_commas("log_return, bollinger(20, 2)")
    ['log_return', 'bollinger(20, 2)']
    """
    parts = re.split(r",(?![^()]*\))", text)
    return [part.strip() for part in parts if part.strip()]


def as_sequence(value: object) -> object:
    """Convert ``32``, ``"64, 32"`` or ``"none"`` to a tuple; other values are returned as they are."""
    if isinstance(value, str):
        return () if value.strip().lower() in {"", "none"} else tuple(split_commas(value))
    if isinstance(value, int | float):
        return (value,)
    return value


def option(
    default: Any,
    meaning: str,
    *,
    unit: str | None = None,
    example: str | None = None,
    form: str | None = None,
    **rule: Any,
) -> Any:
    """Declare an option: its default, its meaning in one line, its unit, an example that is valid, its rule."""
    extra: Any = {"unit": unit, "example": example, "form": form}
    return Field(default, description=meaning, json_schema_extra=extra, **rule)


def as_name(value: object) -> object:
    """Convert a whole number that names a column to text."""
    if isinstance(value, bool):
        return value
    return str(value) if isinstance(value, Integral) and not is_endless(int(value)) else value


def as_names(value: object) -> object:
    """Convert to a tuple of texts, among which whole numbers may name columns."""
    parts = as_sequence(value)
    return tuple(map(as_name, parts)) if isinstance(parts, tuple | list) else parts


def as_id_list(value: object) -> object:
    """Convert ids to text: one, or several; a text with commas stays as it is, for an id may have commas itself."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return as_name(value)
    return tuple(str(part) for part in value)


def as_marks(value: object) -> object:
    """Convert to a tuple of texts, numbers in their shortest form."""
    parts = as_sequence(value)
    if not isinstance(parts, tuple | list):
        return parts
    return tuple(_shortest(part) if isinstance(part, Real) else part for part in parts)


def _shortest(number: Any) -> str:
    """Write a number in its shortest form; one that no float holds is infinite, as a text of so many digits is."""
    try:
        return f"{float(number):.12g}"
    except OverflowError:
        return "inf" if number > 0 else "-inf"


def as_numbers(value: object) -> object:
    """Convert to a tuple of whole numbers: one number, several, a range, or a text such as "3,7" or "40-49"."""
    if isinstance(value, str):
        ends = value.split("-")
        if len(ends) == 2 and all(end.strip().isdecimal() for end in ends):
            low, high = sorted(map(int, ends))
            return tuple(range(low, high + 1))
        return as_sequence(value)
    if isinstance(value, Integral):
        return (value,)
    return tuple(value) if hasattr(value, "__iter__") else value


def as_path(value: object) -> object:
    """Convert a path to text."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


Folder: TypeAlias = Annotated[str, BeforeValidator(as_path)]
Name: TypeAlias = Annotated[str, BeforeValidator(as_name)]
Texts: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(as_names)]
Marks: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(as_marks)]
Numbers: TypeAlias = Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(as_numbers)]
Sizes: TypeAlias = Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(as_sequence)]


class Options(BaseModel):
    """A frozen set of options that explains, in one line, what is wrong with a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    renamed: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Present names of renamed options by their former names, which are accepted for one release."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Validate keywords or the text of flags.

        Parameters
        ----------
        values
            Option names and their values; a value of text is read as on a command line.

        Returns
        -------
        Self
            The frozen options.

        Raises
        ------
        OptionError
            The first unknown name or refused value: rule, value, remedy.
        """
        by_name = {current_name(name, cls): value for name, value in values.items()}
        for name in by_name:
            if name not in cls.model_fields:
                raise OptionError(f"there is no option {name!r}; {meant(name, [cls])}")
        _refuse_no_numbers(cls, by_name)
        try:
            options = cls(**by_name)
        except ValidationError as refused:
            raise OptionError(_explain(cls, refused)) from None
        _refuse_no_numbers(cls, vars(options))
        return options


def _refuse_no_numbers(model: type[Options], values: Mapping[str, Any]) -> None:
    """Refuse whole numbers that no float holds, and on or off where a number is meant, which Python takes for 1 and 0.

    Raises
    ------
    OptionError
        The first of them.
    """
    for name, value in values.items():
        field = model.model_fields[name]
        kinds = str(field.annotation)
        numeric = re.search(r"\b(int|float)\b", kinds) is not None and "bool" not in kinds
        for part in value if isinstance(value, list | tuple) else (value,):
            rule = "should be a number" if numeric and isinstance(part, bool) else None
            if is_endless(part):
                rule = "should have fewer digits"
            if rule is not None:
                example = option_extra(field, "example")
                raise OptionError(
                    f"{name} {rule}, got {shown(part)}; " + (f"for example {in_python(name, field)}" if example else "")
                )


_PERCENTAGES = 5
"""Least number in place of a share that is taken for a percentage: 20 means 0.2, and 1.5 may mean anything."""


def _explain(model: type[Options], refused: ValidationError) -> str:
    """Format pydantic's first error as one line: the option, the rule, the value received, an example."""
    first_error, *others = refused.errors(include_url=False)
    if not first_error["loc"]:
        return str(first_error["msg"]).removeprefix("Value error, ")
    name = str(first_error["loc"][0])
    field = model.model_fields[name]
    # A value that may be of two types is refused once by each.
    same_value = [error for error in others if error["loc"][0] == name and error["input"] is first_error["input"]]
    rules = dict.fromkeys(_rule(field, error) for error in (first_error, *same_value))
    example = option_extra(field, "example")
    remedy = f"; for example {in_python(name, field)}" if example else ""
    if (near := _rescaled(model, name, first_error["input"])) is not None:
        remedy = f"; did you mean {name}={near:g}?"
    rule = ", or ".join(rules).replace(", or should be ", ", or ")
    return f"{name} {rule}, got {_received(first_error['input'])}{remedy}"


def _received(value: Any) -> str:
    """Write a value in one line: an array by its type and shape."""
    shape = getattr(value, "shape", None)
    return shown(value) if shape is None or shape == () else f"a {type(value).__name__} of shape {shape}"


def _rescaled(model: type[Options], name: str, value: Any) -> float | None:
    """Return a share as a percentage, or a percentage as a share, if the option accepts that; else None."""
    field = model.model_fields[name]
    percent = option_extra(field, "unit") == "percent"
    share = any(getattr(rule, "lt", 2) <= 1 for rule in field.metadata)
    try:
        number = float(value)
        near = 100 * number if percent and number < 1 else number / 100 if share and number >= _PERCENTAGES else None
        model(**{name: near})
    except (TypeError, ValueError, OverflowError):  # pydantic's own error is a ValueError too
        return None
    return near


_RULES: Mapping[str, str] = {
    "int_parsing": "should be a whole number",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_parsing": "should be a number",
    "float_type": "should be a number",
    "bool_parsing": "should be on or off",
    "bool_type": "should be on or off",
    "int_parsing_size": "should be a whole number of fewer digits",
    "tuple_type": "should be a list",
    "string_type": "should be text",
    "too_short": "needs at least one value",
}
"""Rules in place of pydantic's messages, by its type of error, for users who type flags."""


def _rule(field: FieldInfo, error: ErrorDetails) -> str:
    if error["type"] == "string_pattern_mismatch":
        return f"should be {option_extra(field, 'form')}"
    message = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "should")
    return _RULES.get(error["type"], message)


def option_extra(field: FieldInfo, key: Literal["unit", "example", "form"]) -> str | None:
    """Return an option's unit, example or form."""
    extra = field.json_schema_extra
    value = extra.get(key) if isinstance(extra, dict) else None
    return None if value is None else str(value)


def current_name(name: str, *models: type[Options]) -> str:
    """Return the present name of an option that one of the models has renamed, with a warning; else the name itself."""
    for model in models:
        if name in model.renamed:
            present = model.renamed[name]
            warnings.warn(f"the option {name} is called {present} now; {name} is removed in 0.3", FutureWarning, 3)
            return present
    return name


def shared_out(options: Mapping[str, Any], *models: type[Options]) -> list[dict[str, Any]]:
    """Split keywords into one mapping per model, each with the options that the model has.

    Raises
    ------
    OptionError
        A name that no model has.
    """
    names = dict.fromkeys(name for model in models for name in model.model_fields)
    by_name = {current_name(name, *models): value for name, value in options.items()}
    for name in by_name:
        if name not in names:
            raise OptionError(f"there is no option {name!r}; {meant(name, models)}")
    return [{name: value for name, value in by_name.items() if name in model.model_fields} for model in models]
