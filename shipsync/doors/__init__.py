"""Doors: everything that speaks outward. A door never decides and never reads the clock."""
