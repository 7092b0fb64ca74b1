"""`observer doctor`: every door is tried, one after the other; nothing is changed."""
