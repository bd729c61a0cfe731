"""From a run's records to the adapters' calls: order, batches, retries, and what became of everything."""

from trackbridge.shipping.deliverer import Deliverer
from trackbridge.shipping.delivery import DeadLetter, Delivery
from trackbridge.shipping.files import copy_and_hash
from trackbridge.shipping.lane import Route
from trackbridge.shipping.resolve import PointResolver
from trackbridge.shipping.sender import Outlet, SenderSpec, open_sender
from trackbridge.shipping.versions import PendingVersion

__all__ = [
    "DeadLetter",
    "Deliverer",
    "Delivery",
    "Outlet",
    "PendingVersion",
    "PointResolver",
    "Route",
    "SenderSpec",
    "copy_and_hash",
    "open_sender",
]
