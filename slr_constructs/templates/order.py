"""The dependencies between the resources of a template, and the order that follows from them.

CloudFormation creates a resource after all resources it depends on exist, and deletes it after all
resources that depend on it are deleted. cfn-lint builds the graph of dependencies (`DependsOn`,
`Ref`, `Fn::GetAtt`, names in an `Fn::Sub`). None of its rules runs, and nothing is downloaded.

Conditions are not evaluated: all resources and all branches of an `Fn::If` are assumed to exist.
Macros and transforms do not run, so the order is that of the resources as they are written.
"""

from __future__ import annotations

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
        TemplateError: The template has a circular dependency, defines resources with
            `Fn::ForEach`, or contains an entry that is not a resource.
    """
    # imported here because it takes seconds, and most tests with the pytest plugin do not need it
    from cfnlint.template import Template  # noqa: PLC0415

    # without parameters and outputs, which may depend on resources but are not resources
    graph = Template(None, {"Resources": resources_in(template)}).graph
    if graph is None:
        raise TemplateError(
            "the order of the resources cannot be read: an intrinsic function is malformed"
        )
    if not nx.is_directed_acyclic_graph(graph.graph):
        path = [each for each, *_ in nx.find_cycle(graph.graph)]
        cycle = "".join(
            f" -{each.sources}-> {each.dependency}"
            for each in dependencies_along(graph.graph, [*path, path[0]])
        )
        raise TemplateError(f"circular dependency between resources: {path[0]}{cycle}")
    return graph.graph


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
