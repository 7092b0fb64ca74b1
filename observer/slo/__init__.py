"""Rules of service levels: what a record's verdict is, what is left of a budget, when it burns too fast. Pure."""
