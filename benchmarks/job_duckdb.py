"""The job of `benchmarks.jobs` as one query of DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb

QUERY = """
COPY (
WITH held AS (
    SELECT l.*, s.service, s.customer, s.term_months, s.package, s.state AS s_state,
        s.zone AS s_zone, s.circuit_key AS s_circuit, coalesce(l.service_from, l.bill_date) AS day,
        p.usoc IS NOT NULL AND l.charge_class IN ('recurring', 'prorated') AS packaged
    FROM '{folder}/lines.parquet' l
    LEFT JOIN '{folder}/services.parquet' c
        ON c.carrier = l.carrier AND c.circuit_key = l.circuit_key
    LEFT JOIN '{folder}/services.parquet' w ON w.carrier = l.carrier AND w.wtn = l.wtn
    LEFT JOIN '{folder}/services.parquet' s ON s.service = coalesce(c.service, w.service)
    LEFT JOIN '{folder}/packages.parquet' p
        ON p.carrier = l.carrier AND p.package = s.package AND p.usoc = l.usoc
), rates AS (
    SELECT *, CAST(rate * 1000000 AS BIGINT) AS micros,
        upper(replace(circuit_id, ' ', '')) AS circuit_key
    FROM '{folder}/buy_rates.parquet'
), asked AS (
    SELECT *,
        CASE WHEN ban IN (SELECT ban FROM rates) THEN ban END AS a_ban,
        CASE WHEN s_circuit IN (SELECT circuit_key FROM rates) THEN s_circuit END AS a_circuit
    FROM held
), questions AS (
    SELECT DISTINCT usoc, charge_class, s_state, s_zone, term_months, a_ban, a_circuit, day
    FROM asked WHERE NOT packaged
), answers AS (
    SELECT q.*, r.micros
    FROM questions q JOIN rates r ON r.usoc = q.usoc
        AND (r.charge_class = q.charge_class
            OR (r.charge_class = 'recurring' AND q.charge_class = 'prorated'))
        AND (r.state IS NULL OR r.state = q.s_state)
        AND (r.zone IS NULL OR r.zone = q.s_zone)
        AND (r.term_months IS NULL OR r.term_months = q.term_months)
        AND (r.ban IS NULL OR r.ban = q.a_ban)
        AND (r.circuit_key IS NULL OR r.circuit_key = q.a_circuit)
        AND r.effective_from <= q.day
        AND (r.effective_until IS NULL OR q.day < r.effective_until)
    QUALIFY row_number() OVER (
        PARTITION BY q.usoc, q.charge_class, q.s_state, q.s_zone, q.term_months, q.a_ban,
            q.a_circuit, q.day
        ORDER BY (r.circuit_key IS NOT NULL)::INT DESC, (r.ban IS NOT NULL)::INT DESC,
            (r.zone IS NOT NULL)::INT DESC, (r.state IS NOT NULL)::INT DESC,
            (r.term_months IS NOT NULL)::INT DESC) = 1
), due AS (
    SELECT a.*, CAST(a.amount * 100 AS BIGINT) AS billed,
        CAST(coalesce(a.quantity, 1) AS BIGINT) AS units,
        CASE WHEN a.charge_class = 'prorated' THEN
            (year(service_until) - year(service_from)) * 360
            + (month(service_until) - month(service_from)) * 30
            + least(day(service_until), 30) - least(day(service_from), 30) ELSE 30 END AS days,
        coalesce((2 * r.micros * units * days + 300000) // 600000, billed) AS expected
    FROM asked a LEFT JOIN answers r
        ON NOT a.packaged AND r.usoc = a.usoc AND r.charge_class = a.charge_class
        AND r.day = a.day AND r.s_state IS NOT DISTINCT FROM a.s_state
        AND r.s_zone IS NOT DISTINCT FROM a.s_zone
        AND r.term_months IS NOT DISTINCT FROM a.term_months
        AND r.a_ban IS NOT DISTINCT FROM a.a_ban
        AND r.a_circuit IS NOT DISTINCT FROM a.a_circuit
), chosen AS (
    SELECT d.*, CASE WHEN k.cost_basis = 'billed' THEN billed ELSE expected END AS cost,
        CASE WHEN d.charge_class NOT IN ('tax', 'surcharge')
            THEN coalesce(cu.row_id, c.row_id, u.row_id, e.row_id) END AS markup
    FROM due d
    LEFT JOIN '{folder}/customers.parquet' k ON k.customer = d.customer
    LEFT JOIN '{folder}/markups.parquet' cu
        ON cu.customer = d.customer AND cu.usoc = d.usoc
    LEFT JOIN '{folder}/markups.parquet' c ON c.customer = d.customer AND c.usoc IS NULL
    LEFT JOIN '{folder}/markups.parquet' u ON u.customer IS NULL AND u.usoc = d.usoc
    LEFT JOIN '{folder}/markups.parquet' e ON e.customer IS NULL AND e.usoc IS NULL
), terms AS (
    SELECT row_id, method, CAST(value * 1000000 AS BIGINT) AS v,
        CAST(minimum * 1000000 AS BIGINT) AS least_
    FROM '{folder}/markups.parquet'
), fine AS (
    SELECT ch.*, CASE method
        WHEN 'percent' THEN 30 * cost * (1000000 + v)
        WHEN 'percent_with_minimum'
            THEN 30 * (cost * 1000000 + greatest(cost * v, 100 * least_ * units))
        WHEN 'adder' THEN 30 * (cost * 1000000 + 100 * v * units)
        WHEN 'flat' THEN 100 * v * units * days
        ELSE 30000000 * cost END AS thirtieths
    FROM chosen ch LEFT JOIN terms t ON t.row_id = ch.markup
), cent AS (SELECT CAST('0.01' AS DECIMAL(3, 2)) AS c)
SELECT line_id, service, customer, CAST(expected AS DECIMAL(15, 0)) * c AS expected,
    CAST(greatest(billed - expected, 0) AS DECIMAL(15, 0)) * c AS stake,
    CAST(cost AS DECIMAL(15, 0)) * c AS cost,
    CASE WHEN customer IS NOT NULL AND cost <> 0
        THEN CAST((2 * thirtieths + 30000000) // 60000000 AS DECIMAL(15, 0)) * c END AS price
FROM fine, cent
) TO '{out}/result.parquet' (FORMAT parquet)
"""


def run(folder: Path, out: Path) -> None:
    """Leave `result.parquet` below `out`."""
    with duckdb.connect() as connection:
        connection.execute(QUERY.format(folder=folder, out=out))


def totals(out: Path) -> list[str]:
    """Return the sums of expected, stake and price of a result."""
    sums = duckdb.sql(f"SELECT sum(expected), sum(stake), sum(price) FROM '{out}/result.parquet'")
    return [str(amount) for amount in sums.fetchall()[0]]
