"""Benchmarks: one command each, with public tools only. Figures are of whole processes; quote medians."""
