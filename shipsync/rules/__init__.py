"""Rules: data in, data out. Nothing here reads a clock, a file, a database or the network."""
