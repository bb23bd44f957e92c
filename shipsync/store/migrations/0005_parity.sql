-- Shadow mode: which sync writes production, and the proof that another one would write the same (DESIGN D19).
--
-- The lanes themselves (schema shadow, and those of a replay) are made when they are needed, from the tables of main
-- (store/lanes.py), so that a later migration reaches them too.

-- Where the move from the two legacy workflows to the unified sync stands. One row.
CREATE TABLE parity_deployment (
    name          VARCHAR PRIMARY KEY CHECK (name = 'sync'),
    state         VARCHAR NOT NULL CHECK (state IN ('off', 'shadow_replay', 'shadow_live', 'ready', 'reverse_shadow',
                      'done')),
    changed_at    TIMESTAMPTZ NOT NULL,
    changed_by    VARCHAR NOT NULL,
    first_query_from TIMESTAMPTZ          -- of a cut-over at which legacy was behind: how far back the first query goes
);

-- Each change of it, with what it rested on.
CREATE TABLE parity_changes (
    change_no     BIGINT PRIMARY KEY,
    changed_at    TIMESTAMPTZ NOT NULL,
    changed_by    VARCHAR NOT NULL,
    before        VARCHAR NOT NULL,
    after         VARCHAR NOT NULL,
    reason        VARCHAR NOT NULL,
    evidence      VARCHAR NOT NULL,         -- JSON: the gates as they stood
    evidence_hash VARCHAR NOT NULL,
    marks         VARCHAR NOT NULL          -- JSON: every mark as it was before the change
);

-- One comparison of two lanes.
CREATE TABLE parity_runs (
    run_id        VARCHAR PRIMARY KEY,
    mode          VARCHAR NOT NULL CHECK (mode IN ('replay', 'noise', 'live', 'reverse')),
    started_at    TIMESTAMPTZ NOT NULL,
    finished_at   TIMESTAMPTZ,
    period_start  TIMESTAMPTZ,              -- of a replay: which answers were fed
    period_end    TIMESTAMPTZ,
    control_at    TIMESTAMPTZ,              -- how far each side had read; null: not yet, or of a replay
    candidate_at  TIMESTAMPTZ,
    compared      BIGINT NOT NULL,          -- keys that both sides have passed
    matched       BIGINT NOT NULL,          -- those equal after cleaning as well
    pending       BIGINT NOT NULL,
    overdue       BIGINT NOT NULL,          -- of those: pending for longer than the cap
    suspect       BIGINT NOT NULL,
    transient     BIGINT NOT NULL,
    stale_input   BIGINT NOT NULL,
    ignored       BIGINT NOT NULL,
    explained     BIGINT NOT NULL,
    confirmed     BIGINT NOT NULL,
    paused        VARCHAR,                  -- why comparing pauses after it, as a sentence
    details       VARCHAR NOT NULL          -- JSON: per entity and field
);

-- What differs, one row per field of one key; the key's own presence is the field ''.
CREATE TABLE parity_differences (
    mode          VARCHAR NOT NULL,
    entity        VARCHAR NOT NULL,
    entity_key    VARCHAR NOT NULL,
    field         VARCHAR NOT NULL,
    order_id      BIGINT,                   -- the ShipStation order it belongs to
    kind          VARCHAR NOT NULL,         -- missing-control, missing-candidate, field-differs, ...
    control       VARCHAR,
    candidate     VARCHAR,
    verdict       VARCHAR NOT NULL,         -- suspect, confirmed, transient, stale-input, ignored, explained
    rule          VARCHAR,                  -- the ignore rule or intended change that decided
    version_at    TIMESTAMPTZ,              -- the newer of both sides' versions of the record
    first_seen_at TIMESTAMPTZ NOT NULL,
    since_at      TIMESTAMPTZ NOT NULL,     -- since when it stands with this version
    last_seen_at  TIMESTAMPTZ NOT NULL,
    confirmed_at  TIMESTAMPTZ,              -- when it was confirmed last; null: never
    gone_at       TIMESTAMPTZ,              -- when it was found gone; null while it is there
    seen          INTEGER NOT NULL,
    run_id        VARCHAR NOT NULL,         -- of the comparison that saw it last
    PRIMARY KEY (mode, entity, entity_key, field)
);

-- Orders that one side lacked, of which ShipStation was asked by their id.
CREATE TABLE parity_asked (
    order_id      BIGINT PRIMARY KEY,       -- ShipStation's
    is_gone       BOOLEAN NOT NULL,         -- it has none of that id: deleted, or merged into another one
    asked_at      TIMESTAMPTZ NOT NULL,     -- the last time
    run_id        VARCHAR NOT NULL
);

-- Differences that a person has asked not to count, for a while and up to a number. Never keys, never money.
CREATE TABLE parity_ignore_rules (
    rule_no       BIGINT PRIMARY KEY,
    entity        VARCHAR NOT NULL,
    field         VARCHAR NOT NULL,
    control       VARCHAR,                  -- only where the control has this value; '': none; null: any
    candidate     VARCHAR,
    reason        VARCHAR NOT NULL,
    ticket        VARCHAR NOT NULL,
    author        VARCHAR NOT NULL,
    approver      VARCHAR,                  -- null: not in force yet
    created_at    TIMESTAMPTZ NOT NULL,
    expires_at    TIMESTAMPTZ NOT NULL,
    most_hits     INTEGER NOT NULL,
    hits          INTEGER NOT NULL,
    last_hit_at   TIMESTAMPTZ,
    withdrawn_at  TIMESTAMPTZ
);
