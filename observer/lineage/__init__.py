"""Runs as OpenLineage events. In: what a run found. Out: documents for the outbox, and their way to a receiver."""
