"""From a run's records to the adapters' calls: journal, order, batches, retries, and what became of everything."""

from trackbridge.shipping.deliverer import Deliverer
from trackbridge.shipping.delivery import DeadLetter, Delivery
from trackbridge.shipping.files import copy_and_hash
from trackbridge.shipping.handshake import RESUMES, Opening, Resume, other_param
from trackbridge.shipping.opening import new_writer, open_outlet
from trackbridge.shipping.outlet import LogPoints, Outlet
from trackbridge.shipping.resolve import PointResolver
from trackbridge.shipping.versions import PendingVersion

__all__ = [
    "RESUMES",
    "DeadLetter",
    "Deliverer",
    "Delivery",
    "LogPoints",
    "Opening",
    "Outlet",
    "PendingVersion",
    "PointResolver",
    "Resume",
    "copy_and_hash",
    "new_writer",
    "open_outlet",
    "other_param",
]
