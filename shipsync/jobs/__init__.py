"""When work is done, and that it is done once: queue, worker, lease, schedule (DESIGN D7, D8)."""
