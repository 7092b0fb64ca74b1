"""Read-only doors to CRM databases and folders of files: what tables look like, and their rows as Arrow batches."""
