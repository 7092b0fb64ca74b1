"""Draws the pictures of the documentation from what a living demo really sent and served."""
