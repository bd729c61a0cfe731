"""Data lineage from DVC for trackbridge."""
