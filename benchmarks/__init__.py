"""How fast it is, measured beside hand-written SQL and beside peers in one run: `python -m benchmarks`."""
