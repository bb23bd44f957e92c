"""What is done to a database file in a process of its own: copying it, and looking through a copy.

Copying needs one because DuckDB's lock is a POSIX lock: a process that opens and closes its own database file gives
the lock away. Looking through needs one because a damaged file may take its process down. Called by `backup.py`:

    python child.py copy SOURCE TARGET      copy, down to the disk
    python child.py look FILE               open read-only, read every value, print {table: rows} as JSON
"""

from __future__ import annotations

import json
import os
import shutil
import sys


def copy(source: str, target: str) -> None:
    """Copy a file and see it onto the disk."""
    shutil.copyfile(source, target)
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def look(path: str) -> dict[str, int]:
    """Rows of every table. Every block is read, so its checksum is verified. Errors are DuckDB's own."""
    import duckdb

    raw = duckdb.connect(path, read_only=True)
    tables = raw.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary ORDER BY ALL"
    ).fetchall()
    counts = {}
    for schema, table in tables:
        # Names from the catalogue, quoted; the hash makes DuckDB read the columns and not only count.
        sql = f'SELECT count(*), bit_xor(hash(t)) FROM "{schema}"."{table}" t'  # noqa: S608
        counts[f"{schema}.{table}"] = raw.execute(sql).fetchall()[0][0]
    raw.close()
    return counts


if __name__ == "__main__":
    if sys.argv[1] == "copy":
        copy(sys.argv[2], sys.argv[3])
    else:
        print(json.dumps(look(sys.argv[2])))
