-- Charges of a month (DESIGN D15 to D17). The rules of 0001 hold. Money is DECIMAL, in the account's one currency.

-- The rate card: what the warehouse takes for an order, a unit, a pallet and day, a receipt, at least a month, and by how
-- many percent it raises carrier cost ('markup'). What holds on a day is the newest row that is effective by then.
CREATE TABLE rates (
    rate           VARCHAR NOT NULL CHECK (rate IN ('order', 'unit', 'pallet_day', 'receipt', 'minimum', 'markup')),
    amount         DECIMAL(12, 4) NOT NULL,
    effective_from DATE NOT NULL,
    updated_at     TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (rate, effective_from)
);

-- Lines that a person adds to a month: a special project, a discount. Never deleted; one taken back stays and counts no
-- more.
CREATE TABLE charge_extras (
    extra_no     BIGINT PRIMARY KEY,
    day          DATE NOT NULL,                 -- the day it is billed on, which says its month
    reason       VARCHAR NOT NULL,              -- what it is for, as it stands on the invoice
    amount       DECIMAL(12, 2) NOT NULL,       -- below zero: a credit
    entered_at   TIMESTAMPTZ NOT NULL,
    entered_by   VARCHAR NOT NULL,
    withdrawn_at TIMESTAMPTZ,
    withdrawn_by VARCHAR
);

-- What one closing billed of a month: its own month, and each earlier one that it restates (DESIGN D16). The tables below
-- hold what that rested on, row by row, so that a difference found later can be told from its cause.
CREATE TABLE charge_report (
    job_id         VARCHAR NOT NULL,            -- of the closing
    month          DATE NOT NULL,               -- its first day
    billed_through DATE NOT NULL,               -- the last day that is billed
    as_of          TIMESTAMPTZ NOT NULL,        -- the instant up to which things are known
    total          DECIMAL(14, 2) NOT NULL,     -- the sum of its lines
    made_at        TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (job_id, month)
);

CREATE TABLE charge_report_lines (
    job_id       VARCHAR NOT NULL,
    month        DATE NOT NULL,
    line_no      INTEGER NOT NULL,
    charge       VARCHAR NOT NULL,              -- rules/charges.py
    day          DATE NOT NULL,
    sku          VARCHAR,                       -- of units and pallets
    carrier_code VARCHAR,                       -- of carrier cost, with the next two
    service_code VARCHAR,
    warehouse_id BIGINT,
    extra_no     BIGINT,                        -- of what a person added
    quantity     INTEGER NOT NULL,              -- labels, orders, units, pallets, receipts
    rate         DECIMAL(12, 4),                -- of one of them; null where each has its own amount
    amount       DECIMAL(14, 2) NOT NULL,
    text         VARCHAR,                       -- of what a person added
    PRIMARY KEY (job_id, month, line_no)
);

CREATE TABLE charge_report_labels (
    job_id               VARCHAR NOT NULL,
    month                DATE NOT NULL,
    shipment_id          BIGINT NOT NULL,
    shipstation_order_id BIGINT,
    order_number         VARCHAR,
    day                  DATE NOT NULL,
    carrier_code         VARCHAR,
    service_code         VARCHAR,
    warehouse_id         BIGINT,
    tracking_number      VARCHAR,
    is_return_label      BOOLEAN NOT NULL,
    voided               BOOLEAN NOT NULL,
    shipment_cost        DECIMAL(12, 2) NOT NULL,
    insurance_cost       DECIMAL(12, 2) NOT NULL,
    PRIMARY KEY (job_id, month, shipment_id)
);

CREATE TABLE charge_report_orders (
    job_id               VARCHAR NOT NULL,
    month                DATE NOT NULL,
    shipstation_order_id BIGINT NOT NULL,
    order_number         VARCHAR NOT NULL,
    day                  DATE NOT NULL,         -- of its first parcel
    PRIMARY KEY (job_id, month, shipstation_order_id)
);

CREATE TABLE charge_report_items (
    job_id               VARCHAR NOT NULL,
    month                DATE NOT NULL,
    parcel_kind          VARCHAR NOT NULL,
    parcel_id            BIGINT NOT NULL,
    shipstation_order_id BIGINT NOT NULL,
    order_number         VARCHAR NOT NULL,
    day                  DATE NOT NULL,
    sku                  VARCHAR NOT NULL,
    quantity             INTEGER NOT NULL,
    PRIMARY KEY (job_id, month, parcel_kind, parcel_id, sku)
);

-- The products whose units and pallets were billed, and how many stood on a pallet then: what is changed of a product
-- later holds from the next month on.
CREATE TABLE charge_report_products (
    job_id      VARCHAR NOT NULL,
    month       DATE NOT NULL,
    sku         VARCHAR NOT NULL,
    pallet_size INTEGER,
    PRIMARY KEY (job_id, month, sku)
);

CREATE TABLE charge_report_stock (
    job_id      VARCHAR NOT NULL,
    month       DATE NOT NULL,
    day         DATE NOT NULL,
    sku         VARCHAR NOT NULL,
    units       INTEGER NOT NULL,               -- on the shelf at the end of the day
    pallet_size INTEGER,
    PRIMARY KEY (job_id, month, day, sku)
);

CREATE TABLE charge_report_receipts (
    job_id    VARCHAR NOT NULL,
    month     DATE NOT NULL,
    day       DATE NOT NULL,
    reference VARCHAR NOT NULL,                 -- of the delivery, or of its entry in the ledger
    units     INTEGER NOT NULL,
    PRIMARY KEY (job_id, month, day, reference)
);
