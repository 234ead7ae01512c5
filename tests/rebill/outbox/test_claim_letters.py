"""The letters of claims: made with sender and address, else told once and made when mended."""

from __future__ import annotations

import html
import re
from pathlib import Path

import nights
from nights import USUAL, bill, outbox, put
from shell import Call, rows

from rebill.reference.load import load
from rebill.workspace.settings import Workspace

AT_REST = "[inbox]\nsettle_seconds = 0\n"
SENDER = """
[contact]
company = "Us & Co"
name = "Ana"
email = "ana@us.example"
address = "1 Main Street\\nSpringfield"
"""


def letters(place: Workspace) -> dict[str, bytes]:
    return {n: text for n, text in outbox(place).items() if re.match("claims/.*html", n)}


def lacking(place: Workspace) -> list[dict[str, str]]:
    digest = rows((place.outbox / "digest.csv").read_text())
    return [row for row in digest if row["name"] == "claim letters"]


def agreed(place: Workspace, more: str) -> None:
    """Load the contract with another line of its dispute settings."""
    path = place.root / "contracts.toml"
    path.write_text(nights.CONTRACT + more)
    assert load(place, [path], given=nights.NOW).ok


def test_what_letters_lack_is_told_once_and_they_are_made_the_next_night(
    place: Workspace, rebill: Call
) -> None:
    (place.root / "rebill.toml").write_text(AT_REST)
    put(place, [("a.csv", bill(3, USUAL))])
    err = rebill("nightly", "--as-of", "2026-03-10")[2]
    told = (
        "fill in name in [house] (our company), address in [house], name in [contact] (who signs)"
    )
    ours = f"{told}, phone or email in [contact], of rebill.toml"
    theirs = "address in [contract.dispute] of ACME-2026 (or in the form profile:"
    assert f"{ours}; {theirs}" in err
    assert not letters(place)
    packets = {name for name in outbox(place) if name.startswith("claims/")}
    assert packets, "a packet does not wait for its letter"
    (row,) = lacking(place)
    assert (row["count"], row["status"]) == ("2", "lacking") and row["text"].startswith(ours)

    (place.root / "rebill.toml").write_text(AT_REST + SENDER)
    err = rebill("nightly", "--as-of", "2026-03-11")[2]
    assert "rebill.toml" not in err and theirs in err, "what is still to be done is told anew"
    assert theirs not in rebill("nightly", "--as-of", "2026-03-12")[2], "and once"
    assert "rebill.toml" not in lacking(place)[0]["text"]

    agreed(place, 'address = ["ILEC Disputes", "PO Box 9 <North>"]\n')
    rebill("nightly", "--as-of", "2026-03-13")
    made = letters(place)
    assert {Path(name).with_suffix(".csv").as_posix() for name in made} == packets
    assert not lacking(place)
    said = re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", " ", made[min(made)].decode())))
    for part in ("Us & Co 1 Main Street Springfield Ana E-mail ana@us.example March 13, 2026 ILEC"
                 " Disputes PO Box 9 <North>", "(BAN): 305R010001", "To the billing dispute",
                 "answer it in writing by May 12, 2026", "Sincerely, Ana Us & Co"):  # fmt: skip
        assert part in said, part

    # Lost, they are made again; the same night is the same letter.
    for name in made:
        (place.outbox / name).unlink()
    rebill("nightly", "--as-of", "2026-03-13")
    assert letters(place) == made


def test_a_letter_of_a_claim_that_expired_is_taken_away_that_of_a_filed_one_stays(
    place: Workspace, rebill: Call
) -> None:
    (place.root / "rebill.toml").write_text(AT_REST + SENDER)
    agreed(place, 'address = ["ILEC Disputes"]\n')
    put(place, [("a.csv", bill(3, USUAL))])
    rebill("nightly", "--as-of", "2026-03-10")
    kept, gone = sorted(letters(place))
    filed = Path(kept).stem
    assert rebill("disputes", "submit", filed, "--on", "2026-03-11")[0] == 0
    before = letters(place)[kept]
    rebill("nightly", "--as-of", "2026-07-01")
    assert letters(place) == {kept: before}
