"""Help that people can read: whole sentences on 80 columns, topics, the words of the trade."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import signature
from typing import Any

import pytest
import typer.main
from shell import Call

from rebill.cli.failures import WRONG_USAGE
from rebill.cli.main import command_line
from rebill.cli.manual import choices, documentation, help_layout, plain_text, topics

COLUMNS = 80
OWN = (
    *("amount_at_stake", "as_of", "bill month", "claim", "debit_on", "digest"),
    *("dispute_closes_on", "document", "draft", "expected", "exposure", "file_by", "finding"),
    *("form", "held", "hold", "inbox", "line", "margin", "markup", "night", "outbox", "packet"),
    *("price", "profile", "pull", "received_on", "record", "recovery", "refused", "run", "stage"),
    *("stake", "starter catalogue", "tolerated", "underbilled", "void", "waive", "workspace"),
)
"""Words of our own that stand in columns, commands and papers."""
TRADE = """ADR ASR LSR BAN BTN WTN CSR FOC OC&C MRC NRC PIU PLU USOC ILEC CLEC RBOC LATA UNE CABS
BDT 811 997 ACH NACHA PPD CCD R-codes NOC FUSF E911 true-up proration remit back-billing"""
NO_WORDS = {"books", "cash", "db"}
"""Groups of commands that are called by no word of the trade or ours."""


def everything() -> Iterator[tuple[Any, Any]]:
    """Yield every command and group with its context."""
    root = typer.main.get_command(command_line())

    def below(command: Any, context: Any) -> Iterator[tuple[Any, Any]]:
        yield command, context
        for name, inner in getattr(command, "commands", {}).items():
            yield from below(inner, inner.context_class(inner, info_name=name, parent=context))

    yield from below(root, root.context_class(root, info_name="rebill", **root.context_settings))


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))


def test_every_help_stands_on_80_columns_and_nothing_is_cut() -> None:
    for command, context in everything():
        text = command.get_help(context)
        long = [line for line in text.splitlines() if len(line) > COLUMNS]
        assert not long, f"{context.command_path}: shorten {long}"
        assert not re.search(r"\w \w+\.\.\.$", text, re.MULTILINE), context.command_path
        assert "-h, --help" in text and not re.search(r"<\w+>", text), context.command_path


def test_a_list_of_commands_has_one_whole_sentence_a_line() -> None:
    for command, context in everything():
        if context.parent is None:
            continue
        said = command.get_short_help_str()
        room = max(map(len, context.parent.command.commands))
        most = help_layout.WIDTH - room - 4
        assert said.endswith("."), f"{context.command_path}: its help begins with no sentence"
        assert len(said) <= most, f"{context.command_path}: say it in {most} characters: {said}"
        assert said in context.parent.command.get_help(context.parent)


def test_every_command_stands_in_a_section_of_the_help() -> None:
    root, context = next(everything())
    listed = [name for names in help_layout.SECTIONS.values() for name in names]
    without = set(root.commands) - set(listed)
    assert not without, f"give {without} a place in help_layout.SECTIONS"
    assert len(listed) == len(set(listed))
    assert f"\n{help_layout.OTHERS}:\n" not in root.get_help(context)


def test_every_option_and_argument_is_explained() -> None:
    for command, context in everything():
        for parameter in command.params:
            told = help_layout.told(parameter, context)
            assert told is None or told[1].partition("[")[0].strip(), (
                f"{context.command_path}: {told[0]} has no help (help_layout.ARGUMENTS has some)"
            )


def test_a_long_example_is_broken_before_an_option_and_read_back_whole() -> None:
    line = 'rebill disputes approve D-000001 --who bea --reason "the exhibit, as agreed with them"'
    lines = help_layout.wrapped(line)
    assert len(lines) == 2 and lines[0].endswith(" \\") and lines[1].startswith("  --reason")
    epilog = "\b\nExample:\n" + "\n".join(f"  {each}" for each in lines)
    assert help_layout.examples(epilog) == [line]


# --- topics --------------------------------------------------------------------------------------


def test_every_topic_is_told_on_80_columns() -> None:
    for name, about in topics.about().items():
        assert about, f"say in docs/README.md what {name} is about"
        long = [
            line
            for line in plain_text.plain(documentation.text(name)).splitlines()
            if len(line) > COLUMNS and not line.startswith("  ") and " " in line
        ]
        assert not long, (name, long)


def test_markdown_becomes_plain_text() -> None:
    page = """# A *page*
Of **words**, with a [link](x.md)
on two lines.
- an item
  that goes on

| a | b |
|---|---|
| `x` | one \\| two |

    rebill help
"""
    assert (
        plain_text.plain(page)
        == """A page
======

Of words, with a link on two lines.

- an item that goes on

a    b
`x`  one | two

    rebill help
"""
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("", "exit-codes"),
        ("night", "The night\n========="),
        ("glossary BAN", "Billing account number"),
        ("oc&c", "Other charges and credits"),
        ("rate_above_contract", "what to do: dispute"),
        ("claims", "dispute_closes_on"),
        ("cash pulls", "Usage: rebill cash pulls"),
        ("disputes", "Disputes: from a finding"),
    ],
)
def test_help_explains_topics_words_findings_tables_and_commands(
    asked: str, said: str, rebill: Call
) -> None:
    code, out, err = rebill("help", *asked.split())
    assert (code, err) == (0, "") and said in out


def test_what_nobody_knows_is_wrong_usage_and_names_what_is_near(rebill: Call) -> None:
    code, out, err = rebill("help", "pul")
    assert (code, out) == (WRONG_USAGE, "") and "did you mean pull" in err


# --- the glossary --------------------------------------------------------------------------------


def test_the_glossary_has_every_word_in_order() -> None:
    words = [name for name, _ in documentation.sections(documentation.GLOSSARY)]
    assert words == sorted(words, key=str.casefold)
    known = {each.strip().casefold() for word in words for each in word.split(",")}
    (root, _), *_ = everything()
    groups = {name for name, command in root.commands.items() if hasattr(command, "commands")}
    nouns = {name.removesuffix("s") for name in groups - NO_WORDS}
    lacking = {word for word in (*OWN, *TRADE.split(), *nouns) if word.casefold() not in known}
    assert not lacking, f"docs/glossary.md lacks {sorted(lacking)}"


def test_the_links_of_the_glossary_lead_to_its_words() -> None:
    names = [name for name, _ in documentation.sections(documentation.GLOSSARY)]
    anchors = {re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name in names}
    led = set(re.findall(r"\]\(#([^)]+)\)", documentation.text(documentation.GLOSSARY)))
    assert led <= anchors, led - anchors


# --- what a shell offers -------------------------------------------------------------------------


def test_what_a_shell_offers_is_what_there_is() -> None:
    from rebill.inquiry.tables import TABLES
    from rebill.store.shapes import TABLES as INTO
    from reconcile.claims.moves import EVENTS, MOVES

    assert set(choices.CLAIM_STATES) == set(MOVES)
    assert set(choices.EVENTS) <= set(EVENTS)
    assert list(choices.KNOWN["TABLE"]("rebill export")) == list(TABLES)
    assert set(choices.KNOWN["TABLE"]("rebill load")) == set(INTO) - {"contracts"}


def annotations(group: typer.Typer) -> Iterator[Any]:
    """Yield what typer is told of every parameter; where no shell asks, that is not completed."""
    for info in group.registered_commands:
        assert info.callback is not None
        yield from (each.annotation for each in signature(info.callback).parameters.values())
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from annotations(inner.typer_instance)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("rebill disp", "disputes"),
        ("rebill cash fo", "forecast"),
        ("rebill export findings --format p", "parquet"),
        ("rebill findings waive --code rate_a", "rate_above_contract"),
        ("rebill disputes list --status short", "short_credited"),
        ("rebill -q --workspace x disputes sh", "show"),
    ],
)
def test_a_shell_completes_commands_options_and_words(
    typed: str, offered: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from typer.completion import completion_init

    completion_init()
    choices.offer(annotations(command_line()))
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    monkeypatch.setenv(choices.COMPLETES, "complete_bash")
    with pytest.raises(SystemExit):
        command_line()([], prog_name="rebill")
    assert capfd.readouterr().out.split() == [offered]
