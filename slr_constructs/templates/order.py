"""The order that a template declares: what waits for what, and by which chain.

CloudFormation creates a resource once everything it depends on is there, and deletes it once
nothing that depends on it is left. The graph of dependencies (`DependsOn`, `Ref`, `Fn::GetAtt`,
names within an `Fn::Sub`) is cfn-lint's; none of its rules runs, and nothing is fetched.

Conditions are not evaluated: all resources, and all branches of an `Fn::If`, are taken to be there.
What a macro or a transform will make of a template, nobody knows before it has run, so the order is
that of the resources as they are written.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx

from slr_constructs.templates.reading import TemplateError, resources_in

if TYPE_CHECKING:
    from collections.abc import Mapping


class Wait(NamedTuple):
    """One resource that waits for another, and what in the template says so."""

    dependent: str
    #: DependsOn, Ref or GetAtt; several are in the order of the alphabet, with commas between.
    said_by: str
    dependency: str


def graph_of(template: Mapping[str, Any]) -> nx.MultiDiGraph:
    """Return the graph of a template's resources, whose edges go to what a resource waits for.

    A reference to a parameter, or to nothing, is no edge. A template without resources has an empty
    graph.

    Raises:
        TemplateError: The dependencies form a circle, the resources are written with `Fn::ForEach`,
            or what should be a resource is none.
    """
    # here, for it takes seconds, and most tests that load the pytest plugin ask for no order
    from cfnlint.template import Template  # noqa: PLC0415

    # without parameters and outputs, which wait for resources but are none
    graph = Template(None, {"Resources": resources_in(template)}).graph
    if graph is None:
        raise TemplateError(
            "cfn-lint reads no order from this template: an intrinsic function in it is malformed"
        )
    _refuse_circles(graph.graph)
    return graph.graph


def dependencies(template: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return what each resource of a template waits for.

    Raises:
        TemplateError: As `graph_of` does.
    """
    graph = graph_of(template)
    return {logical_id: set(graph.successors(logical_id)) for logical_id in graph}


def creation_waves(template: Mapping[str, Any]) -> list[list[str]]:
    """Return the logical ids in the order of creation; those of one wave do not wait for another.

    Raises:
        TemplateError: As `graph_of` does.
    """
    return waves_of(graph_of(template).reverse(copy=False))


def deletion_waves(template: Mapping[str, Any]) -> list[list[str]]:
    """Return the logical ids in the order of deletion, as `creation_waves` does for creation.

    Raises:
        TemplateError: As `graph_of` does.
    """
    return waves_of(graph_of(template))


def chain_between(graph: nx.MultiDiGraph, dependent: str, dependency: str) -> list[Wait]:
    """Return the shortest chain by which one resource waits for another; empty if it does not.

    Args:
        graph: What `graph_of` returned.

        dependent: The logical id of the one that waits: created later, deleted earlier.

        dependency: The logical id of the one that it waits for.
    """
    try:
        path = nx.shortest_path(graph, dependent, dependency)
    except nx.NetworkXNoPath:
        return []
    return waits_along(graph, path)


def waits_along(graph: nx.MultiDiGraph, path: list[str]) -> list[Wait]:
    """Return how each resource of a path waits for the next, of which it has an edge to."""
    return [
        Wait(
            dependent,
            ", ".join(sorted({each["label"] for each in graph[dependent][dependency].values()})),
            dependency,
        )
        for dependent, dependency in pairwise(path)
    ]


def waves_of(graph: nx.MultiDiGraph) -> list[list[str]]:
    """Return the waves of a graph whose edges go to what comes later; each in sorted order."""
    return [sorted(wave) for wave in nx.topological_generations(graph)]


def _refuse_circles(graph: nx.MultiDiGraph) -> None:
    if nx.is_directed_acyclic_graph(graph):
        return
    path = [each[0] for each in nx.find_cycle(graph)]
    circle = "".join(
        f" -{each.said_by}-> {each.dependency}" for each in waits_along(graph, [*path, path[0]])
    )
    raise TemplateError(f"the dependencies form a circle: {path[0]}{circle}")
