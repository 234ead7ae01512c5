"""Which rows of a service record open a record, and which only say again whose it is."""

from __future__ import annotations

import polars as pl

from invoices.carrier.csr import csr_pages
from invoices.carrier.csr.csr_equipment import fits

MAIN = r"\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}"
_LABEL = r"(?:ACCOUNT|ACCT|BAN)"
_NUMBER = r"(?:[ \t]+(?:NO|NUMBER|NBR))"
_PART = r"(?:[0-9A-Z().-]*[0-9][0-9A-Z().-]*|[A-Z]{3})"
_ACCOUNT = (
    rf"(?i)(?:^[01+-]?|^.*?(?:[\t|;,]|[ ]{{2}}))[ \t]*{_LABEL}{_NUMBER}?[ \t.:#]+"
    rf"([0-9(][0-9A-Z().-]*(?:[ ]{_PART})*)(?:$|[ ]{{2}}|[ ]*[\t|;,])"
)
_MAIN_AND_CODE = rf"(?i)^({MAIN}[ .-]?[0-9A-Z]{{3}})$"
_MISNAMED = rf"(?i)^[01+-]?[ \t]*{_LABEL}(?:{_NUMBER}[ \t.:#]+|[ \t]*[:#][ \t]*)[0-9(].*[0-9]"


def account_of() -> pl.Expr:
    """Return the account a row names, as printed; of 6 to 31 characters."""
    plain = csr_pages.plain()
    named = pl.coalesce(plain.str.extract(_ACCOUNT), plain.str.extract(_MAIN_AND_CODE))
    return pl.when(named.str.len_chars().is_between(6, 31)).then(named)


def opened(lines: pl.DataFrame, equipment: list[str]) -> pl.DataFrame:
    """Return lines with the record each is of, and what its headings say.

    Added are `named` and `account` (as printed, and as compared), `opens` (an account stands in
    it), `first` (of a record), `record` (from 0; -1 before any), `repeated` (a page just as one
    above) and `misnamed` (an account that cannot be read). An account that stands there again is
    of a new page; of a second record where page numbers begin anew, or sections without any page.
    """
    labelled = csr_pages.plain().str.contains(_ACCOUNT)
    lines = lines.with_columns(named=account_of(), run=csr_pages.run_of())
    lines = lines.with_columns(
        account=pl.col("named").str.replace_all(r"[^0-9A-Za-z]", "").str.to_uppercase(),
        labelled=labelled & pl.col("named").is_not_null(),
        misnamed=pl.col("text").str.contains(_MISNAMED) & pl.col("named").is_null(),
        within=pl.col("marker").forward_fill().is_in(equipment).fill_null(False),
    )
    # An account stands in the header; what looks like one in a section is none, but on a page.
    if lines["labelled"].any():
        opens = pl.col("labelled")
    else:
        above, below = pl.col("marker").shift(-1).is_not_null(), pl.col("page").is_not_null()
        known = pl.col("account").is_in(pl.col("account").drop_nulls().head(1).implode())
        headed = above | below | known | csr_pages.of_the_page().shift(1).fill_null(False)
        opens = pl.col("account").is_not_null() & (~pl.col("within") | headed.fill_null(False))
    lines = lines.with_columns(opens=opens.fill_null(False))
    told = _told_apart(lines.filter("opens"), lines)
    lines = lines.join(told, on="line", how="left", maintain_order="left").with_columns(
        pl.col("first", "opens").fill_null(False)
    )
    lines = lines.with_columns(record=pl.col("first").cast(pl.Int64).cum_sum() - 1)
    return _with_repeated(lines)


def _told_apart(tops: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return for each row that names an account whether it is the `first` of a record."""
    evidence = lines.group_by("run").agg(
        number=pl.col("page").drop_nulls().last(), sheets=pl.col("sheet").n_unique()
    )
    after = lines.select(
        "line",
        following=pl.col("marker").backward_fill(),
        open=pl.col("marker").forward_fill(),
        new_sheet=(pl.col("sheet") != pl.col("sheet").shift(1)).fill_null(False),
    )
    tops = (
        tops.select("line", "account", "run")
        .join(evidence, on="run", how="left", maintain_order="left")
        .join(after, on="line", how="left", maintain_order="left")
        .with_columns(same=(pl.col("account") == pl.col("account").shift(1)).fill_null(False))
        .with_columns(group=(~pl.col("same")).cast(pl.Int64).cum_sum())
    )
    marks = lines.drop_nulls("marker").join_asof(
        tops.select("line", "group"), on="line", strategy="backward"
    )
    seen = marks.group_by("group", following="marker").agg(at=pl.col("line").min())
    other_run = (pl.col("run") != pl.col("run").shift(1)).fill_null(True)
    before = pl.col("number").forward_fill().over("group").shift(1).over("group")
    anew = pl.col("number") <= before
    on_page = pl.col("number").is_not_null() | (pl.col("sheets") > 1) | pl.col("new_sheet")
    again = (pl.col("at") < pl.col("line")) & (pl.col("following") != pl.col("open"))
    return (
        tops.join(seen, on=["group", "following"], how="left", maintain_order="left")
        .with_columns(anew=anew.fill_null(False), again=(~on_page & again).fill_null(False))
        .select("line", first=~pl.col("same") | (other_run & (pl.col("anew") | pl.col("again"))))
    )


def _with_repeated(lines: pl.DataFrame) -> pl.DataFrame:
    """Say of the row a page begins with whether its equipment is that of another page of the
    record, unless both print a number of their own."""
    rows = lines.with_columns(top=pl.col("opens").cast(pl.Int64).cum_sum())
    pages = (
        rows.group_by("record", "top", maintain_order=True)
        .agg(
            pl.col("line").filter("opens").first(),
            number=pl.col("page").drop_nulls().first(),
            said=pl.col("text").filter(fits(pl.col("text"))).str.join("\n"),
        )
        .filter(pl.col("record") >= 0, pl.col("said") != "")
    )
    alike = ~pl.struct("record", "number", "said").is_first_distinct()
    return rows.join(
        pages.select("line", repeated=alike), on="line", how="left", maintain_order="left"
    ).with_columns(pl.col("repeated").fill_null(False))
