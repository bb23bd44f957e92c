"""Asking the embedded ShipStation in tests, with plain requests and none of our client's code."""

from __future__ import annotations

from typing import Any

import requests

from shipsync.sandbox.server import Server


def call(server: Server, method: str, path: str, document: object = None, **query: object) -> requests.Response:
    """One request on a connection of its own."""
    with requests.Session() as session:
        session.auth = ("sandbox", "sandbox")
        return session.request(method, server.url + path, params=query, json=document, timeout=5)  # type: ignore[arg-type]


def get(server: Server, path: str, **query: object) -> Any:
    """The JSON of a GET that went well."""
    response = call(server, "GET", path, **query)
    assert response.status_code == 200, response.text
    return response.json()


def post(server: Server, path: str, document: object) -> requests.Response:
    """One POST with a JSON body."""
    return call(server, "POST", path, document)


def a_document(number: str = "700015", **changes: object) -> dict[str, Any]:
    """An order as a client uploads it; `changes` replace what is named."""
    return {
        "orderNumber": number,
        "orderKey": f"shipsync:X-Cart:{number}",
        "orderDate": "2026-11-16T09:00:00",
        "orderStatus": "awaiting_shipment",
        "customerEmail": "buyer@example.com",
        "billTo": {"name": "Robin Sample"},
        "shipTo": {
            "name": "Robin Sample",
            "company": "Harbor Family Clinic",
            "street1": "12 Example Way",
            "city": "Duluth",
            "state": "MN",
            "postalCode": "55802",
            "country": "US",
        },
        "items": [{"lineItemKey": "1", "sku": "17612 - 250237", "name": "Rinse, case", "quantity": 2, "unitPrice": 0}],
        **changes,
    }
