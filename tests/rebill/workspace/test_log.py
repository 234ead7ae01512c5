"""What a run says of itself: one display on a terminal, JSON elsewhere, warnings always."""

from __future__ import annotations

import io
import json
import re

from rebill.workspace.log import Log

NAME = "[bold]bill[/x].csv"
"""What a carrier may call a file, and a terminal would take for something else."""


def run(log: Log) -> str:
    """Let a run of three files and an audit say what it does, and return all that was printed."""
    with log.progress():
        log.expect(["ReadFile", "ReadFile", "ReadFile", "Audit"])
        for number in range(3):
            with log.stage("ReadFile", f"read {NAME} {number}"):
                log.event("file read", file=NAME)
        with log.stage("Audit", "audit the lines"):
            log.advance(400, 1000, "lines")
            log.warning("document held", file=f"{NAME}\x1b[2J", ban="305R010001")
            log.advance(600, 1000, "lines")
    assert isinstance(log.stream, io.StringIO)
    return log.stream.getvalue()


def plain(text: str) -> str:
    """Return what is left of text once a terminal has obeyed its commands."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "\n")


def test_on_a_terminal_warnings_stand_whole_above_one_display_that_goes() -> None:
    text = run(Log(io.StringIO(), terminal=True))
    lines = [line.rstrip() for line in plain(text).splitlines() if line.strip()]
    assert f"stage 1 of 2: read {NAME} 0" in lines, "a name is never taken for a style"
    assert any(re.match(r"━+  1,000 of 1,000 lines", line) for line in lines)
    (told,) = [line for line in lines if "document held" in line]
    assert told == f"warning: document held file={NAME}?[2J ban=******0001", "and nothing obeys it"
    assert "\x1b[2J" not in text and "file read" not in text
    assert re.search(r"(\x1b\[1A\x1b\[2K)+$", text), "in the end it is wiped away"


def test_elsewhere_every_event_is_a_line_of_json() -> None:
    events = [json.loads(line) for line in run(Log(io.StringIO(), terminal=False)).splitlines()]
    words = [event["event"] for event in events]
    assert words == [
        *(["stage begins", "file read", "stage ends"] * 3),
        *("stage begins", "document held", "stage ends"),
    ]
    assert events[0] == {
        "level": "info",
        "event": "stage begins",
        "stage": "ReadFile",
        "words": f"read {NAME} 0",
    }
    assert events[-2]["ban"] == "******0001"


def test_a_quiet_log_says_only_what_a_person_should_look_at() -> None:
    for terminal in (True, False):
        text = run(Log(io.StringIO(), terminal=terminal, quiet=True))
        assert len(text.splitlines()) == 1 and "document held" in text
