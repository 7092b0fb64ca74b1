"""What is timed: each module is a process that serves rounds (see `benchmarks.rounds`)."""
