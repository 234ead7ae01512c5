"""The customer invoice as X12 811 (004010), for customers who take their bills by EDI.

One interchange with one transaction set an invoice. The tree is provider (HL 1), billing account
(2), a group for each charge class with its title (4), a service (8), and below it an IT1 for each
line: its amount, quantity, USOC (A3), the text (PID), the days (DTM 150 and 151, both included),
the carrier and its line (REF). TDS is the total in cents, BAL the account: its previous balance,
payments, credits and balance where they are known, else the total. Nothing is summed twice: only
IT1 bear amounts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from invoices.customer.account_section import data_of_account
from invoices.customer.brand import Letter
from invoices.customer.charge_words import charge_rows
from invoices.customer.invoice_parts import own_lines, parties
from invoices.customer.words import plain

TITLES = {
    "recurring": "MONTHLY RECURRING",
    "prorated": "OTHER CHARGES AND CREDITS - PRORATED",
    "one_time": "OTHER CHARGES AND CREDITS - NON-RECURRING",
    "usage": "USAGE",
    "surcharge": "SURCHARGES",
    "tax": "TAXES",
    "late_charge": "LATE PAYMENT CHARGES",
    "adjustment": "ADJUSTMENTS",
}
"""The title of a class's group, in words that receivers look for."""
ELEMENT, COMPONENT, END = "*", ">", "~\n"
LONGEST_NUMBER = 22
"""Characters of BIG02; a longer number stands whole in REF IK."""


def interchanges(
    headers: pl.DataFrame,
    lines: pl.DataFrame | pl.LazyFrame,
    customers: pl.DataFrame,
    catalogue: pl.DataFrame,
    letters: Mapping[str, Letter],
) -> Iterator[tuple[str, str]]:
    """Yield invoice number and interchange of each invoice, in the order of `headers`.

    Arguments as for `invoices.customer.page.pages`. The text is plain ASCII without the separators;
    what does not fit an element is cut. Raises ValueError if the lines of an invoice do not add
    up to its total.
    """
    bills = headers.with_row_index("bill")
    own = own_lines(bills, lines).with_columns(elements=pl.lit(None, dtype=pl.Int64))
    rows = charge_rows(own, catalogue).sort("bill", "kind", "service_place", maintain_order=True)
    details = _details(rows)
    papers = parties(bills, customers).join(details, on="bill", how="left").sort("bill")
    for bill in papers.iter_rows(named=True):
        yield bill["number"], _interchange(bill, letters.get(bill["brand"] or "", Letter()))


def _details(rows: pl.DataFrame) -> pl.DataFrame:
    """Return for each invoice its detail (`detail`) and the numbers of segments and lines in it."""
    group = pl.struct("bill", "kind").rle_id()
    service = pl.struct("bill", "kind", "service_place").rle_id()
    placed = rows.with_columns(group=group, place=service).with_columns(
        opens_group=(pl.col("group") != pl.col("group").shift()).fill_null(True),
        opens_service=(pl.col("place") != pl.col("place").shift()).fill_null(True),
        number=pl.int_range(1, pl.len() + 1).over("bill"),
    )
    openings = pl.col("opens_group").cast(pl.Int64) + pl.col("opens_service").cast(pl.Int64)
    # HL 1 and 2 are of the head.
    numbered = placed.with_columns(hl=openings.cum_sum().over("bill") + 2).with_columns(
        group_hl=(pl.col("hl") - 1).first().over("group")
    )
    segments = [*_group(), *_service(), *_line()]
    text = pl.concat_str(segments, ignore_nulls=True)
    count = pl.sum_horizontal(segment.is_not_null().cast(pl.Int64) for segment in segments)
    return (
        numbered.select("bill", text=text, count=count)
        .group_by("bill", maintain_order=True)
        .agg(detail=pl.col("text").str.join(), segments=pl.col("count").sum(), lines=pl.len())
        .with_columns(pl.col("lines").cast(pl.Int64).alias("items"))
        .drop("lines")
    )


def _group() -> list[pl.Expr]:
    title = pl.col("charge_class").replace_strict(TITLES)
    head = _segment("HL", pl.col("group_hl"), pl.lit("2"), pl.lit("4"), pl.lit("1"))
    opens = pl.col("opens_group")
    return [pl.when(opens).then(head), pl.when(opens).then(_segment("PID*F***", title))]


def _service() -> list[pl.Expr]:
    opens = pl.col("opens_service")
    number = _cleaned(pl.col("telephone"), 48)
    circuit = _cleaned(pl.col("circuit"), 30)
    name = _cleaned(pl.col("name"), 30)
    return [
        pl.when(opens).then(
            _segment("HL", pl.col("hl"), pl.col("group_hl"), pl.lit("8"), pl.lit("0"))
        ),
        pl.when(opens & (number != "")).then(_segment("SI", pl.lit("TI"), pl.lit("TN"), number)),
        pl.when(opens & (circuit != "")).then(_segment("REF", pl.lit("CN"), circuit)),
        pl.when(opens & (name != "")).then(_segment("REF", pl.lit("SV"), name)),
    ]


def _line() -> list[pl.Expr]:
    quantity = pl.when(pl.col("quantity") != 0).then(plain(pl.col("quantity"))).otherwise(_NONE)
    code = _cleaned(pl.col("code"), 48)
    item = pl.concat_str(
        *(pl.lit("IT1*"), pl.col("number").cast(pl.String), pl.lit("*"), quantity.fill_null("")),
        *(pl.lit("*UN*"), plain(pl.col("price")).replace("", "0")),
        pl.when(code != "").then(pl.concat_str(pl.lit("**A3*"), code)).otherwise(_NONE),
        pl.lit(END),
    )
    start, last = pl.col("service_from"), pl.col("service_until") - pl.duration(days=1)
    end = pl.when(pl.col("service_until") > start).then(last).otherwise(start)
    paper = pl.concat_str("paper", "digits")
    day = "%Y%m%d"
    return [
        item,
        _segment("PID*F***", _cleaned(pl.col("what"), 80)),
        pl.when(pl.col("line_id") != "").then(
            _segment("REF", pl.lit("LI"), _cleaned(paper, 30), _cleaned(pl.col("provider"), 80))
        ),
        _segment("DTM", pl.lit("150"), start.dt.to_string(day)),
        pl.when(start.is_not_null()).then(_segment("DTM", pl.lit("151"), end.dt.to_string(day))),
    ]


_NONE = pl.lit("")


def _segment(name: str, *elements: pl.Expr) -> pl.Expr:
    """Return a segment of elements, null where one of them is."""
    parts = [pl.lit(name)]
    for element in elements:
        parts += [pl.lit(ELEMENT), element.cast(pl.String)]
    return pl.concat_str(*parts, pl.lit(END))


def _cleaned(text: pl.Expr, most: int) -> pl.Expr:
    """Return text an element can hold: ASCII, no separator, no blank at an end, `most` signs."""
    ascii_ = text.fill_null("").str.normalize("NFKD").str.replace_all("[\u0300-\u036f]", "")
    known = ascii_.str.replace_all("[^ -}]", "?").str.replace_all("[*>~]", " ")
    return known.str.head(most).str.strip_chars(" ")


def _clean(text: str, most: int) -> str:
    """Return `_cleaned` of one text."""
    made = pl.select(_cleaned(pl.lit(text), most)).item()
    return str(made)


def _interchange(bill: dict[str, Any], letter: Letter) -> str:
    """Return the interchange of one invoice whose detail is ready."""
    number = str(bill["number"])
    control = f"{zlib.crc32(number.encode()) % 10**9:09}"
    day, due = f"{bill['bill_date']:%Y%m%d}", f"{bill['due_date']:%Y%m%d}"
    seller = _clean(letter.name or bill["brand_name"] or "INVOICE", 60)
    account = _clean(bill["customer_no"], 30)
    usage = "T" if bill["status_words"] in ("draft", "void") else "P"
    sender, receiver = _id(seller), _id(account)
    cents = str(int(bill["total"].scaleb(2)))
    short = _clean(number, 80)
    head = [
        "ST*811*0001",
        f"BIG*{day}*{short[-LONGEST_NUMBER:]}*****CD",
        "CUR*SE*USD",
        f"REF*12*{account}",
        *([f"REF*IK*{short[:30]}"] if len(short) > LONGEST_NUMBER else []),
        *([f"PER*IC*{seller[:60]}*TE*{_clean(letter.phone, 80)}"] if letter.phone else []),
        f"ITD*01*3****{due}",
        *_party("PE", [seller, *letter.address]),
        *(_party("RI", list(letter.remittance)) if letter.remittance else ()),
        f"N1*PR*{_clean(bill['name'], 60)}*91*{account}",
        "HL*1**1*1",
        "HL*2*1*2*1",
        f"REF*12*{account}",
    ]
    foot = [f"TDS*{cents}", *_balance(bill), f"CTT*{bill['items'] or 0}"]
    count = len(head) + len(foot) + 1 + (bill["segments"] or 0)  # SE too
    envelope = [
        "ISA*00*          *00*          *ZZ*"
        f"{sender:<15}*ZZ*{receiver:<15}*{day[2:]}*0000*U*00401*{control}*0*{usage}*{COMPONENT}",
        f"GS*CI*{sender}*{receiver}*{day}*0000*{int(control)}*X*004010",
    ]
    tail = [f"SE*{count}*0001", f"GE*1*{int(control)}", f"IEA*1*{control}"]
    parts = [*envelope, *head]
    return END.join(parts) + END + (bill["detail"] or "") + END.join([*foot, *tail]) + END


def _balance(bill: Mapping[str, Any]) -> list[str]:
    """Return the BAL segments: what the account comes to, step by step, with this invoice."""
    told = data_of_account(bill.get("account"))
    if told is None:
        return ["BAL*M*PB*0", f"BAL*M*TT*{bill['total']}"]
    row = bill["account"]
    steps = {
        "PB": row["previous_balance"],
        "TP": -row["payments"],
        "NA": -row["credits"],
        "TT": row["balance"],
    }
    return [f"BAL*M*{name}*{amount}" for name, amount in steps.items()]


def _party(role: str, lines: list[str]) -> list[str]:
    """Return who somebody is and where: a name, and up to four lines of an address."""
    name, *address = (_clean(line, 55) for line in lines)
    parts = [part for part in address if part][:4]
    pairs = (parts[n : n + 2] for n in range(0, len(parts), 2))
    return [f"N1*{role}*{name or 'UNKNOWN'}", *("*".join(["N3", *pair]) for pair in pairs)]


def _id(name: str) -> str:
    """Return a name as the sender or receiver of an interchange: capitals and digits."""
    letters = "".join(c for c in name.upper() if c.isascii() and c.isalnum())
    return letters[:15] or "UNKNOWN"
