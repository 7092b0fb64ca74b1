"""SQL that people write in contracts: guarded (one SELECT over contracted tables) and translated between dialects."""
