"""What is measured, one file a subject. Each gives rows of the report."""
