"""An Audit for people and machines: terminal, HTML, JSON, JUnit, CSV."""
