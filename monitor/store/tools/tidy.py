"""Making the tables of a rebuilt database agree again: with rows lost here and there, they need not."""

from sqlite_utils import Database

from monitor.store.knowledge_tables import MARK_MINUTES

_OPEN_VISITS = "SELECT incident_id FROM visits WHERE ended_at IS NULL"

TIDY = (
    # A visit needs its incident: history is worth more than a gap.
    """
    INSERT INTO incidents (incident_id, turbine_number, cause, state, opened_at, why, failed_visits, closed_at)
    SELECT incident_id, turbine_number, 'broken', 'closed', min(sent_at), 'lost, and rebuilt from its visits', 0,
           max(coalesce(ended_at, sent_at))
    FROM visits WHERE incident_id NOT IN (SELECT incident_id FROM incidents) GROUP BY incident_id
    """,
    """
    UPDATE visits SET state = 'released', release = 'cancelled', ended_at = :at, detail = 'its incident was lost'
    WHERE ended_at IS NULL AND incident_id IN (SELECT incident_id FROM incidents WHERE closed_at IS NOT NULL)
    """,
    f"UPDATE incidents SET state = 'waiting' WHERE state = 'visited' AND incident_id NOT IN ({_OPEN_VISITS})",  # noqa: S608
    "UPDATE events SET incident_id = NULL WHERE incident_id NOT IN (SELECT incident_id FROM incidents)",
    "UPDATE events SET visit_id = NULL WHERE visit_id NOT IN (SELECT visit_id FROM visits)",
    "DELETE FROM outbox WHERE dispatch_id IN (SELECT dispatch_id FROM visits WHERE ended_at IS NOT NULL)",
    # The books: what is stored is there, and what was received follows from it.
    "INSERT INTO books VALUES ('stored', 0), ('received', 0) ON CONFLICT DO NOTHING",
    """
    UPDATE books SET count = (SELECT count(*) FROM readings) + (SELECT coalesce(sum(readings), 0) FROM prunings)
    WHERE name = 'stored'
    """,
    """
    UPDATE books SET count = (SELECT sum(count) FROM books WHERE name IN ('stored', 'duplicate', 'rejected'))
    WHERE name = 'received'
    """,
    # Gaps that were open are followed no more.
    "INSERT INTO books VALUES ('gaps_opened', 0) ON CONFLICT DO NOTHING",
    """
    UPDATE books SET count = (SELECT total(count) FROM books WHERE name IN ('gaps_closed', 'gaps_given_up'))
    WHERE name = 'gaps_opened'
    """,
)
"""SQL that brings repairs, orders and books into step; `:at` is the time."""

MARK_LOST = (
    MARK_MINUTES,
    """
    INSERT INTO window_marks (turbine_number, start_at, width_seconds)
    SELECT DISTINCT m.turbine_number, m.start_at - m.start_at % 900000000, 900 FROM windows m
    WHERE m.width_seconds = 60 AND NOT EXISTS (
        SELECT 1 FROM windows q WHERE q.turbine_number = m.turbine_number AND q.width_seconds = 900
        AND q.start_at = m.start_at - m.start_at % 900000000
    )
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO window_marks (turbine_number, start_at, width_seconds)
    SELECT DISTINCT 0, w.start_at, w.width_seconds FROM windows w
    WHERE NOT EXISTS (
        SELECT 1 FROM area_windows a
        WHERE a.area = '' AND a.width_seconds = w.width_seconds AND a.start_at = w.start_at
    )
    ON CONFLICT DO NOTHING
    """,
)
"""SQL that marks the windows which don't tell of all that is there, or are not there: a monitor figures them anew."""

_NEWEST = """
INSERT INTO turbines (
    turbine_number, first_seen_at, link, session, health, health_since, emitted_at, received_at, wind_speed,
    power_output_in_kwh, operational_status, voltage, "current", temperature
)
SELECT n.turbine_number,
       (SELECT f.received_at FROM readings f WHERE f.turbine_number = n.turbine_number ORDER BY f.emitted_at LIMIT 1),
       'unknown', n.session, n.operational_status, n.emitted_at, n.emitted_at, n.received_at, n.wind_speed,
       n.power_output_in_kwh, n.operational_status, n.voltage, n."current", n.temperature
FROM readings n WHERE n.id = ?
ON CONFLICT (turbine_number) DO UPDATE SET
    session = excluded.session,
    health_since = CASE WHEN health = excluded.health THEN health_since ELSE excluded.health_since END,
    health = excluded.health,
    emitted_at = excluded.emitted_at,
    received_at = excluded.received_at,
    wind_speed = excluded.wind_speed,
    power_output_in_kwh = excluded.power_output_in_kwh,
    operational_status = excluded.operational_status,
    voltage = excluded.voltage,
    "current" = excluded."current",
    temperature = excluded.temperature
WHERE coalesce(emitted_at < excluded.emitted_at AND received_at < excluded.received_at, 1)
"""


def turbine_of_newest_reading(db: Database, turbine_number: int, last_id: int) -> None:
    """Have the turbine's row tell of its newest reading, where that is younger than what the row tells.

    `last_id` is of its reading that was committed last: only if that is newer were commits lost. A turbine without a
    row gets one from its newest reading.
    """
    known = db.execute("SELECT 1 FROM turbines WHERE turbine_number = ?", [turbine_number]).fetchone()
    if not known:
        newest = "SELECT id FROM readings WHERE turbine_number = ? ORDER BY emitted_at DESC LIMIT 1"
        (last_id,) = db.execute(newest, [turbine_number]).fetchone()
    db.execute(_NEWEST, [last_id])
