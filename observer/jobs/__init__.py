"""One module per job: the only place where rules and doors meet."""
