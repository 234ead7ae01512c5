"""The catalogue knows what a code is, and which codes look alike."""

from __future__ import annotations

import polars as pl
import pytest

from usoc_catalog.codes import lookalike
from usoc_catalog.starter import STARTER, regions, starter_catalogue


def test_a_zero_looks_like_an_o_and_a_one_like_an_i() -> None:
    codes = pl.DataFrame({"code": ["1FB", "IFB", "9Z0", "9zo", " 1 FB", None]})
    assert codes.select(lookalike(pl.col("code"))).to_series().to_list() == [
        "IFB", "IFB", "9ZO", "9ZO", "IFB", None,
    ]  # fmt: skip


def test_the_starter_catalogue_has_a_source_for_every_code_of_every_region() -> None:
    assert len(regions()) == 9 and regions() == sorted(regions())
    everything = [starter_catalogue(region) for region in regions()]
    for codes in everything:
        assert codes.schema == STARTER
        assert codes["usoc"].is_unique().all()
        assert not codes.select(
            pl.any_horizontal(pl.col("usoc", "kind", "source").is_null()).any()
        ).item()
    assert sum(codes.height for codes in everything) == 122


@pytest.mark.parametrize(
    ("region", "usoc", "kind"),
    [
        ("AT&T (SBC/Ameritech region CSRs)", "1MB", "recurring"),
        ("AT&T (SBC/Ameritech region CSRs)", "UDP1X", "one_time"),
        ("AT&T (SBC/Ameritech region CSRs)", "NDC", "usage"),
        ("verizon south (dc)", "9LM", "surcharge"),
    ],
)
def test_the_kind_follows_the_element_class(region: str, usoc: str, kind: str) -> None:
    codes = starter_catalogue(region)
    assert codes.filter(usoc=usoc)["kind"].to_list() == [kind]


def test_the_same_code_may_stand_in_two_regions() -> None:
    with_1fr = [r for r in regions() if "1FR" in starter_catalogue(r)["usoc"].to_list()]
    assert len(with_1fr) == 2


def test_a_region_that_is_none_lists_those_there_are() -> None:
    with pytest.raises(ValueError, match="Verizon"):
        starter_catalogue("Mars")
