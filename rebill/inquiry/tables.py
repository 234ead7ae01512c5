"""All tables that go out, in the order in which they are listed; each is declared in its room."""

from __future__ import annotations

from rebill.books.tables import TABLES as BOOKS
from rebill.cash.bank_tables import TABLES as BANK
from rebill.cash.tables import TABLES as CASH
from rebill.disputes.tables import TABLES as DISPUTES
from rebill.orders.tables import TABLES as ORDERS
from rebill.quotes.tables import TABLES as QUOTES
from rebill.receivables.tables import TABLES as RECEIVABLES
from rebill.store.table_out import TableOut
from rebill.store.tables import AUDITED, KEPT, SOLD

TABLES: dict[str, TableOut] = {
    table.name: table
    for table in (
        *(*AUDITED, *DISPUTES, *SOLD, *RECEIVABLES, *ORDERS),
        *(*CASH, *BANK, *BOOKS, *QUOTES, *KEPT),
    )
}
