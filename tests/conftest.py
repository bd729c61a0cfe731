"""What all tests of the core share."""

from __future__ import annotations

from hypothesis import settings

# An example's time says how busy the machine is; what has to be quick is measured by tests of its own.
settings.register_profile("trackbridge", deadline=None)
settings.load_profile("trackbridge")
