"""The dependencies between the resources of a template, and the order that follows from them.

CloudFormation creates a resource after all resources it depends on exist, and deletes it after all
resources that depend on it are deleted. cfn-lint builds the graph of dependencies (`DependsOn`,
`Ref`, `Fn::GetAtt`, names in an `Fn::Sub`). None of its rules runs, and nothing is downloaded.

Conditions are not evaluated: all resources and all branches of an `Fn::If` are assumed to exist.
Macros and transforms do not run, so the order is that of the resources as they are written.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx

from slr_constructs.templates.reading import TemplateError, resources_in

if TYPE_CHECKING:
    from collections.abc import Mapping


class Dependency(NamedTuple):
    """A dependency of one resource on another, and the parts of the template that declare it."""

    dependent: str
    #: DependsOn, Ref or GetAtt; several are in alphabetical order, separated by commas.
    sources: str
    dependency: str


def graph_of(template: Mapping[str, Any]) -> nx.MultiDiGraph:
    """Return the graph of a template's resources, with edges to the resources they depend on.

    A reference to a parameter or to an unknown name does not add an edge. A template without
    resources has an empty graph.

    Raises:
        TemplateError: The template has a circular dependency, defines resources with a
            `Fn::ForEach` that cannot be expanded, or contains an entry that is not a resource.
    """
    graph, unknown = dependency_graph(resources_in(template))
    for logical_id, sentence in (*unknown, *cycles_in(graph)):
        raise TemplateError(sentence if logical_id is None else f"{logical_id}: {sentence}")
    return graph


def dependency_graph(
    resources: Mapping[str, Any],
) -> tuple[nx.MultiDiGraph, list[tuple[str | None, str]]]:
    """Return the graph of resources, which may have cycles, and what could not be read.

    Resources with a malformed intrinsic function have no edges to others. For each, there is a pair
    of logical id and sentence.
    """
    known = {logical_id: _as_expanded(body) for logical_id, body in resources.items()}
    graph = _graph(known)
    malformed = [] if graph else [each for each in known if _graph({each: known[each]}) is None]
    if malformed:
        known |= {each: {"Type": known[each]["Type"]} for each in malformed}
        graph = _graph(known)
    sentence = "its dependencies cannot be read: an intrinsic function is malformed"
    unknown: list[tuple[str | None, str]] = [(each, sentence) for each in malformed]
    if graph is None:
        unknown = [(None, sentence.replace("its dependencies", "the order of the resources"))]
        graph = nx.MultiDiGraph()
        graph.add_nodes_from(resources)
    return graph, unknown


def _graph(resources: Mapping[str, Any]) -> nx.MultiDiGraph | None:
    """Return the graph of resources; None if one of them is malformed."""
    # imported here because it takes seconds, and most tests with the pytest plugin do not need it
    from cfnlint.template import Template  # noqa: PLC0415

    # without parameters and outputs, which may depend on resources but are not resources
    graph = Template(None, {"Resources": resources}).graph
    return None if graph is None else graph.graph


def _as_expanded(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a resource without the properties that SAM expands to resources of their own.

    These resources depend on the function, on the sources of its events, and on the alarms of its
    deployments. The function itself does not depend on the sources and the alarms.
    """
    properties = body.get("Properties")
    if body["Type"] not in _SAM_TYPES or not isinstance(properties, dict):
        return body
    return {**body, "Properties": {k: v for k, v in properties.items() if k not in _EXPANDED}}


_SAM_TYPES = ("AWS::Serverless::Function", "AWS::Serverless::StateMachine")
_EXPANDED = ("Events", "DeploymentPreference")


def cycles_in(graph: nx.MultiDiGraph) -> list[tuple[str | None, str]]:
    """Return a sentence for each group of resources that depend on one another."""
    found: list[tuple[str | None, str]] = []
    if nx.is_directed_acyclic_graph(graph):
        return found
    for group in _circular(graph):
        path = [each for each, *_ in nx.find_cycle(graph.subgraph(sorted(group)))]
        cycle = "".join(
            f" -{each.sources}-> {each.dependency}"
            for each in dependencies_along(graph, [*path, path[0]])
        )
        found.append((None, f"circular dependency between resources: {path[0]}{cycle}"))
    return found


def without_cycles(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """Return a graph without the edges between resources that depend on one another."""
    if nx.is_directed_acyclic_graph(graph):
        return graph
    groups = {each: number for number, group in enumerate(_circular(graph)) for each in group}
    ordered = graph.copy()
    ordered.remove_edges_from(
        [
            each
            for each in graph.edges(keys=True)
            if each[0] in groups and groups[each[0]] == groups.get(each[1])
        ]
    )
    return ordered


def _circular(graph: nx.MultiDiGraph) -> list[set[str]]:
    """Return the groups of resources that depend on one another, or on themselves."""
    groups = sorted(nx.strongly_connected_components(graph), key=sorted)
    return [
        each for each in groups if len(each) > 1 or any(graph.has_edge(one, one) for one in each)
    ]


class DependencyOrder:
    """Which nodes of a graph depend on which others, directly or indirectly.

    Args:
        graph: A graph with edges to the nodes that a node depends on. It may have cycles.
    """

    def __init__(self, graph: nx.DiGraph) -> None:
        self._graph = graph

    def is_before(self, dependency: str, dependent: str) -> bool:
        """Return whether a node depends on another one.

        Nodes with a circular dependency depend on one another.
        """
        # most questions are about direct dependencies, and finding all takes long
        if self._graph.has_edge(dependent, dependency):
            return True
        groups, before = self._all
        one, other = groups[dependency], groups[dependent]
        return dependency != dependent if one == other else bool(before[other] >> one & 1)

    @cached_property
    def _all(self) -> tuple[dict[str, int], dict[int, int]]:
        """The group of each node, and for each group the groups it depends on, as one bit each.

        Sets of a chain of thousands of nodes need gigabytes.
        """
        groups = nx.condensation(self._graph)
        before: dict[int, int] = {}
        for group in nx.topological_sort(groups.reverse(copy=False)):
            before[group] = 0
            for each in groups.successors(group):
                before[group] |= before[each] | 1 << each
        return groups.graph["mapping"], before


def dependencies(template: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the resources that each resource of a template depends on.

    Raises:
        TemplateError: As `graph_of` does.
    """
    graph = graph_of(template)
    return {logical_id: set(graph.successors(logical_id)) for logical_id in graph}


def creation_steps(template: Mapping[str, Any]) -> list[list[str]]:
    """Return the logical ids in the order of creation, as steps of independent resources.

    Raises:
        TemplateError: As `graph_of` does.
    """
    return steps_of(graph_of(template).reverse(copy=False))


def deletion_steps(template: Mapping[str, Any]) -> list[list[str]]:
    """Return the logical ids in the order of deletion, as steps of independent resources.

    Raises:
        TemplateError: As `graph_of` does.
    """
    return steps_of(graph_of(template))


def chain_between(graph: nx.MultiDiGraph, dependent: str, dependency: str) -> list[Dependency]:
    """Return the shortest chain of dependencies from one resource to another; empty without one.

    Args:
        graph: The result of `graph_of`.

        dependent: The logical id of the resource that is created later and deleted earlier.

        dependency: The logical id of the resource that it depends on.
    """
    try:
        path = nx.shortest_path(graph, dependent, dependency)
    except nx.NetworkXNoPath:
        return []
    return dependencies_along(graph, path)


def dependencies_along(graph: nx.MultiDiGraph, path: list[str]) -> list[Dependency]:
    """Return the dependencies between the neighbors on a path of the graph."""
    return [
        Dependency(
            dependent,
            ", ".join(sorted({each["label"] for each in graph[dependent][dependency].values()})),
            dependency,
        )
        for dependent, dependency in pairwise(path)
    ]


def steps_of(graph: nx.MultiDiGraph) -> list[list[str]]:
    """Return the steps of a graph whose edges go to later nodes; each step is sorted."""
    return [sorted(step) for step in nx.topological_generations(graph)]
