"""What is imported when: nothing of Google's by opening, and no more than its generated clients by use."""

from __future__ import annotations

import subprocess
import sys


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, check=False, text=True, timeout=300
    )


def test_opening_imports_nothing_of_googles():
    done = run(
        """
import sys
import trackbridge
from trackbridge.protocol import open_backend
backend = open_backend("vertex://p/us-central1?staging=gs://b/p")
assert backend.limits.points_per_write == 5_000
backend.adapter.close()
theirs = ("google.api", "google.auth", "google.cloud.", "google.proto", "grpc", "proto", "requests")
loaded = [name for name in sys.modules if name.startswith(theirs)]
assert not loaded, loaded
"""
    )
    assert done.returncode == 0, done.stderr


def test_use_imports_the_generated_clients_and_storage_alone(place):
    done = run(
        f"""
import sys
from trackbridge.protocol import open_backend
adapter = open_backend({place.url()!r}).adapter
adapter.experiments.ensure("lazy")
used = set(sys.modules)
import google.cloud.aiplatform_v1, google.cloud.storage
assert "google.cloud.aiplatform" not in used, "the whole SDK was imported"
theirs = {{name for name in used if name.startswith(("google", "grpc", "proto", "requests"))}}
more = theirs - set(sys.modules)
assert not more, more
adapter.close()
"""
    )
    assert done.returncode == 0, done.stderr
