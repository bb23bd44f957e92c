"""ShipStation's own lists: carriers, services, stores. They give names to codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shipsync.rules.orders import CarrierAccount
from shipsync.rules.shipstation import Carrier, Service, Store
from shipsync.store.cursor import Cursor


def carrier_accounts(con: Cursor) -> list[CarrierAccount]:
    """Our carrier accounts, by id."""
    return [
        CarrierAccount(*row)
        for row in con.rows("SELECT provider_id, code, is_primary FROM carriers ORDER BY provider_id")
    ]


def service_names(con: Cursor) -> dict[tuple[str, str], str]:
    """(carrier code, service code) -> the name people know the service by."""
    return {
        (carrier, service): name
        for carrier, service, name in con.rows("SELECT carrier_code, service_code, name FROM carrier_services")
    }


def reference_age(con: Cursor) -> datetime | None:
    """When carriers and services were last fetched; None if never."""
    newest: datetime | None = con.value("SELECT max(updated_at) FROM carriers")
    return newest


def replace_reference(
    con: Cursor, carriers: Sequence[Carrier], services: Sequence[Service], stores: Sequence[Store], now: datetime
) -> None:
    """Take in the lists as ShipStation has them now. A service that is gone keeps its name: old orders show it."""
    con.execute("DELETE FROM carriers")
    for carrier in {one.provider_id: one for one in carriers}.values():
        con.execute(
            """
            INSERT INTO carriers (provider_id, code, name, account_number, is_primary, updated_at)
            VALUES ($provider_id, $code, $name, $account_number, $is_primary, $now)
            """,
            {
                "provider_id": carrier.provider_id,
                "code": carrier.code,
                "name": carrier.name,
                "account_number": carrier.account_number,
                "is_primary": carrier.is_primary,
                "now": now,
            },
        )
    for service in services:
        con.execute(
            """
            INSERT INTO carrier_services (carrier_code, service_code, name, updated_at)
            VALUES ($carrier, $code, $name, $now)
            ON CONFLICT (carrier_code, service_code) DO UPDATE SET
                name = excluded.name, updated_at = excluded.updated_at
            """,
            {"carrier": service.carrier_code, "code": service.code, "name": service.name, "now": now},
        )
    for store in stores:
        con.execute(
            """
            INSERT INTO stores (store_id, name, marketplace, is_active, updated_at)
            VALUES ($store_id, $name, $marketplace, $is_active, $now)
            ON CONFLICT (store_id) DO UPDATE SET
                name = excluded.name,
                marketplace = excluded.marketplace,
                is_active = excluded.is_active,
                updated_at = excluded.updated_at
            """,
            {
                "store_id": store.store_id,
                "name": store.name,
                "marketplace": store.marketplace,
                "is_active": store.is_active,
                "now": now,
            },
        )


def name_services(con: Cursor) -> None:
    """Fill in service names on orders whose service was unknown when they were taken in."""
    con.execute(
        """
        UPDATE orders_inbox
        SET shipping_service_name = s.name
        FROM carrier_services s
        WHERE orders_inbox.shipping_carrier_code = s.carrier_code
          AND orders_inbox.shipping_service_code = s.service_code
          AND orders_inbox.shipping_service_name IS NULL
        """
    )
    con.execute(
        """
        UPDATE shipped_orders
        SET service_name = s.name
        FROM carrier_services s
        WHERE shipped_orders.carrier_code = s.carrier_code
          AND shipped_orders.service_code = s.service_code
          AND shipped_orders.service_name IS NULL
        """
    )


def copy_reference(source: Cursor, target: Cursor) -> None:
    """Put carriers and service names as they are in one database into another; its own go."""
    for table, names in (
        ("carriers", "provider_id, code, name, account_number, is_primary, updated_at"),
        ("carrier_services", "carrier_code, service_code, name, updated_at"),
    ):
        target.execute(f"DELETE FROM {table}")  # noqa: S608 - our names
        for row in source.rows(f"SELECT {names} FROM {table} ORDER BY ALL"):  # noqa: S608 - our names
            given = dict(zip(names.split(", "), row, strict=True))
            target.execute(
                f"INSERT INTO {table} ({names}) VALUES ({', '.join(f'${name}' for name in given)})",  # noqa: S608
                given,
            )
