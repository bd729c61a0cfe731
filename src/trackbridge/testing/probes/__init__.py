"""Independent readers of the embedded backends, each past its adapter."""
