"""What is found is what a slow reader finds who goes through every exported row by hand."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import NamedTuple

import nights
import pytest
from nights import by, papers_of
from worlds import World, world

from rebill.inquiry.find import find
from rebill.store.record import reading
from rebill.workspace.settings import Workspace

TEXTS = 10
"""Texts that are looked up in each world."""


class Name(NamedTuple):
    """What stands on record: of what, its id, by which name, and the name."""

    kind: str
    id: str
    by: str
    spelling: str


def squeezed(text: str) -> str:
    return "".join(sign for sign in text.upper() if sign.isalnum())


def loose(text: str) -> str:
    """Numbers without zeros in front; a dash between two of them."""
    told = ""
    for part in re.findall(r"[0-9]+|[A-Z]+", text.upper()):
        told += "-" if part.isdigit() and told[-1:].isdigit() else ""
        told += (part.lstrip("0") or "0") if part.isdigit() else part
    return told


def telephone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return digits[-10:] if len(digits) in (10, 11) and not re.search("[A-Za-z]", text) else text


def names_of(invented: World, place: Workspace) -> set[Name]:
    """Every name of the world and of what the night made of it, row by row."""
    names = set()
    ours = {telephone(row["wtn"]) for row in invented.services if row["wtn"]}
    circuits = {squeezed(row["circuit_id"]) for row in invented.services if row["circuit_id"]}
    for row in invented.services:
        own = row["service"]
        names.add(Name("service", own, "name", own))
        names |= {Name("service", own, "wtn", telephone(row["wtn"]))} if row["wtn"] else set()
        names |= {Name("service", own, "id", row["circuit_id"])} if row["circuit_id"] else set()
    for row in (*invented.services, *invented.service_accounts):
        names.add(Name("account", row["ban"], "ban", row["ban"]))
    names |= {Name("order", row["order_no"], "order", row["order_no"]) for row in invented.orders}
    for document, ban, invoice in by(place, "documents", "document_id", "ban", "invoice_no"):
        names |= {Name("document", document, "id", document)}
        names |= {Name("document", document, "id", invoice), Name("account", ban, "ban", ban)}
    for wtn, circuit, order in by(place, "lines", "wtn", "circuit_id", "order_no"):
        names |= {Name("number", wtn, "wtn", wtn)} if wtn and wtn not in ours else set()
        unknown = circuit and squeezed(circuit) not in circuits
        names |= {Name("circuit", squeezed(circuit), "id", circuit)} if unknown else set()
        names |= {Name("order", order, "order", order)} if order else set()
    names |= {Name("claim", own, "id", own) for (own,) in by(place, "claims", "claim_no")}
    return names


def meant(names: set[Name], text: str) -> set[tuple[str, str]]:
    """What a text means, told by trying every name."""
    key, number = squeezed(text), re.fullmatch("1?([0-9]{10})", squeezed(text))
    whole = {one for one in names if squeezed(one.spelling) == key}
    if number:
        whole |= {one for one in names if one.by == "wtn" and one.spelling == number[1]}
    if not whole:
        whole = {one for one in names if loose(one.spelling) == loose(text)}
    if re.fullmatch("[0-9]{7}", key):
        whole |= {one for one in names if one.by == "wtn" and squeezed(one.spelling)[-7:] == key}
    return {(one.kind, one.id) for one in whole}


def spelt_otherwise(dice: random.Random, text: str) -> str:
    """A name as somebody else types it: other case, signs in it or none, fewer zeros."""
    match dice.randrange(5):
        case 0:
            return text.lower()
        case 1:
            return "".join(sign + dice.choice(["", "", " ", "-", "./"]) for sign in text)
        case 2:
            return squeezed(text)
        case 3:
            return re.sub(r"(?<![0-9])0+(?=[0-9])", "", text)
        case _:
            return text[: dice.randrange(1, len(text) + 1)]


def told(place: Workspace, text: str) -> list[dict]:
    with reading(place) as record:
        return find(record, text)["hits"]


@pytest.mark.parametrize("seed", [11])
def test_hits_and_their_rows_are_those_a_slow_reader_finds(tmp_path: Path, seed: int) -> None:
    invented, dice = world(seed, 2), random.Random(seed)
    place = nights.of_world(tmp_path / "w", invented)
    months = papers_of(invented)
    nights.put(place, [file for files in months.values() for file in files])
    nights.night(place, f"{max(months)}-28")
    names = names_of(invented, place)
    assert {one.kind for one in names} >= {"service", "account", "order", "document", "claim"}
    lines = by(place, "lines", "line_id", "service", "wtn", "circuit_id")
    found = by(place, "findings", "finding_id", "service", "line_id")
    numbers = {row["service"]: telephone(row["wtn"] or "") for row in invented.services}
    for name in dice.sample(sorted(names), min(TEXTS, len(names))):
        text = spelt_otherwise(dice, name.spelling)
        hits = told(place, text)
        own = {
            (hit["kind"], squeezed(hit["id"]) if hit["kind"] == "circuit" else hit["id"])
            for hit in hits
        }
        assert own == meant(names, text), (text, name)
        for hit in hits:
            if hit["kind"] != "service":
                continue
            service, number = hit["id"], numbers[hit["id"]]
            circuits = {squeezed(row["circuit_id"] or "-") for row in invented.services
                        if row["service"] == service} - {""}  # fmt: skip
            slow = {
                line
                for line, of, wtn, circuit in lines
                if of == service or (wtn or "-") == number or squeezed(circuit or "") in circuits
            }
            assert {row["line_id"] for row in hit["lines"]} == slow, text
            wrong = {one for one, of, line in found if of == service or line in slow}
            assert {row["finding_id"] for row in hit["findings"]} == wrong, text
