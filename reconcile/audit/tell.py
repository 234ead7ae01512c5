"""Findings in words: one row a line and code, with coordinates, message and remedy."""

from __future__ import annotations

import polars as pl

from invoices.money import ZERO_CENTS, from_cents
from invoices.periods import month_of
from invoices.schema import FINDINGS, columns_of, seal
from invoices.text import filled
from reconcile.audit.causes import CAUSES, causes
from reconcile.audit.pricing import QUESTION, RATED, in_force, rate_frame, with_question
from reconcile.audit.stakes import STAKED
from reconcile.findings import BY_NAME, CAUSE_REASONS
from reconcile.schema import UNITED

CLASSES_OF_KIND = {
    "recurring": ("recurring", "prorated"),
    "one_time": ("one_time",),
    "usage": ("usage",),
    "surcharge": ("surcharge",),
    "tax": ("tax",),
    "credit": ("adjustment",),
}
"""The classes a charge is read as by the kind of its code; one that is `record_only` may be any."""


def _class_differs() -> pl.Expr:
    """Say whether a charge is of another class than the catalogue's kind of its code.

    A credit has the class of its charge, or is an adjustment, whatever the kind: it never differs.
    """
    kind, read_as = pl.col("kind"), pl.col("charge_class")
    fits = [(kind == name) & read_as.is_in(classes) for name, classes in CLASSES_OF_KIND.items()]
    return (pl.col("amount") > 0) & (kind != "record_only") & ~pl.any_horizontal(fits)


def _say(template: str, *columns: str | pl.Expr) -> pl.Expr:
    """Fill a template; what is not there is said as `none`."""
    parts = [
        (pl.col(part) if isinstance(part, str) else part).cast(pl.String).fill_null("none")
        for part in columns
    ]
    return filled(template, *parts)


def _plain(rate: str) -> pl.Expr:
    """A rate as people write it: at least cents, no idle zeros after them."""
    text = pl.col(rate).cast(pl.Decimal(38, 6)).cast(pl.String)
    return text.str.replace(r"(\.\d\d\d*?)0+$", "${1}")


def _count(units: str) -> pl.Expr:
    """A number of units as people write it: 3, 12.5."""
    text = pl.col(units).cast(pl.Decimal(38, 6)).cast(pl.String)
    return text.str.strip_chars_end("0").str.strip_chars_end(".")


def _words_of(column: str) -> pl.Expr:
    """A word of the tables as people write it: one-time, late charge."""
    return pl.col(column).replace("one_time", "one-time").str.replace_all("_", " ")


def _messages() -> dict[str, pl.Expr]:
    """Return what is said for each code, from the columns of the judged line."""
    return {**_about_what_is_due(), **_about_rates(), **_about_doubts()}


def _about_what_is_due() -> dict[str, pl.Expr]:
    """Return the words of the codes that take lines, days or units."""
    span = ("period_from", "period_until")
    order = (
        pl.when(pl.col("order_used").is_null())
        .then(
            pl.when(pl.col("order_no").is_null())
            .then(_say("no completed order of service {} carries {}", "service", "usoc"))
            .otherwise(
                _say(
                    "no completed order {} of service {} carries {}", "order_no", "service", "usoc"
                )
            )
        )
        .when(pl.col("nrc_waived"))
        .then(_say("order {} waives the charge for {}", "order_used", "usoc"))
        .otherwise(
            _say("order {} has {} units of {} left", "order_used", _count("units_left"), "usoc")
        )
    )
    return {
        "account_unknown": _say("account {} is under no contract on {}", "ban", "bill_date"),
        "backbilled_too_late": _say(
            "billed on {} for service to {}: more than {} months",
            *("bill_date", "period_until", "backbill_limit_months"),
        ),
        "charged_twice": _say("{} of {} is already billed on line {}", "usoc", "service", "twin"),
        "service_unknown": pl.when(pl.col("match_note") == "not_at_home")
        .then(
            _say("circuit {}, number {}: not at home with {} then", "circuit_id", "wtn", "carrier")
        )
        .otherwise(_say("circuit {}, number {}: not in the inventory", "circuit_id", "wtn")),
        "billed_after_disconnect": _say(
            "service {} was disconnected on {}; billed {} to {}",
            *("service", "disconnected_on", *span),
        ),
        "billed_before_install": _say(
            "service {} was installed on {}; billed {} to {}", "service", "installed_on", *span
        ),
        "one_time_charge_not_due": order,
        "element_not_ordered": _say(
            "{} is not on service {} for all of {} to {}", "usoc", "service", *span
        ),
        "tax_on_exempt_account": _say(
            "{} under a resale certificate", pl.coalesce("description", "usoc", pl.lit("tax"))
        ),
        "surcharge_not_due": _say("{} under a resale certificate", "usoc"),
        "charged_in_summary": _say("{} is part of {}, billed beside it", "usoc", "summary"),
    }


def _about_rates() -> dict[str, pl.Expr]:
    """Return the words of the codes that look at units, rates and arithmetic."""
    printed = pl.when(pl.col("unit_rate").is_not_null()).then(_plain("unit_rate"))
    cause = pl.col("cause").str.replace_all("_", " ")
    source = pl.when(pl.col("other_source").is_not_null()).then(_say(" ({})", "other_source"))
    other = _say("; it is the {} {}", cause, _plain("other_rate")) + source.otherwise(pl.lit(""))
    explained = pl.when(pl.col("cause") != "unexplained").then(other).otherwise(pl.lit(""))
    rate = _plain("buy_rate")
    above = _say(
        "unit rate billed {}, contract {}",
        *(printed.otherwise(pl.lit("not printed")), rate),
    ) + pl.when(pl.col("rate_from").is_not_null()).then(
        _say(" in force since {}", "rate_from")
    ).otherwise(pl.lit(""))
    return {
        "surcharge_above_cap": _say("{} is capped at {} a unit", "usoc", rate),
        "quantity_above_inventory": _say(
            "{} units of {} billed, {} due on service {}",
            *(_count("quantity"), "usoc", _count("due_units"), "service"),
        ),
        "rate_above_contract": above + explained,
        "package_above_contract": _say(
            "package {} of service {} is billed above its price of {}", "package", "service", rate
        ),
        "proration_wrong": _say(
            "{} to {} at {} comes to {}", "period_from", "period_until", rate, "expected"
        ),
        "extension_wrong": _say("{} units at {} come to {}", _count("quantity"), rate, "expected"),
        "rate_below_contract": _say("billed {}, expected {}", "amount", "expected"),
    }


def _about_doubts() -> dict[str, pl.Expr]:
    """Return the words of the codes that put nothing at stake."""
    near = pl.when(pl.col("near").is_not_null()).then(_say("; near: {}", "near"))
    unknown = _say("the catalogue has no {} for {} on {}", "usoc", "carrier", "rate_day")
    code = pl.when(pl.col("usoc").is_null()).then(pl.lit("no USOC is printed")).otherwise(unknown)
    no_rate = (
        pl.when((pl.col("charge_class") == "prorated") & pl.col("fraction_parts").is_null())
        .then(pl.lit("the prorated line prints no period to price"))
        .when((pl.col("charge_class") == "usage") & pl.col("quantity").is_null())
        .then(pl.lit("the usage line prints no quantity to price"))
        .otherwise(
            _say("no buy rate for {} {} is in force on {}", "charge_class", "usoc", "rate_day")
        )
    )
    conflict = _say(
        "circuit {} and number {} point to different services; the circuit wins: {}",
        *("circuit_id", "wtn", "service"),
    )
    doubt = (
        pl.when(pl.col("match_note") == "conflict")
        .then(conflict)
        .when(pl.col("match_note") == "ambiguous")
        .then(_say("several services fit circuit {} and number {}", "circuit_id", "wtn"))
        .otherwise(_say("service {} is on another account than {}", "service", "ban"))
    )
    return {
        "class_differs": _say(
            "the catalogue calls {} {}, the line is read as {}",
            *("usoc", _words_of("kind"), _words_of("charge_class")),
        ),
        "usoc_unknown": code + near.otherwise(pl.lit("")),
        "rate_missing": no_rate,
        "partner_missing": _say("{} is billed without {}", "usoc", "partner"),
        "match_doubtful": doubt,
    }


QUIET = (
    *("class_differs", "usoc_unknown", "rate_missing", "rate_below_contract"),
    *("partner_missing", "match_doubtful"),
)
"""The codes that put nothing at stake."""


def _quiet() -> dict[str, pl.Expr]:
    """Return the truth of the codes that put nothing at stake (`QUIET`)."""
    charge = pl.col("is_charge")
    kind = pl.col("charge_class")
    itself = pl.col("package").is_null() & kind.is_in(UNITED)
    named = pl.col("usoc").is_not_null() | kind.is_in(RATED)
    billable = (pl.col("kind") != "record_only").fill_null(True) | pl.col("package").is_not_null()
    return {
        "class_differs": _class_differs().fill_null(False),
        "usoc_unknown": charge & pl.col("kind").is_null() & named,
        "rate_missing": charge & pl.col("rate").is_null() & itself,
        "rate_below_contract": (pl.col("underbilled") > 0) & itself,
        "partner_missing": charge & pl.col("partner").is_not_null(),
        "match_doubtful": (pl.col("amount") != 0)
        & billable
        & (pl.col("match_note") != "not_at_home").fill_null(False),
    }


def is_told() -> pl.Expr:
    """Say whether anything is to be told of a judged line."""
    staked = (pl.col(code).is_not_null() for code in STAKED)
    return pl.any_horizontal(*staked, *_quiet().values())


def tell(judged: pl.LazyFrame, reference: dict[str, pl.LazyFrame]) -> pl.DataFrame:
    """Return the findings of judged lines (`invoices.schema.FINDINGS`), sorted by id."""
    found = judged.filter(is_told()).with_columns(**_quiet()).collect()
    nothing = pl.lit(0, dtype=pl.Int128)
    stakes = {code: pl.col(code) for code in STAKED}
    stakes |= {code: pl.when(pl.col(code)).then(nothing) for code in QUIET}
    # Most codes are true of no line of a night: nothing is put into words for them.
    there = found.select(pl.col(code).is_not_null().any().alias(code) for code in STAKED)
    there = there.with_columns(found.select(pl.col(QUIET).any()))
    true = [code for code in stakes if there[code].item()]
    if not true:
        return pl.DataFrame(schema=FINDINGS)
    found = _with_near(_with_causes(found, reference), reference["usocs"])
    messages = _messages()
    rows = [_rows(found, code, stakes[code], messages[code]) for code in true]
    return pl.concat(rows).sort("finding_id")


def _rows(found: pl.DataFrame, code: str, stake: pl.Expr, message: pl.Expr) -> pl.DataFrame:
    meaning = BY_NAME[code]
    elsewhere = pl.when((pl.col("match_note") == "other_ban") & pl.lit(code != "match_doubtful"))
    told = message + elsewhere.then(
        pl.lit("; the inventory has the service on another account")
    ).otherwise(pl.lit(""))
    quiet = "info" if meaning.severity == "error" else meaning.severity
    if code == "match_doubtful":
        quiet_one = pl.when(pl.col("match_note") == "other_ban").then(pl.lit("info"))
        severity = quiet_one.otherwise(pl.lit(quiet))
    else:
        severity = pl.when(pl.col("amount_at_stake") > 0).then(pl.lit("error")).otherwise(
            pl.lit(quiet)
        )  # fmt: skip
    cause = pl.col("cause") if code == "rate_above_contract" else pl.lit(None, dtype=pl.String)
    reason = pl.lit(meaning.reason, dtype=pl.String)
    if code == "rate_above_contract":
        reason = pl.col("cause").replace_strict(CAUSE_REASONS, default=reason)
    return (
        found.with_columns(amount_at_stake=from_cents(stake))
        .filter(pl.col("amount_at_stake").is_not_null())
        .with_columns(
            finding_id=pl.col("line_id") + pl.lit(f":{code}"),
            code=pl.lit(code),
            told=told,
            cause=cause,
            reason=reason,
            severity=severity,
            billed=pl.col("amount"),
            remedy=pl.lit(meaning.remedy),
        )
        .with_columns(message="told")
        .select(columns_of(FINDINGS))
    )


def _with_causes(found: pl.DataFrame, reference: dict[str, pl.LazyFrame]) -> pl.DataFrame:
    """Add why a rate is above the contract, and since when the rate in force holds."""
    rates = rate_frame(reference["buy_rates"])
    above = found.filter(pl.col("rate_above_contract").is_not_null())
    if above.is_empty():
        columns = [(name, kind) for name, kind in CAUSES.items() if name != "line_id"]
        columns += [("rate_from", pl.Date())]
        return found.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in columns)
    above = with_question(above.lazy(), rates).collect()
    since = in_force(above.select(QUESTION).unique(), rates).select(*QUESTION, "rate_from")
    above = above.join(since, on=QUESTION, how="left", nulls_equal=True)
    told = causes(above, rates, reference["retail_rates"].collect())
    return found.join(told, on="line_id", how="left").join(
        above.select("line_id", "rate_from"), on="line_id", how="left"
    )


def _lookalike(code: pl.Expr) -> pl.Expr:
    """A code with the letters that are mistaken for digits replaced: O by 0, I by 1."""
    return code.str.to_uppercase().str.replace_all("O", "0").str.replace_all("I", "1")


def _with_near(found: pl.DataFrame, usocs: pl.LazyFrame) -> pl.DataFrame:
    """Add the codes of the catalogue that an unknown code may be meant to be."""
    key = ["carrier", "usoc"]
    unknown = found.filter("usoc_unknown").select(key).unique().drop_nulls()
    known = usocs.select(*key).unique().collect().rename({"usoc": "near"})
    near = (
        unknown.with_columns(like=_lookalike(pl.col("usoc")))
        .join(known.with_columns(like=_lookalike(pl.col("near"))), on=["carrier", "like"])
        .filter(pl.col("near") != pl.col("usoc"))
        .sort("near")
        .group_by(key, maintain_order=True)
        .agg(pl.col("near").str.join(", "))
    )
    return found.join(near, on=key, how="left")


def tell_not_billed(missing: pl.DataFrame) -> pl.DataFrame:
    """Return findings for what is active and on no line of its month."""
    meaning = BY_NAME["element_not_billed"]
    month = month_of("bill_date")
    what = pl.when(pl.col("usoc").is_not_null()).then(pl.col("usoc") + " of ").otherwise(pl.lit(""))
    return (
        missing.with_columns(
            finding_id=_say("{}/{}/{}:element_not_billed", "service", "usoc", month),
            code=pl.lit(meaning.name),
            severity=pl.lit(meaning.severity),
            amount_at_stake=ZERO_CENTS,
            message=_say("{}service {} is on no line of {}", what, "service", month),
            remedy=pl.lit(meaning.remedy),
        )
        .pipe(seal, FINDINGS)
        .sort("finding_id")
    )
