-- The application: what people see and steer beside the order loop. The rules of 0001 hold: inline PRIMARY KEYs only,
-- natural keys, instants in UTC that end in _at.

-- Alerts: what is watched and how it stands (rules/alerts.py has the list). A key without a row was always normal.
CREATE TABLE alerts (
    alert_key  VARCHAR PRIMARY KEY,
    state      VARCHAR NOT NULL CHECK (state IN ('normal', 'pending', 'firing', 'cannot tell')),
    level      VARCHAR NOT NULL CHECK (level IN ('warn', 'bad')),
    text       VARCHAR NOT NULL,            -- as it was told when the state changed
    began_at   TIMESTAMPTZ NOT NULL,        -- since when that is true
    changed_at TIMESTAMPTZ NOT NULL,        -- when the state changed
    fired_at   TIMESTAMPTZ,                 -- when it began to fire the last time; null: it never has
    ended_at   TIMESTAMPTZ,                 -- when that ended; null while it lasts
    mail_key   VARCHAR                      -- the mail about that; null where mail is not configured
);

-- Every change of state, so that a person sees when an alert fired and when it ended.
CREATE TABLE alert_events (
    alert_key  VARCHAR NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    state      VARCHAR NOT NULL,
    level      VARCHAR NOT NULL,
    text       VARCHAR NOT NULL,
    PRIMARY KEY (alert_key, changed_at)
);

-- Mails on their way out (DESIGN D18). A key is sent at most once; what a crash left in 'sending' becomes 'unknown'.
-- What a mail carries besides its two texts belongs in a table of its own, keyed by mail_key.
CREATE TABLE outbox (
    mail_key    VARCHAR PRIMARY KEY,        -- '<kind>/<period>/v<version>'
    kind        VARCHAR NOT NULL,           -- 'alert'
    period      VARCHAR NOT NULL,           -- what it is about: an alert and when it began, a week, a month
    version     INTEGER NOT NULL,
    status      VARCHAR NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'failed', 'unknown')),
    sender      VARCHAR NOT NULL,
    recipients  VARCHAR NOT NULL,           -- JSON list of addresses
    subject     VARCHAR NOT NULL,
    text        VARCHAR NOT NULL,
    html        VARCHAR,                    -- equal in content; null: the text alone
    queued_at   TIMESTAMPTZ NOT NULL,
    next_try_at TIMESTAMPTZ NOT NULL,
    attempts    INTEGER NOT NULL,
    run_id      VARCHAR,                    -- the run that is sending it, or did last
    ended_at    TIMESTAMPTZ,                -- when it was sent, failed or became unknown
    said        VARCHAR                     -- what the mail service answered, or the name of the file it is kept in
);

-- Records that a person closed. The same trouble, seen again, stays closed; once the record was well, it is new.
CREATE TABLE quarantine_closings (
    kind       VARCHAR NOT NULL,
    entity_id  VARCHAR NOT NULL,
    reason     VARCHAR NOT NULL,            -- the trouble as it was when it was closed ...
    detail     VARCHAR NOT NULL,            -- ... and in words: another one opens the record again
    resolution VARCHAR NOT NULL,
    closed_at  TIMESTAMPTZ NOT NULL,
    closed_by  VARCHAR NOT NULL,
    PRIMARY KEY (kind, entity_id)
);
