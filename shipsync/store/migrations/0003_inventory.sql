-- Inventory, counts and closings (DESIGN D14 to D18). The rules of 0001 hold: inline PRIMARY KEYs only, natural keys,
-- instants in UTC that end in _at, business dates that end in _on or are called so. A lot of '' is the no-lot line:
-- units of which nobody has said the lot are shown, never guessed.

-- The ledger: append-only. Whatever moved stands here once; a correction is a new row. Balances are derived from it.
CREATE TABLE inventory_transactions (
    entry_no             BIGINT PRIMARY KEY,
    kind                 VARCHAR NOT NULL CHECK (kind IN ('receive', 'ship', 'void', 'adjust_up', 'adjust_down',
                             'repack', 'count')),
    sku                  VARCHAR NOT NULL,
    lot                  VARCHAR NOT NULL,
    quantity             INTEGER NOT NULL,      -- units it adds to the shelf; of a count: the units that were counted
    moved_at             TIMESTAMPTZ NOT NULL,  -- when it happened, not when it was entered
    business_date        DATE NOT NULL,         -- of moved_at, in the warehouse's zone; of a ship: its ship date
    entered_at           TIMESTAMPTZ NOT NULL,
    entered_by           VARCHAR NOT NULL,
    reason_code          VARCHAR,               -- rules/ledger.py REASONS; null where the kind says it all
    note                 VARCHAR,
    reference            VARCHAR,               -- a person's: delivery note, file, count
    corrects             BIGINT,                -- the entry that this one takes back
    -- Of a ship or a void: what left, or came back, in which parcel.
    parcel_kind          VARCHAR,
    parcel_id            BIGINT,
    shipstation_order_id BIGINT
);

-- What people say of a lot. One that nobody has said anything of has no row and is active.
CREATE TABLE lots (
    sku            VARCHAR NOT NULL,
    lot            VARCHAR NOT NULL,
    is_quarantined BOOLEAN NOT NULL,
    reason         VARCHAR,                     -- why it is quarantined
    received_on    DATE,
    expires_on     DATE,
    updated_at     TIMESTAMPTZ NOT NULL,
    updated_by     VARCHAR NOT NULL,
    PRIMARY KEY (sku, lot)
);

-- Units beyond which a count line is counted again; null: by the rule in rules/counts.py.
ALTER TABLE products ADD COLUMN count_tolerance INTEGER;

-- Stock and what it means, one row per key product. Recomputed from ledger, orders and weeks; never edited.
CREATE TABLE inventory_current (
    sku                   VARCHAR PRIMARY KEY,
    current_quantity      INTEGER,              -- null: nobody has said what stood on the shelf
    awaiting_quantity     INTEGER NOT NULL,     -- in orders that still have to be shipped
    quarantined_quantity  INTEGER NOT NULL,     -- in lots that must not be shipped
    available_quantity    INTEGER,              -- current - awaiting - quarantined
    weekly_average        DOUBLE,               -- units a week over weeks_counted; null: fewer than four are known
    weeks_counted         INTEGER NOT NULL,     -- complete weeks since the first sale, at most 52
    weekly_average_13     DOUBLE,
    weekly_average_4      DOUBLE,
    weekly_deviation      DOUBLE,               -- sample standard deviation of those weeks
    days_left             DOUBLE,               -- available / (weekly_average / 7)
    runs_out_on           DATE,
    runs_out_earliest_on  DATE,                 -- with the weekly deviation, four times of five in between
    runs_out_latest_on    DATE,
    lead_time_days        INTEGER,
    reorder_point         INTEGER,
    is_reorder_point_given BOOLEAN NOT NULL,    -- false: computed from demand and lead time
    alert_level           VARCHAR NOT NULL CHECK (alert_level IN ('critical', 'low', 'normal', 'unknown')),
    alert_reason          VARCHAR NOT NULL,     -- a sentence
    last_counted_at       TIMESTAMPTZ,
    as_of                 TIMESTAMPTZ NOT NULL, -- the instant the figures stand at
    computed_at           TIMESTAMPTZ NOT NULL
);

-- Units shipped per week, Monday to Sunday by ship date. Weeks that shipsync read itself are counted anew each time;
-- older ones are what a person loaded. A week without a row had none, if any row or our own reading covers it.
CREATE TABLE weekly_shipped_history (
    start_date       DATE NOT NULL,
    end_date         DATE NOT NULL,
    sku              VARCHAR NOT NULL,
    quantity_shipped INTEGER NOT NULL,
    source           VARCHAR NOT NULL CHECK (source IN ('counted', 'loaded')),
    updated_at       TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (start_date, sku)
);

-- Every press of EOD, EOW and EOM, kept per period (DESIGN D15). What came of one that is not closed, its job says.
CREATE TABLE closings (
    job_id       VARCHAR PRIMARY KEY,           -- a job tried again goes on with its closing
    kind         VARCHAR NOT NULL CHECK (kind IN ('eod', 'eow', 'eom')),
    period_start DATE NOT NULL,
    period_end   DATE NOT NULL,
    begun_at     TIMESTAMPTZ NOT NULL,
    begun_by     VARCHAR NOT NULL,
    as_of        TIMESTAMPTZ,                   -- the instant its figures stand at; null until that is known
    closed_at    TIMESTAMPTZ,                   -- null: not closed, so not done
    version      INTEGER,                       -- of its period, from 1; null until closed
    records      INTEGER NOT NULL DEFAULT 0,
    sentence     VARCHAR,                       -- what came of it
    stated       VARCHAR NOT NULL DEFAULT '[]', -- JSON: sentences about what was unusual
    content      VARCHAR,                       -- JSON: the frozen figures
    content_hash VARCHAR                        -- sha256 of content
);

-- What a day's closing froze for the count: units expected on the shelf at its instant.
CREATE TABLE expected_stock (
    period_start DATE NOT NULL,
    version      INTEGER NOT NULL,
    sku          VARCHAR NOT NULL,
    lot          VARCHAR NOT NULL,
    expected     INTEGER NOT NULL,
    PRIMARY KEY (period_start, version, sku, lot)
);

-- Documents of a closing as they were handed out (DESIGN D16).
CREATE TABLE closing_documents (
    kind         VARCHAR NOT NULL,
    period_start DATE NOT NULL,
    version      INTEGER NOT NULL,
    name         VARCHAR NOT NULL,              -- the file's name
    media_type   VARCHAR NOT NULL,
    content      BLOB NOT NULL,
    sha256       VARCHAR NOT NULL,
    made_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (kind, period_start, version, name)
);

-- Files that go out with a mail.
CREATE TABLE outbox_files (
    mail_key   VARCHAR NOT NULL,
    file_no    INTEGER NOT NULL,
    name       VARCHAR NOT NULL,
    media_type VARCHAR NOT NULL,
    content    BLOB NOT NULL,
    PRIMARY KEY (mail_key, file_no)
);

-- A physical count against one frozen expectation. Its lines are those of the expectation, and what was found besides.
CREATE TABLE counts (
    count_id      VARCHAR PRIMARY KEY,          -- '2026-11-20.1'
    business_date DATE NOT NULL,                -- of the expectation ...
    eod_version   INTEGER NOT NULL,             -- ... and its version
    as_of         TIMESTAMPTZ NOT NULL,         -- the instant it counts for
    status        VARCHAR NOT NULL CHECK (status IN ('open', 'posted', 'cancelled')),
    opened_at     TIMESTAMPTZ NOT NULL,
    opened_by     VARCHAR NOT NULL,
    ended_at      TIMESTAMPTZ,
    ended_by      VARCHAR
);

CREATE TABLE count_lines (
    count_id    VARCHAR NOT NULL,
    sku         VARCHAR NOT NULL,
    lot         VARCHAR NOT NULL,
    expected    INTEGER NOT NULL,               -- as frozen; 0 for what was found besides
    tolerance   INTEGER NOT NULL,               -- as it was when the count began
    pallet_size INTEGER,                        -- units per pallet then; null: counted loose
    reason_code VARCHAR,                        -- why what was counted differs
    note        VARCHAR,
    decided_by  VARCHAR,                        -- who gave the reason
    decided_at  TIMESTAMPTZ,
    approved_by VARCHAR,                        -- another person; needed above the limit
    approved_at TIMESTAMPTZ,
    PRIMARY KEY (count_id, sku, lot)
);

-- What was counted, as often as it was: append-only. The newest entry of a line is what counts.
CREATE TABLE count_entries (
    count_id   VARCHAR NOT NULL,
    sku        VARCHAR NOT NULL,
    lot        VARCHAR NOT NULL,
    round      INTEGER NOT NULL,                -- 1: the first count, 2: the first recount
    pallets    INTEGER NOT NULL,
    loose      INTEGER NOT NULL,
    units      INTEGER NOT NULL,                -- pallets x pallet size + loose
    counted_at TIMESTAMPTZ NOT NULL,
    counted_by VARCHAR NOT NULL,
    PRIMARY KEY (count_id, sku, lot, round)
);

-- Adjustments above the limit wait here until another person approves or refuses them; only then they move stock.
CREATE TABLE adjustment_requests (
    request_no  BIGINT PRIMARY KEY,
    kind        VARCHAR NOT NULL CHECK (kind IN ('adjust', 'repack')),
    sku         VARCHAR NOT NULL,
    lot         VARCHAR NOT NULL,
    quantity    INTEGER NOT NULL,               -- what it would add
    moved_at    TIMESTAMPTZ NOT NULL,
    reason_code VARCHAR,                        -- null: of repacked goods, whose kind says it all
    note        VARCHAR NOT NULL,
    asked_at    TIMESTAMPTZ NOT NULL,
    asked_by    VARCHAR NOT NULL,
    decided_at  TIMESTAMPTZ,
    decided_by  VARCHAR,
    entry_no    BIGINT                          -- the movement it became; null: it waits, or was refused
);

-- With whom an order went, kept with what was shipped: a recall years later needs it, and the inbox is cleared (D20).
ALTER TABLE shipped_orders ADD COLUMN ship_name VARCHAR;
ALTER TABLE shipped_orders ADD COLUMN ship_company VARCHAR;
ALTER TABLE shipped_orders ADD COLUMN ship_street1 VARCHAR;
ALTER TABLE shipped_orders ADD COLUMN ship_city VARCHAR;
ALTER TABLE shipped_orders ADD COLUMN ship_state VARCHAR;
ALTER TABLE shipped_orders ADD COLUMN ship_postal_code VARCHAR;
ALTER TABLE shipped_orders ADD COLUMN ship_country VARCHAR;
ALTER TABLE shipped_orders ADD COLUMN ship_phone VARCHAR;
ALTER TABLE shipped_orders ADD COLUMN email VARCHAR;
UPDATE shipped_orders
    SET ship_name = o.ship_name, ship_company = o.ship_company, ship_street1 = o.ship_street1, ship_city = o.ship_city,
        ship_state = o.ship_state, ship_postal_code = o.ship_postal_code, ship_country = o.ship_country,
        ship_phone = o.ship_phone, email = o.email
    FROM orders_inbox o
    WHERE o.order_key = shipped_orders.order_key;

-- The summary of the closings that the plan names. A view, so that it cannot say anything else than they do.
CREATE VIEW sync_tracking AS
    SELECT kind AS sync_type,
           max(closed_at) AS last_sync_timestamp,
           coalesce(arg_max(records, closed_at), 0) AS records_processed,
           arg_max(status, attempt_at) AS status,
           arg_max(details, attempt_at) AS details,
           max(attempt_at) AS last_attempt_at
    FROM (
        SELECT closings.kind, closed_at, records,
               CASE WHEN closed_at IS NOT NULL THEN 'success' ELSE coalesce(jobs.status, 'failed') END AS status,
               coalesce(CASE WHEN closed_at IS NULL THEN jobs.error ELSE sentence END, '') AS details,
               -- One that is tried again has begun once more.
               greatest(begun_at, coalesce(jobs.started_at, begun_at)) AS attempt_at
        FROM closings
        LEFT JOIN jobs USING (job_id)
    )
    GROUP BY kind;
