"""Consistent copies of tables as Parquet files with a manifest."""
