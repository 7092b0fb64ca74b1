"""What happened: contract versions, snapshots, runs and check results, in SQLite or PostgreSQL."""
