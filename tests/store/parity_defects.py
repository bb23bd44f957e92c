"""What an engine might do wrong: mistakes as they show in its lane, and what a comparison has to name for each.

Each touches the lane `shadow`, which else is equal to production.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defect:
    """One mistake."""

    name: str
    sql: str  # one statement that makes it
    wanted: frozenset[str]  # 'entity.field', exactly these; without a field: that a record is there


Table = tuple[str, str]  # its name, and the column by which one record is chosen
ORDER: Table = ("orders_inbox", "shipstation_order_id")
ITEM: Table = ("order_items_inbox", "order_key")
SHIPPED_ORDER: Table = ("shipped_orders", "shipstation_order_id")
SHIPPED_ITEM: Table = ("shipped_items", "parcel_id")
LABEL: Table = ("shipments", "shipment_id")
MARK: Table = ("fulfillments", "fulfillment_id")

ANY = "true"
SHIPPED, OPEN = "status = 'shipped'", "status = 'awaiting_shipment' AND modified_at IS NOT NULL"
MANUAL = "source_system = 'ShipStation Manual'"
ANOTHER_ORDER = "order_key = (SELECT max(order_key) FROM main.order_items_inbox), line_no = 70"
HERE = "shipstation_order_id IN (SELECT shipstation_order_id FROM main.orders_inbox)"
PARCEL = "parcel_kind = 'shipment'"


def first(table: Table, where: str) -> str:
    """A condition for the first record of production for which another one holds."""
    name, key = table
    return f"{key} = (SELECT min({key}) FROM main.{name} WHERE {where})"  # noqa: S608


def update(table: Table, change: str, where: str) -> str:
    """A statement that changes one record."""
    return f"UPDATE shadow.{table[0]} SET {change} WHERE {first(table, where)}"  # noqa: S608


def copied(table: Table, change: str, condition: str = "") -> str:
    """A statement that adds a copy of the first record, with something changed."""
    name = table[0]
    return (
        f"INSERT INTO shadow.{name} SELECT * REPLACE ({change}) FROM main.{name} WHERE {first(table, ANY)} {condition}"  # noqa: S608
    )


def changed(name: str, table: Table, change: str, where: str, *wanted: str) -> Defect:
    """One record has another value."""
    return Defect(name, update(table, change, where), frozenset(wanted))


def lost(name: str, table: Table, where: str, *wanted: str) -> Defect:
    """One record is not there."""
    return Defect(name, f"DELETE FROM shadow.{table[0]} WHERE {first(table, where)}", frozenset(wanted))  # noqa: S608


DEFECTS = (
    changed("status one behind", ORDER, "status = 'awaiting_shipment'", SHIPPED, "order.status"),
    changed("status of a hold lost", ORDER, "status = 'on_hold'", OPEN, "order.status"),
    changed("cancelled and not seen", ORDER, "status = 'awaiting_payment'", OPEN, "order.status"),
    changed("carrier code dropped", ORDER, "shipping_carrier_code = NULL", SHIPPED, "order.shipping_carrier_code"),
    changed(
        "carrier code in capitals",
        ORDER,
        "shipping_carrier_code = upper(shipping_carrier_code)",
        SHIPPED,
        "order.shipping_carrier_code",
    ),
    changed(
        "carrier code empty for none",
        ORDER,
        "shipping_carrier_code = ''",
        "shipping_carrier_code IS NULL",
        "order.shipping_carrier_code",
    ),
    changed(
        "wrong carrier account",
        ORDER,
        "shipping_carrier_id = shipping_carrier_id + 1",
        "shipping_carrier_id IS NOT NULL",
        "order.shipping_carrier_id",
    ),
    changed(
        "carrier account dropped",
        ORDER,
        "shipping_carrier_id = NULL",
        "shipping_carrier_id IS NOT NULL",
        "order.shipping_carrier_id",
    ),
    changed("service code dropped", ORDER, "shipping_service_code = NULL", SHIPPED, "order.shipping_service_code"),
    changed(
        "service code of another service",
        ORDER,
        "shipping_service_code = 'fedex_2day_x'",
        SHIPPED,
        "order.shipping_service_code",
    ),
    changed("service name dropped", ORDER, "shipping_service_name = NULL", SHIPPED, "order.shipping_service_name"),
    changed(
        "code in place of the service name",
        ORDER,
        "shipping_service_name = shipping_service_code",
        SHIPPED,
        "order.shipping_service_name",
    ),
    changed(
        "stale tracking", ORDER, "tracking_number = '1Z999'", "tracking_number IS NOT NULL", "order.tracking_number"
    ),
    changed(
        "tracking dropped", ORDER, "tracking_number = NULL", "tracking_number IS NOT NULL", "order.tracking_number"
    ),
    changed(
        "tracking with a space",
        ORDER,
        "tracking_number = tracking_number || ' '",
        "tracking_number IS NOT NULL",
        "order.tracking_number",
    ),
    changed("tracking of an order not shipped", ORDER, "tracking_number = '1Z999'", OPEN, "order.tracking_number"),
    changed("lost second", ORDER, "modified_at = modified_at - INTERVAL 1 SECOND", SHIPPED, "order.modified_at"),
    changed(
        "lost fraction of a second",
        ORDER,
        "modified_at = date_trunc('second', modified_at) - INTERVAL 1 MILLISECOND",
        SHIPPED,
        "order.modified_at",
    ),
    changed("wrong zone", ORDER, "modified_at = modified_at - INTERVAL 7 HOUR", SHIPPED, "order.modified_at"),
    changed(
        "wrong zone of the order date",
        ORDER,
        "ordered_at = ordered_at + INTERVAL 8 HOUR",
        "ordered_at IS NOT NULL",
        "order.ordered_at",
    ),
    changed(
        "late route",
        ORDER,
        "modified_at = modified_at - INTERVAL 9 HOUR, status = 'awaiting_shipment', tracking_number = NULL",
        SHIPPED,
        "order.modified_at",
        "order.status",
        "order.tracking_number",
    ),
    changed("ship date one day off", ORDER, "ship_date = ship_date + 1", "ship_date IS NOT NULL", "order.ship_date"),
    changed("hold date dropped", ORDER, "hold_until = CAST('2026-09-20' AS DATE)", OPEN, "order.hold_until"),
    changed("a cent of the total", ORDER, "order_total = order_total + 0.01", MANUAL, "order.order_total"),
    changed("total dropped", ORDER, "order_total = NULL", MANUAL, "order.order_total"),
    changed("street dropped", ORDER, "ship_street1 = NULL", "ship_street1 IS NOT NULL", "order.ship_street1"),
    changed(
        "name and city swapped",
        ORDER,
        "ship_name = ship_city, ship_city = ship_name",
        "ship_name <> ship_city",
        "order.ship_city",
        "order.ship_name",
    ),
    changed(
        "postal code without its zero",
        ORDER,
        "ship_postal_code = '0' || ship_postal_code",
        "ship_postal_code IS NOT NULL",
        "order.ship_postal_code",
    ),
    changed("mail address of another order", ORDER, "email = 'other@example.com'", MANUAL, "order.email"),
    changed(
        "requested service dropped", ORDER, "requested_service = 'Overnight x'", SHIPPED, "order.requested_service"
    ),
    lost("order missing", ORDER, OPEN, "order.", "order_item."),
    Defect(
        "page off by one",
        "DELETE FROM shadow.orders_inbox WHERE shipstation_order_id % 50 = 0",
        frozenset({"order.", "order_item."}),
    ),
    changed("order that nobody has", ORDER, "shipstation_order_id = 999", OPEN, "order.", "order_item."),
    changed("order not linked", ORDER, "shipstation_order_id = NULL", OPEN, "order.", "order_item."),
    Defect("order twice", copied(ORDER, "order_key || '?' AS order_key"), frozenset({"order."})),
    changed(
        "taken for another source",
        ORDER,
        "source_system = 'X-Cart'",
        MANUAL,
        "order.source_system",
        "order.order_total",
    ),
    changed("another order's number", ORDER, "order_number = '999999'", SHIPPED, "order.order_number"),
    changed("another order's key", ORDER, "order_key = 'shipstation:1'", OPEN, "order.order_key", "order_item."),
    changed("taken for a part", ORDER, "parent_order_id = 1", SHIPPED, "order.parent_order_id"),
    changed("quantity one less", ITEM, "quantity = quantity - 1", ANY, "order_item.lines", "order_item.quantity"),
    Defect(
        "double item",
        copied(ITEM, "line_no + 50 AS line_no", "AND line_no = 1"),
        frozenset({"order_item.lines", "order_item.quantity"}),
    ),
    lost("item missing", ITEM, ANY, "order_item."),
    Defect(
        "item of another order",
        update(ITEM, ANOTHER_ORDER, "line_no = 1") + " AND line_no = 1",
        frozenset({"order_item."}),
    ),
    Defect(
        "line split in two",
        copied(ITEM, "line_no + 50 AS line_no, 0 AS quantity", "AND line_no = 1"),
        frozenset({"order_item.lines"}),
    ),
    changed("swapped lot", ITEM, "lot = '999999'", "lot IS NOT NULL", "order_item.lot"),
    changed(
        "lot dropped", ITEM, "lot = NULL, sku_lot = base_sku", "lot IS NOT NULL", "order_item.lot", "order_item.sku_lot"
    ),
    changed("another SKU text", ITEM, "sku = '17612 - 999999'", "sku IS NOT NULL", "order_item."),
    changed("SKU read wrongly", ITEM, "base_sku = '1761'", "base_sku IS NOT NULL", "order_item.base_sku"),
    changed(
        "price of a cent less",
        ITEM,
        "unit_price = unit_price - 0.01",
        "unit_price IS NOT NULL",
        "order_item.unit_price",
    ),
    lost("shipped order missing", SHIPPED_ORDER, ANY, "shipped_order."),
    Defect(
        "shipped order that has not left",
        copied(SHIPPED_ORDER, "999 AS shipstation_order_id"),
        frozenset({"shipped_order."}),
    ),
    changed("shipped a day early", SHIPPED_ORDER, "ship_date = ship_date - 1", ANY, "shipped_order.ship_date"),
    changed(
        "last ship date off", SHIPPED_ORDER, "last_ship_date = last_ship_date + 1", ANY, "shipped_order.last_ship_date"
    ),
    changed(
        "a parcel not counted", SHIPPED_ORDER, "parcel_count = parcel_count - 1", ANY, "shipped_order.parcel_count"
    ),
    changed("shipped by another carrier", SHIPPED_ORDER, "carrier_code = 'dhl_x'", ANY, "shipped_order.carrier_code"),
    changed("consignee dropped", SHIPPED_ORDER, "ship_name = NULL", "ship_name IS NOT NULL", "shipped_order.ship_name"),
    lost("shipped item missing", SHIPPED_ITEM, PARCEL, "shipped_item."),
    Defect("missed void", copied(SHIPPED_ITEM, "999 AS parcel_id, 999 AS shipment_id"), frozenset({"shipped_item."})),
    changed(
        "shipped units wrong",
        SHIPPED_ITEM,
        "quantity = quantity + 1",
        PARCEL,
        "shipped_item.lines",
        "shipped_item.quantity",
    ),
    changed("shipped lot swapped", SHIPPED_ITEM, "lot = '999999'", f"lot IS NOT NULL AND {PARCEL}", "shipped_item.lot"),
    changed(
        "item of another order's parcel",
        SHIPPED_ITEM,
        "shipstation_order_id = 999",
        PARCEL,
        "shipped_item.shipstation_order_id",
    ),
    changed("item shipped a day later", SHIPPED_ITEM, "ship_date = ship_date + 1", PARCEL, "shipped_item.ship_date"),
    changed("item with stale tracking", SHIPPED_ITEM, "tracking_number = 'T'", PARCEL, "shipped_item.tracking_number"),
    changed(
        "counted as a mark, not as its label", SHIPPED_ITEM, "parcel_kind = 'fulfillment'", PARCEL, "shipped_item."
    ),
    lost("shipment missing", LABEL, ANY, "shipment."),
    changed(
        "void not seen", LABEL, "voided = false, voided_at = NULL", "voided", "shipment.voided", "shipment.voided_at"
    ),
    changed("void of the wrong label", LABEL, "voided = true", "NOT voided", "shipment.voided"),
    changed("a cent of the cost", LABEL, "shipment_cost = shipment_cost + 0.01", ANY, "shipment.shipment_cost"),
    changed("insurance dropped", LABEL, "insurance_cost = insurance_cost + 1", ANY, "shipment.insurance_cost"),
    changed("label of another order", LABEL, "shipstation_order_id = 999", ANY, "shipment.shipstation_order_id"),
    changed(
        "label bought an hour later", LABEL, "created_at = created_at + INTERVAL 1 HOUR", ANY, "shipment.created_at"
    ),
    changed(
        "label's date one day off", LABEL, "ship_date = ship_date + 1", "ship_date IS NOT NULL", "shipment.ship_date"
    ),
    changed(
        "return label taken for one that left",
        LABEL,
        "is_return_label = NOT is_return_label",
        ANY,
        "shipment.is_return_label",
    ),
    changed("label's service of another", LABEL, "service_code = 'x'", ANY, "shipment.service_code"),
    changed("label's tracking stale", LABEL, "tracking_number = 'T'", ANY, "shipment.tracking_number"),
    changed(
        "warehouse of another", LABEL, "warehouse_id = coalesce(warehouse_id, 0) + 1", ANY, "shipment.warehouse_id"
    ),
    lost("mark as shipped missing", MARK, HERE, "fulfillment."),
    changed("mark's date off", MARK, "ship_date = ship_date + 1", HERE, "fulfillment.ship_date"),
    changed(
        "mark's fee of a cent", MARK, "fulfillment_fee = fulfillment_fee + 0.01", HERE, "fulfillment.fulfillment_fee"
    ),
    changed("void of a mark not seen", MARK, "voided = NOT voided", HERE, "fulfillment.voided"),
)
