"""MetadataService: what belongs to what. Contexts in contexts, nodes in contexts, events between nodes, subgraphs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.message import Message

from emulators.vertex import rules, vendor
from emulators.vertex.errors import RefusedError, invalid, missing
from emulators.vertex.filters import Fields, compiled
from emulators.vertex.metadata import CHILD, EVENT, MEMBER
from emulators.vertex.names import ARTIFACT, CONTEXT, EXECUTION, Kind
from emulators.vertex.world import Handler, World

PARENTS = 10
GRAPH = 1000


class Lineage:
    """The service's methods on links between its resources."""

    def __init__(self, world: World, artifact_fields: Fields) -> None:
        self._world = world
        self._artifact_fields = artifact_fields

    def handlers(self) -> Mapping[str, Handler]:
        """Give the methods by name."""
        return {
            "MetadataService.AddContextArtifactsAndExecutions": self._add_nodes,
            "MetadataService.AddContextChildren": self._add_children,
            "MetadataService.RemoveContextChildren": self._remove_children,
            "MetadataService.AddExecutionEvents": self._add_events,
            "MetadataService.QueryContextLineageSubgraph": self._context_graph,
            "MetadataService.QueryExecutionInputsAndOutputs": self._execution_graph,
            "MetadataService.QueryArtifactLineageSubgraph": self._artifact_graph,
        }

    def _add_nodes(self, request: Any) -> Message:
        cite = "AddContextArtifactsAndExecutionsRequest"
        self._world.require(CONTEXT, request.context, f"{cite}.context")
        for kind, names in ((ARTIFACT, request.artifacts), (EXECUTION, request.executions)):
            for name in names:
                self._require_beside(kind, name, request.context, f"{cite}.{kind.noun}")
                self._world.store.link(MEMBER, request.context, name)  # "they are simply skipped"
        return vendor.message("AddContextArtifactsAndExecutionsResponse")()

    def _add_children(self, request: Any) -> Message:
        store = self._world.store
        cite = "MetadataService.AddContextChildren: no cycles, at most 10 parents"
        self._world.require(CONTEXT, request.context, "AddContextChildrenRequest.context")
        for child in request.child_contexts:
            self._require_beside(CONTEXT, child, request.context, "AddContextChildrenRequest.child_contexts")
            if child == request.context or request.context in self._descendants(child):
                raise invalid(f"{child} is above {request.context}: that would be a cycle.", cite)
            store.link(CHILD, request.context, child)
            if len(store.sources(CHILD, child)) > PARENTS:
                raise invalid(f"{child} would have more than {PARENTS} parents.", cite)
        return vendor.message("AddContextChildrenResponse")()

    def _remove_children(self, request: Any) -> Message:
        self._world.require(CONTEXT, request.context, "RemoveContextChildrenRequest.context")
        for child in request.child_contexts:
            self._require_beside(CONTEXT, child, request.context, "RemoveContextChildrenRequest.child_contexts")
            self._world.store.unlink(CHILD, request.context, child)
        return vendor.message("RemoveContextChildrenResponse")()

    def _add_events(self, request: Any) -> Message:
        self._world.require(EXECUTION, request.execution, "AddExecutionEventsRequest.execution")
        for event in request.events:
            self._require_beside(ARTIFACT, event.artifact, request.execution, "Event.artifact")
            rules.labels(event.labels, "Event")
            event.execution = request.execution
            event.event_time.FromNanoseconds(self._world.now_ns())
            self._world.store.link(EVENT, request.execution, event.artifact, event.SerializeToString())
        return vendor.message("AddExecutionEventsResponse")()

    # Subgraphs

    def _context_graph(self, request: Any) -> Message:
        self._world.require(CONTEXT, request.context, "QueryContextLineageSubgraphRequest.context")
        members = [name for name, _ in self._world.store.targets(MEMBER, request.context)]
        artifacts = {name for name in members if "/artifacts/" in name}
        executions = {name for name in members if "/executions/" in name}
        events = [event for event in self._events(executions) if event.artifact in artifacts]
        return self._graph(artifacts, executions, events)

    def _execution_graph(self, request: Any) -> Message:
        self._world.require(EXECUTION, request.execution, "QueryExecutionInputsAndOutputsRequest.execution")
        events = self._events({request.execution})
        return self._graph({event.artifact for event in events}, {request.execution}, events)

    def _artifact_graph(self, request: Any) -> Message:
        cite = "QueryArtifactLineageSubgraphRequest"
        self._world.require(ARTIFACT, request.artifact, f"{cite}.artifact")
        if request.max_hops < 0:
            raise invalid("max_hops is negative.", f"{cite}.max_hops")
        test = compiled(request.filter, self._artifact_fields, self._world.switches)
        store = self._world.store
        artifacts, executions, edge = {request.artifact}, set[str](), {request.artifact}
        # "0: Only input artifact is returned. No value: Transitive closure": on the wire they are the same.
        endless = request.max_hops == 0 and self._world.switches.zero_hops == "closure"
        hops = 0
        while edge and (endless or hops < request.max_hops):
            found: set[str] = set()
            for name in edge:
                if "/artifacts/" in name:
                    found |= {source for source, _ in store.sources(EVENT, name)} - executions
                else:
                    found |= {target for target, _ in store.targets(EVENT, name)} - artifacts
            artifacts |= {name for name in found if "/artifacts/" in name}
            executions |= {name for name in found if "/executions/" in name}
            edge, hops = found, hops + 1
        kept = {name for name in artifacts if test(self._world.require(ARTIFACT, name, cite))}
        events = [event for event in self._events(executions) if event.artifact in kept]
        return self._graph(kept, executions, events)

    def _graph(self, artifacts: Iterable[str], executions: Iterable[str], events: list[Any]) -> Message:
        found = vendor.message("LineageSubgraph")(events=events)
        for kind, names, into in ((ARTIFACT, artifacts, found.artifacts), (EXECUTION, executions, found.executions)):
            into.extend(self._world.require(kind, name, kind.noun) for name in sorted(names))
        if max(len(found.artifacts), len(found.executions), len(found.events)) > GRAPH:
            cite = "QueryContextLineageSubgraphRequest.context"
            raise RefusedError("FAILED_PRECONDITION", f"The subgraph has more than {GRAPH} nodes or events.", cite)
        return found

    def _events(self, executions: Iterable[str]) -> list[Any]:
        event = vendor.message("Event")
        bodies = (body for name in sorted(executions) for _, body in self._world.store.targets(EVENT, name))
        return [event.FromString(body) for body in bodies]

    def _descendants(self, context: str) -> set[str]:
        found: set[str] = set()
        edge = {context}
        while edge:
            edge = {child for name in edge for child, _ in self._world.store.targets(CHILD, name)} - found
            found |= edge
        return found

    def _require_beside(self, kind: Kind, name: str, other: str, cite: str) -> None:
        kind.checked(name, cite)
        if name.split("/")[:6] != other.split("/")[:6]:
            raise invalid(f"{name} lies in another metadata store than {other}.", cite)
        if self._world.store.row(name) is None:
            raise missing(name)
