"""The one process (DESIGN D1): worker, schedule, pages and HTTP routes start and stop with the server.

    lifespan   open the database, recover, start worker and schedule -> serve -> let the step finish, close

It needs no browser, and each is there once, however many tabs are open.
"""

from __future__ import annotations

import gc
import importlib
import ipaddress
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import streamlit as st
from starlette.routing import BaseRoute

from shipsync import runtime
from shipsync.config import load_settings
from shipsync.doors.server import Address, announced
from shipsync.errors import Busy, ConfigurationError, ShipsyncError
from shipsync.web import api, downloads

log = logging.getLogger(__name__)

PAGE_SCRIPT = Path(__file__).parent / "main.py"
# What the first visits would load otherwise.
LOADED_AHEAD = ("pandas", "plotly.graph_objects", "plotly.io", "altair", "shipsync.web.frame")
FAILED, USAGE, BUSY = 1, 2, 3  # exit codes, the command line's (DESIGN section 5)


def run(app: st.App) -> None:
    """Serve until stopped. Exits with a sentence for each problem that can be seen before starting."""
    try:
        settings = load_settings(os.environ)
    except ConfigurationError as error:
        sys.exit(_say(error, USAGE))
    if len(sys.argv) > 1:
        sys.exit(
            "python app.py takes no options: set SHIPSYNC_PORT, or use `streamlit run app.py` with Streamlit's own."
        )
    app.run(config={"server.port": settings.port})


def routes() -> Sequence[BaseRoute]:
    """Everything that is not a page (DESIGN section 5)."""
    return api.ROUTES


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Start before the first visit, stop after the last: what `st.App` runs around serving."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    with ExitStack() as stack:
        try:
            refuse_other_addresses(str(st.get_option("server.address") or "0.0.0.0"))  # noqa: S104 - Streamlit's default
            await anyio.to_thread.run_sync(_start, stack)
        except ShipsyncError as error:
            # Uvicorn would print fifty lines of traceback around the one sentence that helps.
            stack.close()
            os._exit(_say(error, BUSY if isinstance(error, Busy) else USAGE))
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(stack.close)


def refuse_other_addresses(address: str) -> None:
    """Raise ConfigurationError for an address that others could reach: there is no sign-in to keep them out."""
    if address == "localhost":
        return
    try:
        if ipaddress.ip_address(address).is_loopback:
            return
    except ValueError:
        pass
    raise ConfigurationError(
        [
            f"shipsync has no sign-in yet and does not listen on {address}, where others could reach it. "
            "Leave server.address at 127.0.0.1 and put a proxy with a sign-in before it (docs/operating.md)."
        ]
    )


def _start(stack: ExitStack) -> None:
    downloads.keep_made_files()
    app = stack.enter_context(runtime.open_app(load_settings(os.environ)))
    stack.enter_context(runtime.published(app))
    app.start()
    stack.callback(app.stop)
    address = Address(_url(), os.getpid(), app.owner)
    stack.enter_context(announced(app.settings.database_path, address))
    log.info("running on %s", app.settings.database_path)
    threading.Thread(target=_settle_memory, name="settle-memory", daemon=True).start()


def _settle_memory() -> None:
    """Load what pages need, and take all of it out of the garbage collector's sight.

    Streamlit collects everything after each run of a script or fragment. With some 400,000 objects of libraries in
    sight that is 80 ms of one core for each tick of each open tab (measured); without them it is next to nothing.
    """
    for name in LOADED_AHEAD:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _url() -> str:
    address = str(st.get_option("server.address"))
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{st.get_option('server.port')}"


def _say(error: ShipsyncError, code: int) -> int:
    print(error, file=sys.stderr, flush=True)
    return code
