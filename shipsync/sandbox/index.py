"""A sorted list of ids, by wall time or by nothing but the id, fast at a million entries."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from datetime import datetime

from shipsync.sandbox.pacific import wall, wall_ms

_ID_BITS = 44  # ids of ShipStation are far below 2^44; wall time in front of it makes one sortable whole number
_ID_MASK = (1 << _ID_BITS) - 1


class Index:
    """Ids sorted by (milliseconds of wall time, id).

    Inserting near the end, which is where new and changed rows go, costs microseconds at any length.
    """

    def __init__(self) -> None:
        self._keys: list[int] = []

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, ms: int, entity_id: int) -> None:
        """Put an id in its place."""
        key = (ms << _ID_BITS) | entity_id
        if not self._keys or key > self._keys[-1]:
            self._keys.append(key)
        else:
            insort(self._keys, key)

    def add_many(self, pairs: list[tuple[int, int]]) -> None:
        """Put many (milliseconds, id) in place at once."""
        self._keys.extend((ms << _ID_BITS) | entity_id for ms, entity_id in pairs)
        self._keys.sort()

    def remove(self, ms: int, entity_id: int) -> None:
        """Take an id out; it must be there under these milliseconds."""
        key = (ms << _ID_BITS) | entity_id
        place = bisect_left(self._keys, key)
        if place == len(self._keys) or self._keys[place] != key:
            raise KeyError(entity_id)
        del self._keys[place]

    def between(self, first_ms: int | None, last_ms: int | None) -> tuple[int, int]:
        """The half-open range of places whose milliseconds lie in [first, last]; None leaves a side open."""
        low = 0 if first_ms is None else bisect_left(self._keys, first_ms << _ID_BITS)
        high = len(self._keys) if last_ms is None else bisect_right(self._keys, ((last_ms + 1) << _ID_BITS) - 1)
        return low, max(low, high)

    def between_instants(self, first: datetime, last: datetime) -> tuple[int, int]:
        """The same for instants, by their wall time."""
        return self.between(wall_ms(wall(first)), wall_ms(wall(last)))

    def ids(self, low: int = 0, high: int | None = None) -> list[int]:
        """The ids at places low to high, in order."""
        return [key & _ID_MASK for key in self._keys[low:high]]

    def at(self, place: int) -> int:
        """The id at one place."""
        return self._keys[place] & _ID_MASK
