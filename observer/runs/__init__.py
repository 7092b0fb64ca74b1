"""Rules of the life of runs: slots of a schedule, terms of a leader, deliveries, how things stand."""
