"""Alembic migrations of the state; they travel inside the package."""
