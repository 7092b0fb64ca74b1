"""SQL that people write in contracts: guarded (one read-only SELECT over contracted tables), translated between dialects."""
