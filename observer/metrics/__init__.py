"""Prometheus: what `/metrics` shows. In: how things stand, and what this process counted. Out: one registry."""
