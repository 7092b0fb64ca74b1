"""The always-on face: `observer serve`. Everything it does is a job that a hand could do too; here a clock does it."""
