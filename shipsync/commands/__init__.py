"""What the commands do. Each module imports heavy things only where it needs them: `--help` must be quick."""
