"""What a run remembers of where it ran: environment, git, system (E1, R9)."""

from trackbridge.capture.collect import start_capture

__all__ = ["start_capture"]
