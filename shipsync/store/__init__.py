"""All SQL, one function per question; `db.py` opens the one DuckDB file (DESIGN D1, D22)."""
