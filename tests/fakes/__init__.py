"""Hand-written stand-ins and small builders that tests share."""
