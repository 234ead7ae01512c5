"""The command that writes packets: what it writes, what it says, and with which exit code."""

from __future__ import annotations

import nights
from shell import Call

from rebill.workspace import settings


def test_packets_are_written_from_the_shell(rebill: Call, place: settings.Workspace) -> None:
    nights.put(place, [("march.csv", nights.bill(3, nights.USUAL))])
    rebill("nightly", "--as-of", "2026-03-31")
    out = place.root / "packets"
    packet = ("disputes", "packet", "-o", out)
    assert rebill(*packet)[0] == 2
    assert rebill(*packet, "--claim", "D-000001", "--due")[0] == 2
    assert rebill("disputes", "packet", "--due", "-o", place.root / "rebill.toml")[0] == 2
    code, _, err = rebill(*packet, "--claim", "D-9")
    assert (code, "there is no claim D-9" in err) == (2, True)
    assert not out.exists()
    code, said, err = rebill(*packet, "--claim", "D-000001")
    assert (code, said.splitlines()[1].split()[0]) == (0, "D-000001")
    assert "no letter with D-000001: fill in" in err, "and the rest of the packet is made"
    names = ["D-000001-upload.csv", "D-000001.xlsx"]
    assert sorted(path.name for path in out.iterdir()) == names
    code, said, _ = rebill(*packet, "--due")
    assert (code, said) == (0, ""), "nothing is due yet"
    code, said, err = rebill(*packet, "--carrier", "ILEC", "--form", "att-southeast-bar")
    assert code == 1, "what the form requires is not known"
    assert "16 Contact (contact_name) on 1 row(s)" in err
    assert len(said.splitlines()) == 3
    code, _, err = rebill(*packet, "--claim", "D-000001", "--as-of", "2026-09-01")
    assert (code, "--late makes a packet that says so" in err) == (2, True)
    assert rebill(*packet, "--claim", "D-000001", "--as-of", "2026-09-01", "--late")[0] == 0
