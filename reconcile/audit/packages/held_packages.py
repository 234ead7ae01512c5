"""Packages that are billed as one line, and held as elements: they are matched at the service.

Rules: the packages of the findings page and `docs/DECISIONS.md` 22.
"""

from __future__ import annotations

import polars as pl

from invoices.periods import period_end
from invoices.schema import among
from reconcile.audit.pricing import RECURRING
from reconcile.audit.repeats.undone_charges import not_after, stands

_QUESTION = ["carrier", "service", "usoc", "rate_day"]
_MONTHLY = pl.col("charge_class").is_in(RECURRING) & pl.col("service").is_not_null()


def with_package_of_elements(
    lines: pl.LazyFrame,
    history: pl.LazyFrame,
    reference: dict[str, pl.LazyFrame],
    limits: pl.DataFrame,
) -> pl.LazyFrame:
    """Return placed `lines` with the package of services that hold all of its elements.

    A line with the package's own code is the package if the service has all elements of it on the
    rate day, so many or more. From then on the elements on its days belong to it, too, if it is not
    wholly at stake (by `limits`: contract, backbill_limit_months). The service has A and B, the
    package is both::

        period       usoc      package
        01-01 02-01  PK     -> PK
        01-16 02-01  A      -> PK
        02-01 03-01  A      -> null
    """
    packages = reference["packages"].select("carrier", "package", "usoc", "quantity").collect()
    if packages.is_empty():
        return lines
    own_code = _MONTHLY & among("usoc", packages["package"].unique())
    asked = (
        lines.filter(own_code, pl.col("package").is_null())
        .select(_QUESTION)
        .unique()
        .collect()
        .join(packages.select("carrier", usoc="package").unique(), on=["carrier", "usoc"])
    )
    held = _held(asked, packages, reference["service_elements"])
    if not held.is_empty():
        lines = (
            lines.join(held.lazy(), on=_QUESTION, how="left", maintain_order="left")
            .with_columns(package=pl.coalesce("package", pl.when(_MONTHLY).then("held")))
            .drop("held")
        )
    return _with_elements(lines, history, packages, own_code, limits)


def _held(asked: pl.DataFrame, packages: pl.DataFrame, elements: pl.LazyFrame) -> pl.DataFrame:
    """Answer which services have all elements of a package on a day: [_QUESTION, held]."""
    inside = packages.rename({"package": "held", "usoc": "element", "quantity": "wanted"})
    wanted = asked.join(inside, left_on=["carrier", "usoc"], right_on=["carrier", "held"])
    owned = (
        wanted.lazy()
        .join(elements, left_on=["service", "element"], right_on=["service", "usoc"])
        .filter(
            (pl.col("active_from") <= pl.col("rate_day")).fill_null(True),
            (pl.col("rate_day") < pl.col("active_until")).fill_null(True),
        )
        .group_by(*_QUESTION, "element")
        .agg(pl.col("quantity").sum())
        .collect()
    )
    enough = (pl.col("quantity") >= pl.col("wanted")).fill_null(False)
    return (
        wanted.join(owned, on=[*_QUESTION, "element"], how="left")
        .group_by(_QUESTION)
        .agg(enough.all().alias("all"))
        .filter("all")
        .select(*_QUESTION, held="usoc")
    )


def _with_elements(
    lines: pl.LazyFrame,
    history: pl.LazyFrame,
    packages: pl.DataFrame,
    own_code: pl.Expr,
    limits: pl.DataFrame,
) -> pl.LazyFrame:
    """Put elements under the package that a line up to theirs bills for some of their days."""
    element = _MONTHLY & pl.col("package").is_null() & among("usoc", packages["usoc"].unique())
    columns = ["line_id", "carrier", "service", "usoc", "package", "bill_date", "invoice_no"]
    start, end = pl.col("period_from"), pl.col("period_until")
    last = period_end(start, end)
    as_one = own_code & (pl.col("usoc") == pl.col("package")) & (pl.col("amount") > 0)
    # Few services hold elements of a package by themselves, and are billed for the package too.
    services = lines.filter(element).select("service").unique().collect()["service"]
    one = pl.concat(
        frame.filter(as_one, among("service", services))
        .join(limits.lazy(), on="contract", how="left")
        .filter(stands())
        .select(*columns, starts=start, ends=last)
        for frame in (lines, history)
    ).collect()
    if one.is_empty():
        return lines
    inside = one.drop("usoc", "line_id").join(
        packages.select("carrier", "package", "usoc"), on=["carrier", "package"]
    )
    parts = (
        lines.filter(element, among("service", one["service"].unique()))
        .select(*(name for name in columns if name != "package"), starts=start, ends=last)
        .collect()
    )
    found = (
        parts.join(inside, on=["service", "usoc"], suffix="_one")
        .filter(
            not_after("bill_date_one", "invoice_no_one", "bill_date", "invoice_no"),
            pl.col("starts_one") < pl.col("ends"),
            pl.col("ends_one") > pl.col("starts"),
        )
        .group_by("line_id")
        .agg(held=pl.col("package").min())
    )
    if found.is_empty():
        return lines
    return (
        lines.join(found.lazy(), on="line_id", how="left", maintain_order="left")
        .with_columns(package=pl.coalesce("package", "held"))
        .drop("held")
    )
