"""The subjects, one file each: `measure(setting)` returns rows of the report."""
