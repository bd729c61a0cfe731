"""What a reader, a gate or a migration holds: `connect` gives a `Store` of runs, metrics, artifacts and models."""

from trackbridge.store.artifacts import Artifacts
from trackbridge.store.connection import Store, connect
from trackbridge.store.experiments import Experiments
from trackbridge.store.metrics import Metrics
from trackbridge.store.registry import StoreRegistry
from trackbridge.store.runs import Runs

__all__ = ["Artifacts", "Experiments", "Metrics", "Runs", "Store", "StoreRegistry", "connect"]
