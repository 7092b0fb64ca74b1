"""What was promised: data contracts as plain, immutable values, and the rules for reading them."""
