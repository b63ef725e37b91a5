"""The tables of windows, outages, baselines, alarms and notifications: one migration."""

WINDOWS = """
CREATE TABLE windows (
    turbine_number INTEGER NOT NULL,
    width_seconds INTEGER NOT NULL,
    start_at INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    interval_seconds REAL,
    covered_seconds REAL NOT NULL,
    broken_seconds REAL NOT NULL,
    wind_speed_mean REAL NOT NULL,
    wind_speed_min REAL NOT NULL,
    wind_speed_max REAL NOT NULL,
    energy_in_kwh REAL NOT NULL,
    mean_power_in_kw REAL,
    max_power_in_kw REAL,
    revision INTEGER NOT NULL,
    figured_at INTEGER NOT NULL,
    PRIMARY KEY (turbine_number, width_seconds, start_at)
) STRICT, WITHOUT ROWID;
CREATE TABLE area_windows (
    area TEXT NOT NULL, -- the name of a region; '' is the farm
    width_seconds INTEGER NOT NULL,
    start_at INTEGER NOT NULL,
    turbines INTEGER NOT NULL, -- how many have a window
    readings INTEGER NOT NULL,
    expected_readings REAL NOT NULL,
    covered_seconds REAL NOT NULL, -- of all turbines together, as what follows
    broken_seconds REAL NOT NULL,
    wind_speed_mean REAL NOT NULL,
    wind_speed_min REAL NOT NULL,
    wind_speed_max REAL NOT NULL,
    energy_in_kwh REAL NOT NULL,
    mean_power_in_kw REAL,
    max_power_in_kw REAL,
    revision INTEGER NOT NULL,
    figured_at INTEGER NOT NULL,
    PRIMARY KEY (area, width_seconds, start_at)
) STRICT, WITHOUT ROWID;
CREATE TABLE window_marks (
    turbine_number INTEGER NOT NULL, -- 0 stands for the regions and the farm
    start_at INTEGER NOT NULL,
    width_seconds INTEGER NOT NULL DEFAULT 60,
    PRIMARY KEY (turbine_number, start_at, width_seconds)
) STRICT, WITHOUT ROWID;
"""

MARK_ALL_MINUTES = """
INSERT INTO window_marks (turbine_number, start_at)
WITH RECURSIVE
    kept(since) AS (SELECT (coalesce(max(kept_since), 0) + 59999999) / 60000000 * 60000000 FROM prunings),
    turbine(turbine_number) AS (
        SELECT min(turbine_number) FROM readings
        UNION ALL
        SELECT (SELECT min(r.turbine_number) FROM readings r WHERE r.turbine_number > t.turbine_number)
        FROM turbine t WHERE t.turbine_number IS NOT NULL
    ),
    minute(turbine_number, start_at) AS (
        SELECT turbine_number, (
            SELECT min(emitted_at) FROM readings r
            WHERE r.turbine_number = t.turbine_number AND emitted_at >= (SELECT since FROM kept)
        ) / 60000000 * 60000000
        FROM turbine t
        UNION ALL
        SELECT turbine_number, (
            SELECT min(emitted_at) FROM readings r
            WHERE r.turbine_number = m.turbine_number AND emitted_at >= m.start_at + 60000000
        ) / 60000000 * 60000000
        FROM minute m WHERE start_at IS NOT NULL
    )
SELECT turbine_number, start_at FROM minute WHERE start_at IS NOT NULL;
"""
"""Marks what an older program has stored: the monitor figures it beside its work. One look into the index a minute.

Of what was pruned something may be left here and there, which would make windows that tell too little: those minutes
are passed over.
"""

OUTAGES = """
CREATE TABLE outage_spans (
    controller_id TEXT NOT NULL,
    outage_type TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    PRIMARY KEY (controller_id, outage_type, from_at)
) STRICT, WITHOUT ROWID;
CREATE TABLE outages (
    outage_id INTEGER PRIMARY KEY AUTOINCREMENT,
    controller_id TEXT NOT NULL,
    turbine_number INTEGER,
    outage_type TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    ongoing INTEGER NOT NULL CHECK (ongoing IN (0, 1)),
    down_seconds REAL NOT NULL,
    category TEXT,
    lost_energy_in_kwh REAL,
    lost_energy_by TEXT,
    changed_at INTEGER NOT NULL,
    lost_energy_unknown TEXT,
    ongoing_since INTEGER,
    UNIQUE (controller_id, outage_type, started_at),
    CHECK (started_at <= ended_at),
    CHECK (ongoing = (ongoing_since IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX outages_ongoing ON outages (controller_id, outage_type) WHERE ongoing = 1;
CREATE INDEX outages_turbine ON outages (turbine_number, ended_at);
CREATE INDEX outages_turbine_ongoing ON outages (turbine_number) WHERE ongoing = 1;
CREATE INDEX outages_ended ON outages (ended_at);
CREATE INDEX outages_started ON outages (started_at);
CREATE TABLE outages_to_figure ( -- whose lost energy waits to be figured, in order
    place INTEGER PRIMARY KEY,
    outage_id INTEGER NOT NULL UNIQUE REFERENCES outages (outage_id) ON DELETE CASCADE
) STRICT;
CREATE TABLE learnt_curves ( -- what a turbine's own windows show, for the lost energy of its outages
    turbine_number INTEGER PRIMARY KEY,
    learnt_to INTEGER NOT NULL,
    curve TEXT -- wind speeds and powers as JSON; NULL where too little was known
) STRICT;
"""

BASELINES = """
CREATE TABLE baselines (
    turbine_number INTEGER PRIMARY KEY,
    learnt_to INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;
CREATE TABLE findings (
    finding_id INTEGER PRIMARY KEY,
    turbine_number INTEGER NOT NULL,
    quantity TEXT NOT NULL,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    readings INTEGER NOT NULL,
    expected REAL,
    observed REAL,
    score REAL NOT NULL,
    sentence TEXT NOT NULL,
    lasting INTEGER NOT NULL CHECK (lasting IN (0, 1))
) STRICT;
CREATE INDEX findings_open ON findings (turbine_number) WHERE until IS NULL;
CREATE INDEX findings_turbine ON findings (turbine_number);
"""

ALARMS = """
CREATE TABLE alarms (
    alarm_id INTEGER PRIMARY KEY,
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    turbine_number INTEGER,
    region TEXT,
    severity TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state = 'normal' OR state = 'unacknowledged' OR state = 'acknowledged' OR state = 'cleared'),
    sentence TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    cleared_at INTEGER,
    occurrences INTEGER NOT NULL,
    acknowledged_at INTEGER,
    acknowledged_by TEXT,
    comment TEXT,
    shelved_until INTEGER,
    shelved_by TEXT,
    out_of_service_by TEXT,
    suppressed_by TEXT,
    announced_at INTEGER
) STRICT;
CREATE UNIQUE INDEX alarms_condition ON alarms (rule, subject);
CREATE TABLE alarm_journal (
    entry_id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    alarm_id INTEGER NOT NULL REFERENCES alarms (alarm_id),
    turn TEXT NOT NULL,
    sentence TEXT NOT NULL,
    "by" TEXT,
    comment TEXT
) STRICT;
CREATE INDEX alarm_journal_alarm ON alarm_journal (alarm_id);
CREATE INDEX alarm_journal_at ON alarm_journal (at);
"""

NOTIFICATIONS = """
CREATE TABLE notifications (
    notification_id INTEGER PRIMARY KEY,
    receiver TEXT NOT NULL,
    severity TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    delivery TEXT NOT NULL CHECK (delivery = 'waiting' OR delivery = 'sent' OR delivery = 'failed'),
    attempts INTEGER NOT NULL,
    ended_at INTEGER,
    error TEXT,
    is_test INTEGER NOT NULL DEFAULT 0 CHECK (is_test IN (0, 1))
) STRICT;
CREATE INDEX notifications_waiting ON notifications (due_at) WHERE delivery = 'waiting';
CREATE INDEX notifications_ended ON notifications (receiver, ended_at);
CREATE TABLE tellings (
    receiver TEXT NOT NULL,
    alarm_id INTEGER NOT NULL REFERENCES alarms (alarm_id),
    said TEXT,
    told_at INTEGER,
    times INTEGER NOT NULL,
    pending TEXT,
    due_at INTEGER,
    route TEXT,
    PRIMARY KEY (receiver, alarm_id)
) STRICT, WITHOUT ROWID;
"""

OUTBOX = """
ALTER TABLE outbox DROP COLUMN turbine_number;
ALTER TABLE outbox ADD COLUMN retain INTEGER NOT NULL DEFAULT 0;
"""

KNOWLEDGE = WINDOWS + MARK_ALL_MINUTES + OUTAGES + BASELINES + ALARMS + NOTIFICATIONS + OUTBOX
WITH_TIMES = (
    "windows",
    "area_windows",
    "window_marks",
    "outage_spans",
    "outages",
    "findings",
    "alarms",
    "alarm_journal",
    "notifications",
    "tellings",
)

MARK_MINUTES = """
INSERT INTO window_marks (turbine_number, start_at)
SELECT turbine_number, emitted_at - emitted_at % 60000000 AS start_at FROM readings
GROUP BY 1, 2
HAVING start_at >= (SELECT coalesce(max(kept_since), 0) FROM prunings) AND count(*) IS NOT (
    SELECT w.readings FROM windows w
    WHERE w.turbine_number = readings.turbine_number AND w.width_seconds = 60
    AND w.start_at = readings.emitted_at - readings.emitted_at % 60000000
)
ON CONFLICT DO NOTHING
"""
"""SQL that marks the minutes whose windows don't tell of all of their readings: a monitor figures them."""
