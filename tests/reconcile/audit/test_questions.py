"""What is asked once for all lines that ask it, against asking each line by itself."""

from __future__ import annotations

import datetime as dt

import polars as pl
from frame_tables import DECIMAL, frame
from hypothesis import given
from hypothesis import strategies as st

from invoices.schema import answers_to
from reconcile.audit.pricing import (
    _SPECIFIC,
    QUESTION,
    candidates,
    fits,
    fitting,
    on_day,
    rate_frame,
)
from reconcile.audit.questions import (
    answered,
    asking_alone,
    first_of_each,
    is_alone,
    with_questions,
)
from reconcile.audit.repeats.duplicates import _meeting

NO_TEXT = (
    *("contract", "rate_contract", "package", "inventory_zone", "inventory_circuit"),
    *("match_note", "circuit_key"),
)
NO_RATES = pl.DataFrame(
    schema={"ban": pl.String, "circuit_key": pl.String, "circuit_id": pl.String}
)


def asking(text: str) -> pl.DataFrame:
    """Return placed lines that say what a table says, and nothing else."""
    table = frame(text, ban=pl.String(), wtn=pl.String())
    said = {
        "carrier": pl.lit("ILEC"), "line_id": pl.concat_str(pl.lit("D-"), "no"),
        "service": pl.lit("S1"),
        "charge_class": pl.lit("recurring"), "inventory_state": pl.lit("OH"), "wtn": pl.lit("1"),
        "quantity": pl.lit(1).cast(DECIMAL), "unit_rate": pl.lit(None, DECIMAL), "ban": pl.lit("B"),
        "unit_rate_places": pl.lit(None, pl.Int8), "bill_day": pl.lit(1, pl.Int64),
        "term_months": pl.lit(12, pl.Int64), "units_left": pl.lit(None, DECIMAL),
        "order_units": pl.lit(None, DECIMAL), "nrc_waived": pl.lit(None, pl.Boolean),
        **{name: pl.lit(None, pl.String) for name in NO_TEXT},
        **{name: pl.lit(dt.date(2026, 6, 1)) for name in ("rate_day", "period_from", "bill_date")},
        "period_until": pl.lit(dt.date(2026, 7, 1)),
        **{name: pl.lit(None, pl.Date) for name in ("installed_on", "disconnected_on")},
    }  # fmt: skip
    own = {name: value for name, value in said.items() if name not in table.columns}
    return table.with_columns(**own)


ELEMENTS = """
service usoc quantity active_from active_until
S1      1FB  1        .           .
S2      1FB  1        .           .
S3      1FB  2        .           .
S4      1FB  1        .           06-10
S4      1FB  1        06-10       .
S5      1FB  1        .           06-10
S5      1FB  1        06-10       .
"""


def questions_of(text: str, rates: pl.DataFrame = NO_RATES) -> list[int]:
    """Return the line whose question each line of a table asks."""
    lines = asking(text)
    known = rates.with_columns(
        pl.lit(None, pl.String).alias(name) for name in ("package", "usoc", "zone", "state")
    ).with_columns(pl.lit(None, pl.Int64).alias("term_months"))
    elements = frame(ELEMENTS, quantity=DECIMAL).lazy()
    told = with_questions(lines, rate_frame(known.lazy()), elements)
    return told["question"].to_list()


def test_lines_ask_the_same_only_if_all_that_decides_is_the_same():
    assert questions_of("""
        no usoc amount service bill_date
        0  1FB  12.00  S1      06-01
        1  1FB  12.00  S2      06-01
        2  1FB  12.01  S1      06-01
        3  ESM  12.00  S1      06-01
        4  1FB  12.00  S1      06-02
        5  1FB  12.00  .       06-01
        6  1FB  12.00  S2      06-01
    """) == [0, 0, 2, 3, 4, 5, 0]  # fmt: skip


def test_what_the_inventory_has_of_a_code_is_asked_and_more_than_one_row_by_its_service():
    assert questions_of("""
        no usoc amount service
        0  1FB  12.00  S1
        1  1FB  12.00  S3
        2  1FB  12.00  S4
        3  1FB  12.00  S5
        4  1FB  12.00  S4
        5  1FB  12.00  S9
    """) == [0, 1, 2, 3, 2, 5]  # fmt: skip


def test_an_account_or_circuit_is_asked_only_where_a_rate_names_it():
    text = """
        no usoc amount ban circuit_key
        0  1FB  12.00  B1  C1
        1  1FB  12.00  B2  C1
        2  1FB  12.00  B1  C2
        3  1FB  12.00  B3  C3
    """
    assert questions_of(text) == [0, 0, 0, 0]
    named = pl.DataFrame({"ban": ["B2"], "circuit_key": ["C2"], "circuit_id": [None]})
    assert questions_of(text, named) == [0, 1, 2, 0]


def test_a_line_that_asks_alone_has_an_answer_of_its_own():
    lines = asking("no usoc amount\n0 1FB 12.00\n1 1FB 12.00\n2 1FB 12.00")
    lines = lines.with_columns(question=pl.lit(0, pl.Int64), asks=pl.lit(0, pl.Int64),
                               place=pl.int_range(3))  # fmt: skip
    assert first_of_each(lines).rows()[0][:3] == lines.rows()[0][:3]
    assert first_of_each(lines)["line_id"].to_list() == ["~0"]
    lines = asking_alone(lines, pl.Series(["D-1"]))
    assert lines.select(is_alone()).to_series().to_list() == [False, True, False]
    answers = pl.DataFrame({"asks": [0, -2], "said": ["of all", "of one"], "usoc": ["?", "?"]})
    told = answered(lines.lazy(), answers).collect()
    assert told["said"].to_list() == ["of all", "of one", "of all"]
    assert told["usoc"].to_list() == ["1FB"] * 3


words = st.sampled_from([None, "a", "b"])


@given(st.lists(st.tuples(words, words), max_size=8), st.sets(st.tuples(words, words), max_size=6))
def test_an_answer_stands_beside_each_line_that_asks_in_their_order(lines, known):
    schema = {"one": pl.String(), "two": pl.String()}
    asked = pl.DataFrame(lines, schema=schema, orient="row")
    answers = pl.DataFrame(sorted(known, key=str), schema=schema, orient="row")
    answers = answers.with_columns(said=pl.int_range(pl.len()))
    right = dict(zip(answers.select("one", "two").rows(), answers["said"], strict=True))
    told = answers_to(asked, answers, ["one", "two"])
    assert told["said"].to_list() == [right.get(line) for line in lines]


places = st.sampled_from([None, "1", "2"])
days = st.none() | st.dates(dt.date(2026, 5, 30), dt.date(2026, 6, 3))
classes = st.sampled_from([None, "recurring", "prorated", "usage"])
terms = st.sampled_from([None, 12, 24])
RATES = {
    **dict.fromkeys(("contract", "usoc", "charge_class", "state", "zone", "ban", "circuit_id")),
    "term_months": pl.Int64(),
    "effective_from": pl.Date(),
    "effective_until": pl.Date(),
}
RATES = {name: kind or pl.String() for name, kind in RATES.items()}
A_RATE = st.tuples(
    st.just("K"), st.sampled_from("AB"), classes, places, places, places, places, terms, days, days
)
ASKED = st.tuples(
    *(st.sampled_from([None, "K"]), st.sampled_from(["usoc A", "usoc B", None]), classes),
    *(places, places, terms, places, places, st.dates(dt.date(2026, 5, 30), dt.date(2026, 6, 3))),
)
ASKED_TYPES = {
    name: pl.Int64() if name == "term_months" else pl.Date() if name == "rate_day" else pl.String()
    for name in QUESTION
}


@given(st.lists(A_RATE, max_size=12), st.sets(ASKED, max_size=6))
def test_a_question_meets_the_rates_that_it_would_meet_among_all_of_its_code(rates, questions):
    known = pl.DataFrame(rates, schema=RATES, orient="row").with_columns(
        row_id=pl.int_range(pl.len()), rate=pl.lit("1.00").cast(DECIMAL),
        package=pl.lit(None, pl.String), source=pl.lit(None, pl.String),
    )  # fmt: skip
    table = rate_frame(known.lazy())
    asked = pl.DataFrame(sorted(questions, key=str), schema=ASKED_TYPES, orient="row")
    slow = candidates(asked, table).filter(
        on_day(pl.col("rate_day")), *(fits(column, wanted) for column, wanted in _SPECIFIC)
    )
    columns = [*QUESTION, "row_id", "specificity", "class_rank"]
    told = fitting(asked, table)
    assert sorted(told.select(columns).rows(), key=str) == sorted(
        slow.select(columns).rows(), key=str
    )


SPANS = st.tuples(st.integers(1, 3), st.integers(0, 6), st.integers(0, 6))


@given(st.lists(SPANS, max_size=10))
def test_lines_meet_where_one_begins_before_another_of_its_key_ends(spans):
    keys, starts, lengths = ([span[n] for span in spans] for n in range(3))
    first = dt.date(1969, 12, 29)  # days before 1970 count down
    begins = [first + dt.timedelta(days=start) for start in starts]
    ends = [day + dt.timedelta(days=length) for day, length in zip(begins, lengths, strict=True)]
    lines = pl.DataFrame(
        [
            pl.Series("key", [key * 2**62 for key in keys], dtype=pl.UInt64),
            pl.Series("item", keys, dtype=pl.UInt64),
            pl.Series("starts", begins, dtype=pl.Date),
            pl.Series("ends", ends, dtype=pl.Date),
            pl.Series("exact", [key == 3 for key in keys], dtype=pl.Boolean),
        ]
    )
    meeting = {
        keys[n]
        for n in range(len(spans))
        for m in range(len(spans))
        if n != m
        and keys[n] == keys[m]
        and (starts[m], m) < (starts[n], n)
        and (keys[n] == 3 or starts[n] < starts[m] + lengths[m])
    }
    assert set(_meeting(lines)) == meeting
