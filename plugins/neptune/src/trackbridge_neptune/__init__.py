"""Dumps of Neptune as a read-only back end of trackbridge: what neptune-exporter wrote before the service ended."""
