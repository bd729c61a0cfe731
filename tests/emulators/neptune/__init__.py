"""Dumps as neptune-exporter wrote them, since nothing of Neptune's service is left to ask."""
