"""A strict local Vertex AI: MetadataService, TensorboardService and ModelService over gRPC and REST."""

from emulators.vertex.faults import Fault
from emulators.vertex.remote import Remote
from emulators.vertex.server import Server
from emulators.vertex.switches import Switches

__all__ = ["Fault", "Remote", "Server", "Switches"]
