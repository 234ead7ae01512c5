"""Settings that are not what their model wants, in words: line, table, value, what to write.

A model is pydantic's; what it says of a fault is not what a person should read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from invoices.toml_text import Path, Places, SettingsFault, Told, read_toml

SHOWN = 60
"""How much of a value a message shows."""
MOST_NAMES = 12
"""So many names that there are a message lists."""

_WANTED = {
    "string": "text in quotes",
    "int": "a whole number, without quotes",
    "bool": "true or false, without quotes",
    "float": "a number, such as 0.05",
    "decimal": "a number, such as 0.05",
    "finite": "a number, such as 0.05",
    "date": "a date without quotes, such as 2026-03-01",
    "tuple": 'a list, such as ["A", "B"]',
    "list": 'a list, such as ["A", "B"]',
    "dict": "a table, such as { NAME = VALUE }",
    "model": "a table, such as { NAME = VALUE }",
}
"""By the first word of pydantic's type of a fault."""
_MEASURED = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "text of at least {min_length} character(s)",
    "string_too_long": "text of at most {max_length} characters",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "decimal_max_places": "a number of at most {decimal_places} decimals",
    "decimal_max_digits": "a number of at most {max_digits} digits",
    "decimal_whole_digits": "a number of at most {whole_digits} digits before its point",
}


Model = TypeVar("Model", bound=BaseModel)


def settings_of(model: type[Model], text: str, *, exact: bool = True) -> Model:
    """Return the settings that a TOML text gives a model; `exact` = its numbers are decimals.

    Raises `SettingsFault` with every fault.
    """
    data = read_toml(text, exact=exact)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        told = faults_of(error, model, data, places=Places(text), root=model)
        raise SettingsFault(told) from None


def faults_of(
    error: ValidationError,
    model: type[BaseModel],
    data: object,
    *,
    places: Places,
    at: Path = (),
    root: type[BaseModel] | None = None,
) -> list[Told]:
    """Return what is wrong with settings, in the order of the file, equal words once.

    `data` are the settings of `model`, as TOML says them, and stand `at` a path of the text that
    `places` knows; `root` is the model of the whole file, asked where a name would be at home. What
    only follows from another fault is left out.
    """
    raw = error.errors(include_url=False)
    found = _without_followers([_Fault(one, data) for one in raw], model)
    told = (Told(places.line((*at, *fault.path)), fault.words(model, at, root)) for fault in found)
    return each_once(told)


def each_once(faults: Iterable[Told]) -> list[Told]:
    """Return faults in the order of the file; what is said of several lines is said once."""
    told: dict[str, list[int]] = {}
    for one in sorted(faults, key=lambda fault: fault.line or 0):
        told.setdefault(one.what, []).extend([one.line] if one.line else [])
    return [_together(words, sorted(set(lines))) for words, lines in told.items()]


def _together(words: str, lines: list[int]) -> Told:
    """Return a fault that stands on several lines once."""
    if len(lines) < 2:
        return Told(lines[0] if lines else None, words)
    more = ", ".join(str(line) for line in lines[1:10])
    return Told(lines[0], f"{words} (also on line {more}{' and more' if lines[10:] else ''})")


class _Fault:
    """What pydantic says of one setting."""

    def __init__(self, error: Mapping[str, Any], data: object) -> None:
        self.kind: str = error["type"]
        self.given = error.get("input")
        self.limits: dict[str, Any] = error.get("ctx", {})
        self.said: str = error["msg"]
        loc: tuple[str | int, ...] = error["loc"]
        self.is_name = "[key]" in loc
        self.loc, self.path = loc, _there(loc, data)
        if self.kind in ("missing", "extra_forbidden") and len(self.path) < len(loc):
            self.path = loc
        expected = str(self.limits.get("expected", ""))
        self.choices = re.findall(r"'([^']*)'", expected)

    def words(self, model: type[BaseModel], at: Path, root: type[BaseModel] | None) -> str:
        """Return the fault as a sentence that names the table and the setting."""
        table, name = (*at, *self.path[:-1]), self.path[-1] if self.path else ""
        if self.kind == "missing":
            return f"{_called(table)}lacks {_missing(model, self.path, at)}"
        if self.is_name or self.kind == "extra_forbidden":
            inside = _model_at(model, self.path[:-1]) if table or not root else root
            names = self.choices if self.is_name else _names(inside)
            top, top_at = (root, ()) if root else (model, at)
            return _unknown(str(name), names, table, top, top_at)
        if self.kind in ("value_error", "assertion_error"):
            said = self.said.removeprefix("Value error, ").removeprefix("Assertion failed, ")
            own = isinstance(self.given, Mapping) or not self.path
            return f"{_place((*at, *self.path), own)}: {said}"
        wanted = self._wanted(model, at)
        near = close(str(self.given), self.choices)
        meant = f'; did you mean "{near}"?' if near else ""
        place = _place((*at, *self.path), False)
        return f"{place} is {_shown(self.given)}; it must be {wanted}{meant}"

    def _wanted(self, model: type[BaseModel], at: Path) -> str:
        if self.choices:
            quoted = [f'"{choice}"' for choice in self.choices]
            return " or ".join([", ".join(quoted[:-1]), quoted[-1]]) if quoted[1:] else quoted[0]
        if self.kind in _MEASURED:
            return _MEASURED[self.kind].format(**self.limits)
        if self.kind == "string_pattern_mismatch":
            field = _field_at(model, self.loc)
            return (field and field.description) or f"text that fits {self.limits['pattern']}"
        table, place = _model_at(model, self.path), _called((*at, *self.path)).strip()
        title = table.model_config.get("title") if table else None
        if self.kind in ("tuple_type", "list_type"):
            if isinstance(self.given, Mapping) or (table and not title):
                return f"a list; write [{place}]"
            if isinstance(self.given, str):
                return f"a list, such as [{_shown(self.given)}]"
        if self.kind in ("model_type", "model_attributes_type"):
            if isinstance(self.given, list | tuple) and not title:
                return f"one table; write {place}"
            if title:
                return title
        return _WANTED.get(self.kind.partition("_")[0], "something else; see the page of settings")


def _there(loc: Sequence[str | int], data: object) -> Path:
    """Return as much of a place as the file has: what a model makes of a setting is not in it."""
    path: list[str | int] = []
    inner: Any = data
    for part in loc:
        in_table = isinstance(inner, Mapping) and part in inner
        in_list = isinstance(inner, list | tuple) and isinstance(part, int) and part < len(inner)
        if not in_table and not in_list:
            break
        inner = inner[part]
        path.append(part)
    return tuple(path)


def _without_followers(faults: list[_Fault], model: type[BaseModel]) -> Iterator[_Fault]:
    """Yield the faults that follow from no other, of each setting one.

    A list that is too short because its parts are faulty, and a setting that is lacking because it
    is misspelt, are said with the first cause; a union says what each of its kinds wants.
    """
    seen: dict[Path, _Fault] = {}
    for fault in faults:
        if fault.path in seen:
            seen[fault.path].choices += fault.choices
        else:
            seen[fault.path] = fault
    meant = {
        (*path[:-1], near)
        for path, fault in seen.items()
        if fault.kind == "extra_forbidden"
        and (near := close(str(path[-1]), _names(_model_at(model, path[:-1]))))
    }
    for path, fault in seen.items():
        follows = fault.kind == "missing" and path in meant
        if fault.kind == "too_short":
            follows = any(other[: len(path)] == path and other != path for other in seen)
        if not follows:
            yield fault


# --- names ----------------------------------------------------------------------------------------


def _called(table: Path) -> str:
    """Return the name of a table, with a blank behind it; of the whole file, that it is one."""
    names = ".".join(str(part) for part in table if not isinstance(part, int))
    return f"[{names}] " if names else "the file "


def _place(path: Path, is_table: bool) -> str:
    """Return the name of a setting behind that of its table."""
    if is_table:
        return _called(path).strip()
    if path and isinstance(path[-1], int):
        return f"{_place(path[:-1], False)} (no. {path[-1] + 1})"
    table = _called(path[:-1]) if len(path) > 1 else ""
    return f"{table}{path[-1] if path else 'the file'}"


def _unknown(name: str, names: list[str], table: Path, top: type[BaseModel], top_at: Path) -> str:
    """Say that a table has no such setting, and which was meant or where it is at home."""
    said = f'{_called(table)}has no setting "{name}"'
    if table != top_at and name in _names(top):
        at = f"right below [{_called(top_at).strip()}]" if top_at else "above the first [table]"
        return f"{said}; it stands at the top, {at}"
    if near := close(name, names):
        return f'{said}; did you mean "{near}"?'
    if home := _home(name, top, tuple(str(one) for one in top_at if isinstance(one, str))):
        return f"{said}; it belongs below [{'.'.join(home)}]"
    return f"{said}; there are: {_listed(names)}" if names else f"{said}; take it out"


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _missing(model: type[BaseModel], path: Path, at: Path) -> str:
    name = path[-1]
    field = _field_at(model, path)
    kind = _inner(field.annotation) if field else None
    if kind is not None:
        many = field is not None and get_origin(_bare(field.annotation)) in (tuple, list)
        whole = _called((*at, *path)).strip()
        return f"[{whole}]" if many else whole
    return f'"{name}"; write `{name} = ...`'


def close(name: str, names: Sequence[str]) -> str | None:
    """Return which of some names was meant by one that is none of them, null where it is open."""
    folded = {re.sub(r"[\W_]", "", one.casefold()): one for one in names}
    mine = re.sub(r"[\W_]", "", name.casefold())
    found = difflib.get_close_matches(mine, folded, 1, 0.75)
    return folded[found[0]] if found else None


def _shown(value: object) -> str:
    """Return a value as TOML would say it, no longer than a message takes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = "".join(letter if letter.isprintable() else "?" for letter in value)
        return f'"{text[:SHOWN]}{"..." if len(text) > SHOWN else ""}"'
    if isinstance(value, Mapping):
        return "a table"
    if value in ([], ()):
        return "an empty list"
    return f"a list of {len(value)}" if isinstance(value, list | tuple) else str(value)[:SHOWN]


# --- models ---------------------------------------------------------------------------------------


def _fields(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    """Return the fields of a model by the names a file gives them."""
    found = model.model_fields if model else {}
    return {field.alias or name: field for name, field in found.items() if not field.exclude}


def _names(model: type[BaseModel] | None) -> list[str]:
    return list(_fields(model))


def _bare(kind: Any) -> Any:
    """Return a type without what may stand in its place, such as nothing."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        others = [one for one in get_args(kind) if one is not type(None)]
        return next((_bare(one) for one in others if _inner(one)), _bare(others[0]))
    return kind


def _inner(kind: Any) -> type[BaseModel] | None:
    """Return the model that a type holds: itself, or what its list or table is made of."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    parts = (_inner(part) for part in get_args(kind) if part is not type(None))
    return next((part for part in parts if part), None)


def _field_at(model: type[BaseModel] | None, path: Path) -> FieldInfo | None:
    """Return the field that a path leads to, null where it is one of no model."""
    field: FieldInfo | None = None
    for part in path:
        if isinstance(part, int):
            continue
        if part in _fields(model):
            field = _fields(model)[part]
            model = _inner(field.annotation)
        elif field is None or get_origin(_bare(field.annotation)) is not dict:
            return None
    return field


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    if not path:
        return model
    field = _field_at(model, path)
    return _inner(field.annotation) if field else None


def _home(name: str, model: type[BaseModel] | None, table: tuple[str, ...]) -> tuple[str, ...]:
    """Return the table in which a setting of that name is at home, empty where there is none."""
    for own, field in _fields(model).items():
        inner = _inner(field.annotation)
        if inner is None or get_origin(_bare(field.annotation)) is not None:
            continue
        if name in _names(inner):
            return (*table, own)
        if found := _home(name, inner, (*table, own)):
            return found
    return ()
