"""Procedures: what a job does, step by step. Each reads, decides (rules/), and writes."""
