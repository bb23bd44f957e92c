"""The X-Cart shop's side: a rolling XML dump of its orders, always under one name (facts/domain.md section 1.3).

The dump is no delta: it holds every order of the last days, and an order that was edited stands in it twice, the later
version at the end. Names are double-escaped, as the shop's exporter does it. Only uploading brings an order into
ShipStation; this file is all that a client gets to see of it.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from xml.sax.saxutils import escape

from shipsync.sandbox.objects import Customer, ShopLine, ShopOrder
from shipsync.sandbox.world import World

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<orders>\n'
_FOOT = "</orders>\n"


class ShopFeed:
    """Writes `orders.xml` of a world's shop into a folder: the orders of the last `days`."""

    def __init__(self, world: World, folder: Path, *, days: float = 14, name: str = "orders.xml") -> None:
        self._world = world
        self._days = days
        self.path = folder / name
        self._texts: dict[tuple[str, int], str] = {}  # by order number and version

    def write(self, *, half: bool = False) -> Path:
        """Write the dump as of the world's now, in one move; `half` leaves a file whose writer has stopped midway."""
        content = self.text().encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if half:
            self.path.write_bytes(content[: len(content) // 2])
            return self.path
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.write_bytes(content)
        os.replace(fresh, self.path)
        return self.path

    def text(self) -> str:
        """The dump as text."""
        with self._world.lock:
            oldest = self._world.now - timedelta(days=self._days)
            orders = [order for order in self._world.shop_orders.values() if order.placed >= oldest]
            first = [self._version(order, 0) for order in orders]
            edited = [self._version(order, place) for order in orders for place in range(1, len(order.versions))]
        return _HEAD + "".join(first) + "".join(edited) + _FOOT

    def _version(self, order: ShopOrder, place: int) -> str:
        known = self._texts.get((order.number, place))
        if known is None:
            known = self._texts[order.number, place] = self._order(order, order.versions[place])
        return known

    def _order(self, order: ShopOrder, lines: tuple[ShopLine, ...]) -> str:
        customer = order.customer
        # Every tenth customer has no billing address of their own.
        billing = _address("b", customer) if customer.customer_id % 10 else _address("b", None)
        parts = [
            _element("orderid", order.number),
            _element("date", str(int(order.placed.timestamp()))),
            _element("date2", f"{order.placed.astimezone(self._world.zone):%Y-%m-%d %H:%M:%S}"),
            _element("dentistcode", customer.code),
            _element("shipping", order.shipping_method),
            _element("company", customer.company),
            _element("email", customer.email),
            *_address("s", customer),
            *billing,
            _element("shipping_cost", str(order.shipping_cost)),
            _element("customerid", str(customer.customer_id)),
            *(_detail(order.number, line) for line in lines),
        ]
        return "  <order>\n    " + "\n    ".join(parts) + "\n  </order>\n"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else f"<{name}/>"


def _address(prefix: str, customer: Customer | None) -> list[str]:
    """The nine fields of an address, empty without a customer."""
    fields = {
        "firstname": customer.first_name if customer else "",
        "lastname": customer.last_name if customer else "",
        "company": customer.company if customer else "",
        "address": customer.street if customer else "",
        "city": customer.city if customer else "",
        "state": customer.state if customer else "",
        "zipcode": customer.postal_code if customer else "",
        "country": customer.country if customer else "",
        "phone": customer.phone if customer else "",
    }
    return [_element(f"{prefix}_{name}", text) for name, text in fields.items()]


def _detail(number: str, line: ShopLine) -> str:
    amount = "" if line.amount is None else f"<amount>{line.amount}</amount>"
    return (
        f"<order_detail><orderid>{number}</orderid>{amount}"
        f"{_element('product', line.name)}{_element('productid', line.product_id)}</order_detail>"
    )
