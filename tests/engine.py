"""The engine without its pages, for tests that start and kill it often: `python -m tests.engine`.

Schedule and worker as the server starts them, with the same settings, a second sooner.
"""

from __future__ import annotations

import logging
import os
import signal
import threading

from shipsync.config import load_settings
from shipsync.runtime import open_app


def main() -> None:
    """Run until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    settings = load_settings(os.environ)
    with open_app(settings) as app:
        app.start()
        print(f"Running on {settings.database_path}.", flush=True)
        stop.wait()
        app.stop()


if __name__ == "__main__":
    main()
