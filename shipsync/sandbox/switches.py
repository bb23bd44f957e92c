"""What nobody outside knows about ShipStation, as switches (API.md section 10).

Each default is the likelier or the harsher reading. A test that depends on one of them states it; a client that works
with every setting needs no answer from a live account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Switches:
    """One field per unknown; the number is the one in API.md section 10."""

    # 1. Does a row stamped exactly at a window's edge belong to the window?
    start_inclusive: bool = True
    end_inclusive: bool = True
    # 1. False: fractions of a second in a query are cut off.
    subsecond_queries: bool = True
    # 2. The answer to a date that cannot be read.
    bad_date: Literal["400", "500", "ignored"] = "400"
    # 2. The answer to pageSize 501 and to page 0.
    oversized_page: Literal["clamped", "400"] = "clamped"
    page_zero: Literal["first", "400"] = "first"
    # 3. Bodies of 401 and 404: {"message"}, {"Message"}, or nothing.
    unauthorized_body: Literal["documented", "aspnet", "empty"] = "documented"
    not_found_body: Literal["documented", "aspnet", "empty"] = "aspnet"
    # 4. createorder on an order that is shipped, cancelled or merged away.
    locked_order: Literal["error", "unchanged"] = "error"
    # 5. createorders: the id in a failed row, and whether results keep the order of the request.
    failed_row_order_id: Literal["zero", "null"] = "zero"
    results_shuffled: bool = False
    # 6. Which deeds move modifyDate.
    void_moves_modify: bool = True
    tag_moves_modify: bool = True
    note_moves_modify: bool = True
    restore_moves_modify: bool = True
    # 7. Seconds until a changed object shows in lists; `Faults.lag` sets it while running.
    visibility_lag_s: float = 0.0
    # 8. GET by id of a deleted order.
    deleted_by_id: Literal["404", "shown"] = "404"
    # 8. createorder with the key of a deleted order.
    repost_deleted: Literal["new", "error"] = "new"
    # 10. X-Rate-Limit-Remaining: left after this call, before it, or now this now that (recorded: both).
    remaining: Literal["after", "before", "mixed"] = "mixed"
    # 11. "Z" and offsets in query dates.
    query_offsets: Literal["honoured", "ignored"] = "honoured"
    # 12. Does a 429 carry Retry-After?
    retry_after_on_429: bool = False
    # 13. orderNumber on /shipments and /fulfillments.
    shipments_number: Literal["exact", "prefix"] = "exact"
    # 14. Days that GET /orders without any filter goes back; None: all orders.
    recent_days: int | None = None
    # 15. markasshipped on an order that is shipped already.
    mark_shipped_twice: Literal["again", "error"] = "again"
    # 16. More than 100 orders in one createorders.
    oversized_batch: Literal["400", "500"] = "400"
    # 17. createorder: fields left out of an update.
    omitted_fields: Literal["lost", "kept"] = "lost"
    # 18. A carrier corrects a label's cost days later; no date of the shipment moves.
    cost_corrections: bool = False
    # 19. The order's status after a part of it was shipped.
    partly_shipped_status: Literal["awaiting_shipment", "shipped"] = "awaiting_shipment"
    # 21. Does a hold that ends by date move modifyDate?
    hold_end_moves_modify: bool = True
    # `pages` in list envelopes: recorded right on /orders, 0 beside rows on other lists (API.md section 0, fact 6).
    pages: Literal["as_recorded", "right", "zero"] = "as_recorded"
    # Page size when none is asked for.
    default_page_size: int = 100
    # Seconds after creation at which the account's automation rewrites an order; None: no automation.
    automation_after_s: float | None = 18.5
    # orderKey of the child of a split: its parent's, or one of its own.
    split_child_key: Literal["same", "new"] = "same"
    # shipmentItems of a label bought while the items were on another label already.
    itemless_label: Literal["null", "empty"] = "null"
    # Does a return label list the order's items?
    return_label_items: bool = True
    # Rows with one and the same date: sorted by id, or differently on every request.
    ties: Literal["by_id", "unstable"] = "by_id"
