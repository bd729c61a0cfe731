"""Local services for vendors that ship none."""
