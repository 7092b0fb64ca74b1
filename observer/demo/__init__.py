"""A demo CRM with believable dirt, from a seed, at any size."""
