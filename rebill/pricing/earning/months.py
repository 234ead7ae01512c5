"""What is earned of the invoices of a month, and what a month has to know of all the others.

A month knows of others: which charge a credit is of, since when a customer has a service, and whose
turn it is with the odd cent. That is found in narrow passes over all lines there ever were; rows
are made for one month at a time, so that memory does not grow with the months.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

import polars as pl

from invoices.distinct import distinct, distinct_in_runs
from invoices.money import cents, micros
from invoices.periods import month_of
from invoices.schema import CENTS, among, columns_of
from rebill.pricing.customer_lines import OWN_TAXES
from rebill.pricing.earning.commissions import (
    BY_LINE,
    BY_SERVICE,
    EARNED,
    LINE,
    OF_RECOVERED,
    PAID,
    READ,
    RECOVERED,
    RULE,
    STEADY,
    fitting,
    late_of,
    stated_of,
)
from rebill.pricing.shares.division import EXACT, divided, exact_dollars, rounded, run_up
from rebill.pricing.shares.turns import CARRIERS, Before, carriers

LinesOf = Callable[[pl.DataFrame], pl.LazyFrame]
"""Returns the lines (`READ` and perhaps others) of invoices, and of others too where it likes."""
_KNOWN = ["invoice_no", "billed_on", "bill_kind", "corrects", "corrected_on", "month"]
_OF_RULE = ["rule_row", "deal", "method", "value", "payee", "role", "share"]
_ROW = ["customer", *LINE, "service", "product"]


@dataclass(frozen=True)
class Months:
    """What is earned, month by month."""

    lines_of: LinesOf
    invoices: pl.DataFrame
    """invoice_no, billed_on, bill_kind, corrects, corrected_on, month, and what else is known."""
    rules: pl.DataFrame  # RULES
    before: Before
    charges: pl.DataFrame
    """customer, credit_of, of_day, of_class: the charges that credits are of."""
    new: pl.DataFrame
    """invoice_no, service: the invoices that charge a service first."""
    carriers: pl.DataFrame
    """invoice_no, rule_row: who is first among equal remainders."""

    def __iter__(self) -> Iterator[str]:
        """Yield the months there are invoices of, in order."""
        return iter(self.invoices["month"].unique().sort())

    def earned(self, month: str) -> pl.DataFrame:
        """Return what each payee earns of each line or service of a month (`EARNED`), sorted.

        Rows of nothing are left out; what a rule works on stands there even where the row's own
        part of the sum is 0.00.
        """
        worked, services = _in_order(self, self.invoices.filter(month=month))
        named = pl.concat([worked.select(_ROW), services.select(_ROW)])
        bills = distinct_in_runs(named.select("invoice_no"))
        paid = _paid(self, worked, services, self.rules)
        paid = paid.with_columns(bill=bills.number.gather(paid["at"]))
        numbers = bills.rows.with_row_index("bill").with_columns(pl.col("bill").cast(pl.Int64))
        first = self.carriers.join(numbers, on="invoice_no").select("bill", "rule_row")
        parts = _parts(self.rules)
        rows = divided(_summed(paid, self.before), parts, first).pipe(_that_say_something)
        of_rules = rows.select("rule_row").join(
            parts.select(_OF_RULE), on="rule_row", how="left", maintain_order="left"
        )
        told = named.select(pl.all().gather(rows["at"]))
        rows = pl.concat([rows, of_rules.drop("rule_row"), told], how="horizontal")
        return rows.with_columns(month=pl.lit(month)).select(columns_of(EARNED))

    def stated(self, month: str, said: pl.DataFrame, final: Collection[str]) -> pl.DataFrame:
        """Return what the statements of a month say (`EARNED` and `late`), as
        `rebill.pricing.earning.commissions.stated` does, a month of `final` at a time.

        `said` is what the final statements of those months said.
        """
        of = self.invoices.select("invoice_no", of="month")
        known = pl.when(pl.col("of").is_in(list(final))).then("of")
        named = said.join(of, on="invoice_no", how="left").with_columns(of=known)
        # What was said of an invoice that is gone, or of another month now, is taken back.
        late = [late_of(EARNED.to_frame(), named.filter(pl.col("of").is_null()), month)]
        late += [late_of(self.earned(each), named.filter(of=each), month) for each in final]
        return stated_of(self.earned(month), pl.concat(late))


def _that_say_something(rows: pl.DataFrame) -> pl.DataFrame:
    """Return divided rows in order with the exact sum of each, but those of nothing."""
    exact = pl.when(~pl.col("alone")).then(exact_dollars(pl.col("fine"), EXACT))
    rows = rows.with_columns(exact=exact).filter(
        (pl.col("amount") != 0) | (pl.col("exact") != 0).fill_null(False)
    )
    order = rows.select(pl.col("place").cast(pl.Int64) * 2**32 + pl.col("at")).to_series()
    return rows[order.arg_sort()]


def earned(
    lines: pl.DataFrame, bills: pl.DataFrame, rules: pl.DataFrame, before: Before | None = None
) -> pl.DataFrame:
    """Return what is earned of all months (`EARNED`), sorted; `lines` are those of all `bills`."""

    def lines_of(invoices: pl.DataFrame) -> pl.LazyFrame:
        return lines.lazy().join(invoices.lazy().select("invoice_no"), on="invoice_no", how="semi")

    months = months_of(lines_of, bills, rules, before or Before())
    return pl.concat([EARNED.to_frame(), *(months.earned(month) for month in months)])


def months_of(
    lines_of: LinesOf, bills: pl.DataFrame, rules: pl.DataFrame, before: Before
) -> Months:
    """Return what is earned of the invoices and credit notes `bills`, month by month.

    `bills` has invoice_no, kind, bill_date and corrects; `rules` are `RULES`.
    """
    invoices = _invoices(bills)
    charges = _charges(lines_of(invoices), invoices)
    found = Months(lines_of, invoices, rules, before, charges, _NEW, CARRIERS.to_frame())
    if rules["method"].eq("one_off").any():
        found = replace(found, new=_new(found))
    return replace(found, carriers=_carriers(found))


_NEW = pl.DataFrame(schema={"invoice_no": pl.String, "service": pl.String})


def _invoices(bills: pl.DataFrame) -> pl.DataFrame:
    """Return the invoices with their month, and the day of what a credit note takes back."""
    known = bills.rename({"kind": "bill_kind", "bill_date": "billed_on"})
    before = known.select(corrects="invoice_no", corrected_on="billed_on")
    return known.join(before, on="corrects", how="left").with_columns(month=month_of("billed_on"))


def _charges(lines: pl.LazyFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Return the charges that credits are of, each by the first invoice it stands on: customer,
    credit_of, of_day (the day whose rule counts), of_class."""
    key = ["customer", "credit_of"]
    asked = lines.filter(pl.col("credit_of").is_not_null()).select("customer", _credited()).unique()
    return (
        lines.filter(pl.col("line_id").is_not_null(), pl.col("price") >= 0)
        .select("customer", "invoice_no", "charge_class", credit_of="line_id")
        .join(asked, on=key, how="semi")
        .join(invoices.lazy().select(_KNOWN), on="invoice_no")
        .sort("billed_on", "invoice_no")
        .unique(key, keep="first", maintain_order=True)
        .select(*key, of_day=_day(), of_class="charge_class")
        .collect()
    )


def _credited() -> pl.Expr:
    """Return the charge a credit is of: one of several charges goes by the first of them."""
    return pl.col("credit_of").str.split(" ").list.first()


def _day() -> pl.Expr:
    """Return the day whose rule counts: a credit note has that of what it takes back."""
    note = pl.col("bill_kind") == "credit_note"
    return pl.when(note).then(pl.coalesce("corrected_on", "billed_on")).otherwise("billed_on")


def _working(known: Months, invoices: pl.DataFrame) -> pl.LazyFrame:
    """Return the lines of invoices that pay, with the day whose rule counts and the class of their
    charge (`day`, `paid_class`); a credit has both of the charge it credits."""
    return (
        known.lines_of(invoices)
        .select(READ)
        .join(invoices.lazy().select(_KNOWN), on="invoice_no")
        .with_columns(_credited())
        .join(known.charges.lazy(), on=["customer", "credit_of"], how="left")
        .with_columns(
            day=pl.coalesce("of_day", _day()),
            paid_class=pl.coalesce("of_class", "charge_class"),
        )
        .filter(
            pl.col("paid_class").is_in(PAID),
            ~pl.col("kind").fill_null("charge").is_in(OWN_TAXES),
        )
    )


def _services(worked: pl.LazyFrame) -> pl.LazyFrame:
    """Return each service on each invoice, and what it is charged there."""
    return (
        worked.filter(pl.col("service").is_not_null(), pl.col("bill_kind") != RECOVERED)
        .group_by("invoice_no", "service")
        .agg(
            pl.col("customer", "billed_on", "bill_kind", "bill_month", "corrects").first(),
            pl.col("corrected_on").first(),
            pl.col("product").drop_nulls().min(),
            pl.col("day").min(),
            pl.col("price").sum().cast(CENTS),
        )
        .with_columns(is_note=pl.col("bill_kind") == "credit_note")
    )


def _in_order(known: Months, invoices: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lines of invoices that pay, and their services, each in order."""
    worked, services = _gathered(known, invoices)
    worked = worked.sort(*LINE, "service", nulls_last=True)
    return worked, services.sort("invoice_no", "service")


def _gathered(known: Months, invoices: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lines of invoices that pay, and their services with whether they are `new`."""
    worked = _working(known, invoices).collect().rechunk()
    services = (
        _services(worked.lazy())
        .join(
            known.new.lazy().with_columns(new=pl.lit(True)),
            on=["invoice_no", "service"],
            how="left",
        )
        .with_columns(
            pl.col("new").fill_null(False),
            pl.lit(None, dtype=pl.String).alias("line_id"),
            pl.lit(None, dtype=pl.String).alias("made_key"),
        )
        .collect()
    )
    return worked, services


def _new(known: Months) -> pl.DataFrame:
    """Return the invoices that charge a service of a customer first: invoice_no, service.

    Those are all before and with the first that still stands: a charge that a credit note took back
    is none.
    """
    names = ["invoice_no", "service", "customer", "price", "billed_on", "is_note", "corrects"]
    sums = pl.concat(
        _services(_working(known, known.invoices.filter(month=month))).select(names).collect()
        for month in known
    )
    gone = sums.filter("is_note").select("service", invoice_no="corrects", gone=pl.lit(True))
    stands = (~pl.col("is_note") & (pl.col("price") > 0) & ~pl.col("gone")).cast(pl.Int64)
    return (
        sums.join(gone.unique(), on=["service", "invoice_no"], how="left")
        .with_columns(pl.col("gone").fill_null(False))
        .sort("billed_on", "invoice_no")
        .filter(stands.cum_sum().over("customer", "service") - stands == 0)
        .select("invoice_no", "service")
    )


def _paid(
    known: Months, worked: pl.DataFrame, services: pl.DataFrame, rules: pl.DataFrame
) -> pl.DataFrame:
    """Return what each rule makes of lines and services, narrow, in their order.

    `at` is the place of the line, or behind all lines that of the service; rule, price, `basis`
    (what the value works on), `fine` (the sum, exactly), and the days of the invoice.
    """
    margin, method = pl.col("price") - pl.col("cost"), pl.col("method")
    steady = (method != "residual") | pl.col("paid_class").is_in(STEADY)
    steady &= (method == OF_RECOVERED) == (pl.col("paid_class") == RECOVERED)
    basis = pl.when(method == "percent_of_margin").then(margin).otherwise("price")
    by_line = (
        _with(worked, fitting(worked, rules, BY_LINE), ["price", "cost", "paid_class", *_DAYS])
        .filter(steady)
        .with_columns(basis=basis.cast(CENTS))
        .with_columns(fine=cents(pl.col("basis")) * micros(pl.col("value")))
    )
    fits = _with(services, fitting(services, rules, BY_SERVICE), [*_OF_SERVICE, *_DAYS])
    by_service = _events(known, fits, rules).with_columns(
        at=(pl.col("at") + worked.height).cast(by_line.schema["at"]), basis="price"
    )
    names = ["at", "rule", "price", "basis", "fine", *_DAYS]
    return pl.concat([by_line.select(names), by_service.select(names)])


_DAYS = ["billed_on", "corrected_on"]
_OF_SERVICE = ["invoice_no", "corrects", "service", "price", "new", "is_note"]


def _with(asked: pl.DataFrame, fits: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Return rules that fit (`fitting`) with columns of the rows they fit."""
    return fits.hstack(asked.select(pl.col(names).gather(fits["at"])))


def _events(known: Months, fits: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """Return the services that a flat or one-off sum is earned or taken back for.

    An invoice that charges a service earns, a one-off sum if the service is new; the credit note
    against it takes the same back.
    """
    fine = micros(pl.col("value")) * 100
    earns = _earning(fits).with_columns(fine=fine)
    notes = fits.filter("is_note")
    if notes.is_empty():
        return earns
    corrected = known.invoices.join(notes, left_on="invoice_no", right_on="corrects", how="semi")
    _, services = _in_order(known, corrected)
    then = _with(services, fitting(services, rules, BY_SERVICE), [*_OF_SERVICE, *_DAYS])
    paid = _earning(then).select("service", "rule", corrects="invoice_no")
    back = notes.join(paid, on=["service", "rule", "corrects"], how="semi")
    return pl.concat([earns, back.with_columns(fine=fine * -1)]).sort("at")


def _earning(services: pl.DataFrame) -> pl.DataFrame:
    """Return the services that their rules pay for."""
    due = (pl.col("method") == "flat") | pl.col("new")
    return services.filter(~pl.col("is_note"), pl.col("price") > 0, due)


def _summed(paid: pl.DataFrame, before: Before) -> pl.DataFrame:
    """Return the rows in order, each with its `unit`, what is rounded once, and `whole`.

    That is what a rule comes to on an invoice (`bill`); where statements of its month, or of the
    invoice it takes back, are rounded row by row, each row (`alone`).
    """
    new = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in ("bill", "rule"))
    return (
        paid.with_columns(alone=_is_alone(before))
        .drop(_DAYS)
        .sort("bill", "rule", "at")
        .with_columns(unit=(new.fill_null(True) | pl.col("alone")).cum_sum())
        .with_columns(whole=run_up())
    )


def _is_alone(before: Before) -> pl.Expr:
    """Say whether a row is rounded by itself, as statements of its month, or of what it takes back,
    were."""
    months = [month_of("billed_on"), month_of("corrected_on")]
    return pl.any_horizontal(month.is_in(list(before.by_row)).fill_null(False) for month in months)


def _parts(rules: pl.DataFrame) -> pl.DataFrame:
    """Return who shares each rule: rule, rank, payee, role, share, rule_row, payees, deal, method,
    value, and `place`, where rows of payee, deal and method stand among the others."""
    first, payees = pl.col("row_id").min().over(RULE), pl.len().over(RULE)
    ranked = rules.sort(RULE, nulls_last=False).with_row_index("rank")
    rank = pl.col("rank").min().over(RULE)
    return ranked.select(
        *("payee", "role", "share", "deal", "method"),
        value=pl.col("value").first().over(RULE),
        rank=rank,
        rule=first,
        rule_row="row_id",
        payees=payees,
        place=pl.struct("payee", "deal", "method").rank("dense"),
    )


def _carriers(known: Months) -> pl.DataFrame:
    """Return who carries the odd cents of what is rounded once an invoice (`CARRIERS` of turns)."""
    shared = _parts(known.rules).filter(pl.col("payees") > 1)
    if shared.is_empty():
        return CARRIERS.to_frame()
    ruled = shared.select("rule", "deal", "method").unique()
    units = [_sums(known, month, ruled["rule"]) for month in known]
    return carriers(pl.concat(units).join(ruled, on="rule"), shared, known.before.amounts)


def _sums(known: Months, month: str, rules: pl.Series) -> pl.DataFrame:
    """Return what each of `rules` comes to on each invoice of a month, where it is rounded once:
    rule, invoice_no, customer, bill_month, billed_on, corrects (of a credit note), `whole`."""
    worked, services = _gathered(known, known.invoices.filter(month=month))
    paid = _paid(known, worked, services, known.rules).filter(
        ~_is_alone(known.before), among("rule", rules)
    )
    names = ["invoice_no", "customer", "bill_month", "billed_on", "bill_kind", "corrects"]
    whose = pl.col("customer").min().over("invoice_no")  # a claim may be of several
    named = pl.concat([worked.select(names), services.select(names)]).with_columns(whose)
    bills = distinct(named)
    sums = (
        paid.select("rule", "fine", bill=bills.number.gather(paid["at"]))
        .group_by("bill", "rule")
        .agg(pl.col("fine").sum())
    )
    note = pl.col("bill_kind") == "credit_note"
    told = bills.rows.select(pl.all().gather(sums["bill"]))
    return sums.hstack(told).select(
        *("rule", *names[:4]),
        corrects=pl.when(note).then("corrects"),
        whole=rounded(pl.col("fine")),
    )
