"""What the ledger's tables must always agree on, asked in SQL: repairs, engineers, outages, and the books."""

from sqlite_utils import Database

_CHECKS = (
    (
        "SELECT turbine_number, count(*) FROM incidents WHERE closed_at IS NULL GROUP BY 1 HAVING count(*) > 1",
        "turbine {} has {} open incidents",
    ),
    (
        "SELECT turbine_number, count(*) FROM visits WHERE ended_at IS NULL GROUP BY 1 HAVING count(*) > 1",
        "turbine {} has {} open visits",
    ),
    (
        "SELECT engineer, count(*) FROM visits WHERE ended_at IS NULL GROUP BY 1 HAVING count(*) > 1",
        "engineer {} is at {} turbines at once",
    ),
    (
        "SELECT v.dispatch_id, v.incident_id FROM visits v LEFT JOIN incidents i USING (incident_id) "
        "WHERE v.ended_at IS NULL AND (i.incident_id IS NULL OR i.closed_at IS NOT NULL)",
        "visit {} is open, but its incident {} is not",
    ),
    (
        "SELECT v.dispatch_id, v.turbine_number, i.turbine_number FROM visits v JOIN incidents i USING (incident_id) "
        "WHERE v.turbine_number <> i.turbine_number",
        "visit {} is at turbine {}, its incident at turbine {}",
    ),
    (
        "SELECT incident_id FROM incidents WHERE state = 'visited' "
        "AND incident_id NOT IN (SELECT incident_id FROM visits WHERE ended_at IS NULL)",
        "incident {} counts as visited, but nobody is there",
    ),
    (
        "SELECT v.engineer, v.turbine_number FROM visits v JOIN turbines t USING (turbine_number) "
        "WHERE v.ended_at IS NULL AND t.link = 'offline'",
        "engineer {} is at turbine {}, which is offline",
    ),
    (
        "SELECT DISTINCT o.dispatch_id FROM outbox o JOIN visits v USING (dispatch_id) WHERE v.ended_at IS NOT NULL",
        "an order of the ended visit {} waits to be sent",
    ),
    (
        "SELECT before, outage_id, controller_id, outage_type FROM ("
        "SELECT *, lag(outage_id) OVER same AS before, lag(ended_at) OVER same AS ended_before FROM outages "
        "WINDOW same AS (PARTITION BY controller_id, outage_type ORDER BY started_at)) "
        "WHERE started_at <= ended_before",
        "outages {} and {} of {} ({}) overlap, and should be one",
    ),
)

_COUNTED = "coalesce((SELECT count FROM books WHERE name = '{}'), 0)".format
_BALANCES = (
    (
        f"SELECT {_COUNTED('received')} AS received, {_COUNTED('stored')} AS stored, "
        f"{_COUNTED('duplicate')} AS duplicate, {_COUNTED('rejected')} AS rejected "
        "WHERE received <> stored + duplicate + rejected",
        "the books do not balance: {} received, but {} stored, {} duplicate and {} rejected",
    ),
    (
        f"SELECT {_COUNTED('gaps_opened')} AS opened, {_COUNTED('gaps_closed')} AS closed, "  # noqa: S608 - our names
        f"{_COUNTED('gaps_given_up')} AS given_up, (SELECT coalesce(sum(missing), 0) FROM sequences) AS missing "
        "WHERE opened <> closed + given_up + missing",
        "the gaps do not balance: {} readings were skipped, but {} came later, {} are given up and {} are missing",
    ),
)


def violated(db: Database, *, engineers: int | None) -> list[str]:
    """What should never be, and is: a sentence each. `engineers` is the size of the pool, if it is to be checked."""
    sentences = [sentence.format(*row) for sql, sentence in _CHECKS + _BALANCES for row in db.execute(sql)]
    (out,) = db.execute("SELECT count(*) FROM visits WHERE ended_at IS NULL").fetchone()
    if engineers is not None and out > engineers:
        sentences.append(f"{out} engineers are out, the pool has {engineers}")
    return sentences
