"""Who bills whom, and how it is to be paid: what stands on an invoice besides its figures."""

from __future__ import annotations

# Names of `settings`, and what is taken while nobody has set them. The firm's name is the letterhead's.
FIRM_ADDRESS = "firm_address"
CLIENT = "client"
CLIENT_ADDRESS = "client_address"
CURRENCY = "currency"
PAYMENT_DAYS = "payment_days"

DEFAULT_CURRENCY = "USD"
DEFAULT_PAYMENT_DAYS = 30
LONGEST_ADDRESS = 300  # characters
LONGEST_PAYMENT_DAYS = 365
