"""What is looked at: contract → CheckSpecs (the one list), Measurement + Threshold → CheckResult."""
