"""YAML on disk → contracts with every problem found at once. The only room that reads YAML."""
