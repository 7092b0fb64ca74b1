"""The HTTP face: health, metrics, past runs as JSON, and asking for a run."""
