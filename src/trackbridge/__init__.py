"""trackbridge: one API for ML experiment tracking and model registries; the vendor is a line of configuration."""

__version__ = "0.1.0"
