"""The embedded ShipStation: a seeded world, served over real HTTP, with switches for faults (DESIGN D21).

    World (what is so) --- Server (how ShipStation says it) --- Faults (how it goes wrong)
      |                                                            clock: RealClock or VirtualClock
      +-- ShopFeed (the X-Cart shop's orders.xml)

It stands alone: nothing here knows the store, the doors or the jobs. `docs/sandbox.md` says how to run it.
"""
