"""The house (DESIGN section 2): imports point one way, and each room touches only what it may."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Which of our rooms a room may import, besides itself.
MAY_IMPORT = {
    "errors": set(),
    "rules": {"errors"},
    "store": {"rules", "errors"},
    "documents": {"rules", "errors"},
    "doors": {"rules", "errors"},
    "sandbox": {"rules", "errors"},
    "procedures": {"doors", "documents", "store", "rules", "errors", "config"},
    "jobs": {"procedures", "store", "rules", "errors"},
    "config": {"errors"},
    "past": {"runtime", "stockroom", "jobs", "procedures", "store", "sandbox", "errors"},  # of runtime a type only
    "stockroom": {"runtime", "procedures", "store", "sandbox", "rules"},  # of runtime a type only
    "runtime": {"config", "past", "jobs", "procedures", "doors", "documents", "store", "rules", "sandbox", "errors"},
    "invariants": {"runtime", "store", "sandbox"},
    "simulation": {"config", "runtime", "invariants", "procedures", "doors", "store", "rules", "sandbox", "errors"},
    "desk": {"runtime", "jobs", "procedures", "doors", "store", "rules", "errors"},
    "commands": {"desk", "config", "runtime", "simulation", "doors", "store", "errors"},
    "web": {"desk", "runtime", "config", "jobs", "procedures", "doors", "documents", "store", "rules", "errors"},
    "pages": {
        "web",
        "desk",
        "runtime",
        "config",
        "jobs",
        "procedures",
        "doors",
        "documents",
        "store",
        "rules",
        "errors",
    },
    "app": {"web"},
    "__main__": {"commands", "desk", "config", "errors"},
    "__init__": set(),
}

# Which outside package only some rooms may import.
ONLY_IN = {
    "duckdb": {"store"},
    "pyarrow": {"store"},
    "streamlit": {"web", "pages", "app"},
    "plotly": {"web", "pages", "documents"},
    "starlette": {"web"},
    "prometheus_client": {"web"},
    "requests": {"doors"},
    "apscheduler": {"jobs"},
    "typst": {"documents"},
    "xlsxwriter": {"documents"},
}

# Rooms that are told the time and never ask for it.
CLOCKLESS = {"rules", "store", "doors", "documents"}
CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.monotonic",
               "time.sleep", "time.perf_counter"}  # fmt: skip


def sources() -> list[Path]:
    return [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "shipsync").rglob("*.py"))]


def room_of(path: Path) -> str:
    if not path.is_relative_to(ROOT / "shipsync"):
        return path.relative_to(ROOT).parts[0].removesuffix(".py")
    inside = path.relative_to(ROOT / "shipsync")
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            if node.module == "shipsync":
                yield from (f"shipsync.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(path)
    ours = {name.split(".")[1] for name in imported(ast.parse(path.read_text())) if name.startswith("shipsync.")}
    assert ours - MAY_IMPORT[room] - {room} == set()


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_outside_packages_stay_in_their_rooms(path: Path) -> None:
    packages = {name.split(".")[0] for name in imported(ast.parse(path.read_text()))}
    strays = {package for package in packages & set(ONLY_IN) if room_of(path) not in ONLY_IN[package]}
    assert strays == set()


@pytest.mark.parametrize(
    "path", [path for path in sources() if room_of(path) in CLOCKLESS], ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_time_is_an_argument(path: Path) -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    assert calls & CLOCK_CALLS == set()


def test_duckdb_is_used_as_measured() -> None:
    for path in sources():
        text = path.read_text()
        assert "fetchone(" not in text, path
    for path in (ROOT / "shipsync" / "store" / "migrations").glob("*.sql"):
        statements = "\n".join(line.split("--")[0] for line in path.read_text().upper().splitlines())
        for refused in ("CREATE INDEX", "CREATE UNIQUE INDEX", "FOREIGN KEY", "REFERENCES", "CREATE SEQUENCE"):
            assert refused not in statements, (path, refused)
