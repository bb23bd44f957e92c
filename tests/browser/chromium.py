"""Finds a Chromium for the browser tests, or installs one where that can be done: `python -m tests.browser.chromium`.

Debian's package first, because it needs nothing but the package registry; Playwright's own build where the internet is
open. The tests take whatever `find` finds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAYS = (
    (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]),
    ([sys.executable, "-m", "playwright", "install", "chromium"],),
)


def find() -> str | None:
    """The path of a Chromium on this machine, CHROMIUM in the environment first; None if there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    built = sorted(Path.home().glob(".cache/ms-playwright/chromium-*/chrome-linux*/chrome"))
    return str(built[-1]) if built else None


def main() -> None:
    """Install one unless there is one. Ends well in any case: the tests say what it means if there is none."""
    for commands in WAYS:
        if find() is not None:
            return
        for command in commands:
            if shutil.which(command[0]) is None:
                break
            print(f"No Chromium yet; trying: {' '.join(command[:4])} ...", flush=True)
            if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
                break


if __name__ == "__main__":
    main()
