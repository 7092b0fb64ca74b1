"""Great Expectations: suites from CheckSpecs, and Measurements from suites. No GX object leaves this room."""
