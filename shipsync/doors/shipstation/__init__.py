"""The door to ShipStation V1: reading and uploading orders over HTTP (API.md).

client    class ShipStation, what can be asked
reading   how lists are read page by page while their rows move
records   JSON rows -> records; writing: records -> JSON
transport one retry layer; rate: our share of 40 a minute; wire: one exchange, limited in time and size
dates     Pacific <-> UTC, here and nowhere else
"""

from shipsync.doors.shipstation.client import ShipStation
from shipsync.doors.shipstation.reading import Page
from shipsync.doors.shipstation.records import read_page
from shipsync.doors.shipstation.wire import Limits

__all__ = ["Limits", "Page", "ShipStation", "read_page"]
