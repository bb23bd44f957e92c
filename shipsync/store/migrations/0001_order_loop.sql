-- The order loop: what came in, what went up, what came back, and how we know.
--
-- Inline PRIMARY KEYs only, no other index, no foreign key, no sequence (DESIGN D22, facts/duckdb.md section 8).
-- Keys are natural or made from what is already known, so the same history gives the same rows (DESIGN I13):
-- a job is '<kind>.<n>', a run '<workflow>.<fencing token>', a reading '<run>.<nnn>.<feed>'.
-- Instants are TIMESTAMPTZ in UTC and end in _at; business dates are DATE.

-- One order, once. Several orders may share order_number: a split at ShipStation gives its children the parent's.
CREATE TABLE orders_inbox (
    order_key             VARCHAR PRIMARY KEY,  -- rules/identity.py: upload_key(...) or 'shipstation:<orderId>'
    order_number          VARCHAR NOT NULL,
    source_system         VARCHAR NOT NULL CHECK (source_system IN ('X-Cart', 'ShipStation Manual')),
    status                VARCHAR NOT NULL CHECK (status IN ('pending', 'uploaded', 'awaiting_payment',
                              'awaiting_shipment', 'on_hold', 'shipped', 'cancelled', 'failed')),
    status_reason         VARCHAR,      -- why, where the status alone does not say it: 'merged into 5000000001'
    shipstation_order_id  BIGINT,       -- null until ShipStation has told it
    parent_order_id       BIGINT,       -- the ShipStation order this one was split from; null for all others
    shipstation_status    VARCHAR,      -- ShipStation's own word, which may be one we do not know
    ordered_at            TIMESTAMPTZ,
    customer_ref          VARCHAR,      -- the shop's code for the customer
    email                 VARCHAR,
    requested_service     VARCHAR,      -- the shop's shipping method, free text
    shipping_paid         DECIMAL(12, 2),
    order_total           DECIMAL(12, 2),
    shipping_carrier_code VARCHAR,      -- null where ShipStation gives none; counted, never guessed
    shipping_carrier_id   BIGINT,
    shipping_service_code VARCHAR,
    shipping_service_name VARCHAR,
    tracking_number       VARCHAR,      -- of the first parcel that is not voided
    ship_name VARCHAR, ship_company VARCHAR, ship_street1 VARCHAR, ship_street2 VARCHAR, ship_city VARCHAR,
    ship_state VARCHAR, ship_postal_code VARCHAR, ship_country VARCHAR, ship_phone VARCHAR,
    bill_name VARCHAR, bill_company VARCHAR, bill_street1 VARCHAR, bill_street2 VARCHAR, bill_city VARCHAR,
    bill_state VARCHAR, bill_postal_code VARCHAR, bill_country VARCHAR, bill_phone VARCHAR,
    hold_until            DATE,
    ship_date             DATE,         -- what the order itself says; its parcels know better
    source_hash           VARCHAR,      -- of the shop's record: tells a changed re-read from an unchanged one
    modified_at           TIMESTAMPTZ,  -- ShipStation's modifyDate of the version applied last
    content_hash          VARCHAR,      -- of that version
    claimed_by            VARCHAR,      -- the upload run that is sending it now; null otherwise
    claimed_at            TIMESTAMPTZ,
    uploaded_at           TIMESTAMPTZ,
    upload_attempts       INTEGER NOT NULL DEFAULT 0,
    upload_error          VARCHAR,      -- what ShipStation said when it refused
    created_at            TIMESTAMPTZ NOT NULL,
    updated_at            TIMESTAMPTZ NOT NULL
);

-- What was ordered. Frozen for shop orders once uploaded (DESIGN D12); a split child of a shop order has no rows
-- here, because the parent's say already what was ordered. Manual orders follow ShipStation until they ship.
CREATE TABLE order_items_inbox (
    order_key     VARCHAR NOT NULL,
    line_no       INTEGER NOT NULL,
    order_number  VARCHAR NOT NULL,
    source_system VARCHAR NOT NULL,
    sku           VARCHAR,              -- as it came; null where it came without
    sku_lot       VARCHAR,              -- canonical 'SKU - LOT' or 'SKU'; null where the text cannot be read
    base_sku      VARCHAR,
    lot           VARCHAR,
    name          VARCHAR,
    quantity      INTEGER NOT NULL,
    unit_price    DECIMAL(12, 2),
    PRIMARY KEY (order_key, line_no)
);

-- The lines an order has at ShipStation now, lot included. A set per order, replaced with each version.
CREATE TABLE shipstation_order_line_items (
    shipstation_order_id BIGINT NOT NULL,
    line_no              INTEGER NOT NULL,
    order_item_id        BIGINT,
    line_item_key        VARCHAR,
    sku                  VARCHAR,
    sku_lot              VARCHAR,
    base_sku             VARCHAR,
    lot                  VARCHAR,
    name                 VARCHAR,
    quantity             INTEGER NOT NULL,
    unit_price           DECIMAL(12, 2),
    is_adjustment        BOOLEAN NOT NULL,
    PRIMARY KEY (shipstation_order_id, line_no)
);

-- Labels bought in ShipStation, of every order and of none. A void keeps the row; a new label is a new row.
CREATE TABLE shipments (
    shipment_id          BIGINT PRIMARY KEY,
    shipstation_order_id BIGINT,        -- null: a label without an order
    order_number         VARCHAR,
    created_at           TIMESTAMPTZ NOT NULL,
    ship_date            DATE,
    shipment_cost        DECIMAL(12, 2) NOT NULL,
    insurance_cost       DECIMAL(12, 2) NOT NULL,
    carrier_code         VARCHAR,
    service_code         VARCHAR,
    package_code         VARCHAR,
    tracking_number      VARCHAR,
    is_return_label      BOOLEAN NOT NULL,
    warehouse_id         BIGINT,
    store_id             BIGINT,
    batch_number         VARCHAR,
    has_items            BOOLEAN NOT NULL,  -- false: bought before the first label was voided, carries no items
    voided               BOOLEAN NOT NULL,
    voided_at            TIMESTAMPTZ,
    content_hash         VARCHAR NOT NULL,
    first_seen_at        TIMESTAMPTZ NOT NULL,
    updated_at           TIMESTAMPTZ NOT NULL
);

CREATE TABLE shipment_items (
    shipment_id   BIGINT NOT NULL,
    line_no       INTEGER NOT NULL,
    order_item_id BIGINT,
    sku           VARCHAR,
    name          VARCHAR,
    quantity      INTEGER NOT NULL,
    is_adjustment BOOLEAN NOT NULL,
    PRIMARY KEY (shipment_id, line_no)
);

-- Orders marked as shipped outside, or shipped by a provider: no label, no cost, no items.
CREATE TABLE fulfillments (
    fulfillment_id       BIGINT PRIMARY KEY,
    shipstation_order_id BIGINT,
    order_number         VARCHAR,
    created_at           TIMESTAMPTZ NOT NULL,
    ship_date            DATE,
    tracking_number      VARCHAR,
    carrier_name         VARCHAR,
    fulfillment_fee      DECIMAL(12, 2) NOT NULL,
    voided               BOOLEAN NOT NULL,
    voided_at            TIMESTAMPTZ,
    content_hash         VARCHAR NOT NULL,
    first_seen_at        TIMESTAMPTZ NOT NULL,
    updated_at           TIMESTAMPTZ NOT NULL
);

-- One row per ShipStation order that has left the house, wholly or in part. Derived from its parcels.
CREATE TABLE shipped_orders (
    shipstation_order_id BIGINT PRIMARY KEY,
    order_key            VARCHAR NOT NULL,
    order_number         VARCHAR NOT NULL,
    source_system        VARCHAR NOT NULL,
    ship_date            DATE NOT NULL,     -- of the first parcel
    last_ship_date       DATE NOT NULL,
    carrier_code         VARCHAR,
    service_code         VARCHAR,
    service_name         VARCHAR,
    tracking_number      VARCHAR,
    parcel_count         INTEGER NOT NULL,  -- 0: ShipStation says shipped and has shown no parcel yet
    parcels_asked_at     TIMESTAMPTZ,       -- when its parcels were last asked for by id; null: never
    updated_at           TIMESTAMPTZ NOT NULL
);

-- What left the house, a set per parcel (DESIGN D11). parcel_kind 'order' is the stand-in of an order that is
-- shipped but has shown no parcel yet; it goes when the parcel comes, so nothing counts twice.
CREATE TABLE shipped_items (
    parcel_kind          VARCHAR NOT NULL CHECK (parcel_kind IN ('shipment', 'fulfillment', 'order')),
    parcel_id            BIGINT NOT NULL,
    line_no              INTEGER NOT NULL,
    shipstation_order_id BIGINT NOT NULL,
    order_number         VARCHAR NOT NULL,
    source_system        VARCHAR NOT NULL,
    ship_date            DATE NOT NULL,
    sku                  VARCHAR,
    base_sku             VARCHAR,           -- null where the SKU text cannot be read: shown, never guessed
    sku_lot              VARCHAR,
    lot                  VARCHAR,
    quantity             INTEGER NOT NULL,
    shipment_id          BIGINT,            -- null for parcels that are not ShipStation labels
    tracking_number      VARCHAR,
    PRIMARY KEY (parcel_kind, parcel_id, line_no)
);

-- The catalogue.
CREATE TABLE products (
    sku              VARCHAR PRIMARY KEY,
    name             VARCHAR NOT NULL,
    is_key           BOOLEAN NOT NULL,
    units_per_pallet INTEGER,
    lead_time_days   INTEGER,
    reorder_point    INTEGER,
    active_lot       VARCHAR,               -- put on upload; null: the SKU goes up without a lot
    updated_at       TIMESTAMPTZ NOT NULL
);

CREATE TABLE bundles (
    bundle_sku    VARCHAR NOT NULL,
    component_sku VARCHAR NOT NULL,
    quantity      INTEGER NOT NULL CHECK (quantity > 0),
    updated_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (bundle_sku, component_sku)
);

-- ShipStation's own lists, for the names behind codes.
CREATE TABLE carriers (
    provider_id    BIGINT PRIMARY KEY,
    code           VARCHAR NOT NULL,
    name           VARCHAR NOT NULL,
    account_number VARCHAR,
    is_primary     BOOLEAN NOT NULL,
    updated_at     TIMESTAMPTZ NOT NULL
);

CREATE TABLE carrier_services (
    carrier_code VARCHAR NOT NULL,
    service_code VARCHAR NOT NULL,
    name         VARCHAR NOT NULL,
    updated_at   TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (carrier_code, service_code)
);

CREATE TABLE stores (
    store_id    BIGINT PRIMARY KEY,
    name        VARCHAR NOT NULL,
    marketplace VARCHAR,
    is_active   BOOLEAN NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL
);

-- Order files seen, by content: an unchanged file is not read twice.
CREATE TABLE order_files (
    content_hash  VARCHAR PRIMARY KEY,
    path          VARCHAR NOT NULL,
    format        VARCHAR NOT NULL,
    size_bytes    BIGINT NOT NULL,
    orders        INTEGER NOT NULL,
    counts        VARCHAR NOT NULL,         -- JSON: what became of its orders
    run_id        VARCHAR NOT NULL,
    first_read_at TIMESTAMPTZ NOT NULL
);

-- Orders that were cleaned up: a re-read of the rolling file must not revive them (DESIGN D12, D20).
CREATE TABLE tombstones (
    source_system        VARCHAR NOT NULL,
    order_number         VARCHAR NOT NULL,
    order_key            VARCHAR NOT NULL,
    shipstation_order_id BIGINT,
    last_status          VARCHAR NOT NULL,
    removed_at           TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (order_key)
);

-- Records that need a person. held: it is not in the tables above. Not held: it is, but something about it is odd.
CREATE TABLE quarantine (
    kind          VARCHAR NOT NULL,         -- shop_order, order, shipment, fulfillment, poison, conflict, sku_text
    entity_id     VARCHAR NOT NULL,
    order_number  VARCHAR,
    reason        VARCHAR NOT NULL,         -- a code, counted
    detail        VARCHAR NOT NULL,         -- a sentence for a person
    raw           VARCHAR,                  -- the record as it came
    held          BOOLEAN NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    last_seen_at  TIMESTAMPTZ NOT NULL,
    tries         INTEGER NOT NULL,
    resolved_at   TIMESTAMPTZ,
    resolution    VARCHAR,
    PRIMARY KEY (kind, entity_id)
);

-- Where every order version went, and why (DESIGN D9).
CREATE TABLE routing_log (
    shipstation_order_id BIGINT NOT NULL,
    modified_at          TIMESTAMPTZ NOT NULL,
    order_number         VARCHAR NOT NULL,
    shipstation_status   VARCHAR NOT NULL,
    route                VARCHAR NOT NULL,
    reason               VARCHAR NOT NULL,
    content_hash         VARCHAR NOT NULL,
    reading_id           VARCHAR NOT NULL,  -- with page_no: the raw record it came from
    page_no              INTEGER NOT NULL,
    run_id               VARCHAR NOT NULL,
    seen_at              TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (shipstation_order_id, modified_at)
);

-- One reading of one list over one closed window. Open until applied: a killed fetch goes on after its last page.
CREATE TABLE readings (
    reading_id    VARCHAR PRIMARY KEY,
    workflow_name VARCHAR NOT NULL,
    feed          VARCHAR NOT NULL,
    window_start  TIMESTAMPTZ,              -- null for look-ups of one order's parcels
    window_end    TIMESTAMPTZ,
    run_id        VARCHAR NOT NULL,
    started_at    TIMESTAMPTZ NOT NULL,
    fetched_at    TIMESTAMPTZ,              -- set when its last page is in
    applied_at    TIMESTAMPTZ,
    applied_by    VARCHAR
);

-- Every answer as it came: checkpoint, proof and replay (DESIGN D5, I14).
CREATE TABLE api_pages (
    reading_id  VARCHAR NOT NULL,
    page_no     INTEGER NOT NULL,
    feed        VARCHAR NOT NULL,
    request     VARCHAR NOT NULL,           -- JSON of the query; never credentials
    answered_at TIMESTAMPTZ NOT NULL,       -- the server's own clock
    row_count   INTEGER NOT NULL,
    body        BLOB NOT NULL,              -- the exact text, compressed (store/bodies.py)
    poison      VARCHAR,                    -- JSON: places in this list that always answer 500
    resume      VARCHAR,                    -- how the door goes on after this page; null on the last
    run_id      VARCHAR NOT NULL,
    PRIMARY KEY (reading_id, page_no)
);

-- How far each workflow has read (DESIGN D3).
CREATE TABLE sync_watermark (
    workflow_name       VARCHAR PRIMARY KEY,
    last_sync_timestamp TIMESTAMPTZ,        -- newest modifyDate applied
    complete_through    TIMESTAMPTZ,        -- end of the last window read whole
    updated_at          TIMESTAMPTZ,
    run_id              VARCHAR
);

-- How far the lists beside /orders have been read whole, and when each was last asked.
CREATE TABLE feed_marks (
    workflow_name    VARCHAR NOT NULL,
    feed             VARCHAR NOT NULL,
    complete_through TIMESTAMPTZ,
    asked_at         TIMESTAMPTZ,
    PRIMARY KEY (workflow_name, feed)
);

-- One row per workflow, made once and then only updated (DESIGN D7). Free: run_id is null.
CREATE TABLE sync_locks (
    workflow_name VARCHAR PRIMARY KEY,
    run_id        VARCHAR,
    owner         VARCHAR,                  -- the process instance
    token         BIGINT NOT NULL,          -- grows with each taking; checked inside every applying transaction
    acquired_at   TIMESTAMPTZ,
    heartbeat_at  TIMESTAMPTZ,
    expires_at    TIMESTAMPTZ
);

CREATE TABLE workflow_controls (
    workflow_name    VARCHAR PRIMARY KEY,
    enabled          BOOLEAN NOT NULL,
    interval_minutes INTEGER,               -- null: not on an interval (nightly, or only on demand)
    description      VARCHAR NOT NULL,
    last_run_at      TIMESTAMPTZ,
    updated_at       TIMESTAMPTZ NOT NULL,
    updated_by       VARCHAR NOT NULL
);

CREATE TABLE jobs (
    job_id           VARCHAR PRIMARY KEY,
    kind             VARCHAR NOT NULL,      -- a workflow name
    arguments        VARCHAR NOT NULL,      -- JSON
    status           VARCHAR NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled',
                         'interrupted')),
    requested_by     VARCHAR NOT NULL,
    requested_at     TIMESTAMPTZ NOT NULL,
    started_at       TIMESTAMPTZ,
    finished_at      TIMESTAMPTZ,
    run_id           VARCHAR,
    attempts         INTEGER NOT NULL,
    cancel_requested BOOLEAN NOT NULL,
    error            VARCHAR,
    result           VARCHAR                -- JSON
);

CREATE TABLE job_steps (
    job_id      VARCHAR NOT NULL,
    step_no     INTEGER NOT NULL,
    name        VARCHAR NOT NULL,
    status      VARCHAR NOT NULL CHECK (status IN ('waiting', 'running', 'succeeded', 'failed', 'cancelled',
                    'interrupted')),
    started_at  TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    done        BIGINT,
    total       BIGINT,
    detail      VARCHAR,
    result      VARCHAR,                    -- JSON: the checkpoint that a retry starts from
    PRIMARY KEY (job_id, step_no)
);

CREATE TABLE runs (
    run_id        VARCHAR PRIMARY KEY,
    workflow_name VARCHAR NOT NULL,
    job_id        VARCHAR,
    token         BIGINT NOT NULL,
    status        VARCHAR NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'cancelled', 'interrupted')),
    started_at    TIMESTAMPTZ NOT NULL,
    finished_at   TIMESTAMPTZ,
    requests      INTEGER,                  -- requests sent to ShipStation
    mark_from     TIMESTAMPTZ,
    mark_to       TIMESTAMPTZ,
    counts        VARCHAR,                  -- JSON
    error         VARCHAR,
    log           VARCHAR                   -- the run's log lines
);

-- Settings a person changes in the app. Environment settings stay in config.py.
CREATE TABLE settings (
    name       VARCHAR PRIMARY KEY,
    value      VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    updated_by VARCHAR NOT NULL
);

-- What was done once to this database: seeds, resets, repairs.
CREATE TABLE migration_log (
    entry_no  BIGINT PRIMARY KEY,
    logged_at TIMESTAMPTZ NOT NULL,
    action    VARCHAR NOT NULL,
    detail    VARCHAR NOT NULL
);

-- Every change by a person (DESIGN I10).
CREATE TABLE audit_log (
    entry_no   BIGINT PRIMARY KEY,
    changed_at TIMESTAMPTZ NOT NULL,
    changed_by VARCHAR NOT NULL,
    action     VARCHAR NOT NULL,
    subject    VARCHAR NOT NULL,
    before     VARCHAR,
    after      VARCHAR
);
