"""A dialect is data: what a profile may say, and how a file finds the one it is of."""

from __future__ import annotations

from decimal import Decimal

import pytest
from gate import document, file, line

from invoices import carrier
from invoices.carrier import Profile, ProfileError, Profiles, parse_profile, source_of_bytes
from invoices.carrier.profiles import shipped_texts

PLAIN = 'profile = "north"\nformat = "usoc-lines"\n'


def faults(text: str) -> str:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text)
    return str(caught.value)


@pytest.mark.parametrize("name", sorted(shipped_texts()))
def test_every_shipped_profile_can_be_used_and_bears_the_name_of_its_file(name: str) -> None:
    profile = parse_profile(shipped_texts()[name])
    assert f"{profile.profile}.toml" == name
    assert profile.about


def test_each_fault_of_a_profile_is_named_with_its_setting() -> None:
    said = faults(
        'profile = "North!"\nformat = "usoc-lines"\nspeed = 3\ntolerance = -0.01\n'
        '[charge_classes]\n"MONTHLY" = "mrc"\n[limits]\nmemory_bytes = 0\n[recognise]\n'
        'matches = ["("]\nencoding = "cp0"\n[usoc-lines]\nx = 1\n'
    )
    for words in (
        'line 1: profile is "North!"; it must be at most 64 small letters',
        'line 3: the file has no setting "speed"; there are: profile, format',
        "line 4: tolerance is -0.01; it must be at least 0",
        'line 6: [charge_classes] MONTHLY is "mrc"; it must be "recurring", ',
        "line 8: [limits] memory_bytes is 0; it must be more than 0",
        "line 10: [recognise] matches: `(` is no regular expression that is read: unclosed group",
        "line 11: [recognise] encoding: no encoding of text is called `cp0`",
        "line 12: [usoc-lines]: this format has no section",
    ):
        assert words in said


def test_a_text_that_is_no_profile_says_why() -> None:
    assert "it is not TOML" in faults("profile = ")
    assert "format: `pdf` is none of" in faults('profile = "x"\nformat = "pdf"\n')
    assert 'no setting "body"' in faults(PLAIN + "body = 1\n")


def test_numbers_of_a_profile_are_exact() -> None:
    assert parse_profile(PLAIN + "tolerance = 0.1\n").tolerance == Decimal("0.1")


def test_the_words_of_a_carrier_lead_to_our_charge_classes() -> None:
    profile = parse_profile(PLAIN + '[charge_classes]\n"OC&C" = "one_time"\n')
    assert profile.class_of(" oc&c ") == "one_time"
    assert profile.class_of("TAX") == "tax"
    assert profile.class_of("anything") is None


def test_account_patterns_know_only_the_asterisk() -> None:
    profile = parse_profile(PLAIN + 'accounts = ["305?*", "9[1]"]\n')
    assert profile.covers("305?17")
    assert profile.covers("9[1]")
    assert not profile.covers("305117")
    assert not profile.covers("91")
    assert parse_profile(PLAIN).covers("anything")


def test_no_pattern_of_a_profile_takes_longer_than_anybody_waits() -> None:
    rule = '[recognise]\nmatches = ["^(a+)+$"]\n'
    profiles = Profiles((own("slow", rule),))
    head = file(document(), line()).encode() + b"a" * 50 + b"!"
    assert [p.profile for p in carrier.identify(head, profiles)] == ["usoc-lines"]
    stars = parse_profile(PLAIN + f'accounts = ["{"*1" * 30}2"]\n')
    assert not stars.covers("1" * 60) and stars.covers("1" * 60 + "2")
    for pattern in ("(?=a)", r"(a)\\1"):
        words = faults(PLAIN + f'[recognise]\nmatches = ["{pattern}"]\n')
        assert (
            "[recognise] matches: `" in words and "is no regular expression that is read" in words
        )


def own(name: str, more: str = "") -> Profile:
    return parse_profile(f'profile = "{name}"\nformat = "usoc-lines"\n{more}')


def test_a_profile_of_the_workspace_goes_before_a_shipped_one() -> None:
    head = file(document(), line()).encode()
    assert [p.profile for p in carrier.identify(head)] == ["usoc-lines"]
    assert [p.profile for p in carrier.identify(head, Profiles((own("mine"),)))] == ["mine"]
    hidden = Profiles((own("usoc-lines", 'about = "ours"\n'),))
    assert [p.about for p in hidden if p.profile == "usoc-lines"] == ["ours"]


def test_a_file_that_two_profiles_know_equally_well_is_refused_until_one_is_named() -> None:
    profiles = Profiles((own("a"), own("b")))
    source = source_of_bytes("bill.csv", "0" * 64, file(document(), line()).encode())
    reading = carrier.read(source, None, profiles)
    assert reading.documents["status"].to_list() == ["refused"]
    assert "`a`, `b`" in reading.findings["message"].item()
    assert carrier.read(source, "b", profiles).documents["status"].to_list() == ["loaded"]


def test_a_rule_of_recognition_tells_dialects_apart() -> None:
    rule = '[recognise]\ncontains = ["ILEC"]\nmatches = ["(?m)^line,"]\n'
    profiles = Profiles((own("a"), own("b", rule), own("c", '[recognise]\ncontains = ["?"]\n')))
    assert [p.profile for p in carrier.identify(file(document(), line()).encode(), profiles)] == [
        "b"
    ]
