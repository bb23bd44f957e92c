"""Reports as bytes: what leaves the application as a file."""
