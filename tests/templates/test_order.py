"""The order of the resources of a template, in templates small enough to check by eye."""

from __future__ import annotations

import copy
import logging
import re
import time
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr_constructs.templates.order import (
    Dependency,
    DependencyOrder,
    chain_between,
    creation_steps,
    deletion_steps,
    dependencies,
    graph_of,
)
from slr_constructs.templates.reading import TemplateError

ROOT = Path(__file__).parents[2]


def template(**resources: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a resource
    """Return a template; resources without a type get one that is unknown."""
    return {"Resources": {name: {"Type": "Some::Type"} | each for name, each in resources.items()}}


def test_independent_resources_are_one_step() -> None:
    """They are created and deleted at the same time."""
    independent = template(B={}, A={})

    assert creation_steps(independent) == deletion_steps(independent) == [["A", "B"]]


def test_deletion_has_the_opposite_order() -> None:
    """The last created resource is deleted first."""
    chain = template(A={}, B={"DependsOn": "A"}, C={"DependsOn": "B"})

    assert creation_steps(chain) == [["A"], ["B"], ["C"]]
    assert deletion_steps(chain) == [["C"], ["B"], ["A"]]


def test_a_step_is_as_early_as_possible() -> None:
    """A resource is in the first step after its dependencies, in both directions."""
    fork = template(A={}, B={"DependsOn": "A"}, C={"DependsOn": "B"}, D={"DependsOn": "A"})

    assert creation_steps(fork) == [["A"], ["B", "D"], ["C"]]
    assert deletion_steps(fork) == [["C", "D"], ["B"], ["A"]]


def test_a_template_without_resources_has_no_steps() -> None:
    """An empty stack has an empty order."""
    assert creation_steps({}) == deletion_steps({}) == []


def test_the_template_is_not_changed() -> None:
    """The caller can use the template afterwards."""
    body = template(A={}, B={"DependsOn": "A"}) | {"Outputs": {"Of": {"Value": {"Ref": "A"}}}}
    before = copy.deepcopy(body)

    graph_of(body)

    assert body == before


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param({"DependsOn": "A"}, id="depends-on"),
        pytest.param({"DependsOn": ["A"]}, id="depends-on-list"),
        pytest.param({"Properties": {"Of": {"Ref": "A"}}}, id="ref"),
        pytest.param({"Properties": {"Of": {"Fn::GetAtt": ["A", "Arn"]}}}, id="get-att"),
        pytest.param({"Properties": {"Of": {"Fn::GetAtt": "A.Arn"}}}, id="get-att-dotted"),
        pytest.param({"Properties": {"Of": {"Fn::GetAtt": "A.Outputs.Arn"}}}, id="get-att-nested"),
        pytest.param({"Properties": {"Of": {"Fn::Sub": "arn:${A}"}}}, id="sub"),
        pytest.param({"Properties": {"Of": {"Fn::Sub": "${AWS::Region}${A.Arn}"}}}, id="sub-att"),
        pytest.param({"Properties": {"Of": {"Fn::Sub": ["${A}", {"B": "b"}]}}}, id="sub-list"),
        pytest.param(
            {"Properties": {"Of": {"Fn::Sub": ["${X}", {"X": {"Ref": "A"}}]}}}, id="sub-map"
        ),
        pytest.param({"Properties": {"Of": [{"Fn::Join": ["", [{"Ref": "A"}]]}]}}, id="deep"),
        pytest.param({"Metadata": {"Of": {"Ref": "A"}}}, id="metadata"),
    ],
)
def test_every_way_to_name_a_resource_is_a_dependency(resource: dict[str, Any]) -> None:
    """CloudFormation respects references in any place and form."""
    assert dependencies(template(A={}, Z=resource))["Z"] == {"A"}


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param({"DependsOn": ["Unknown"]}, id="unknown"),
        pytest.param({"Properties": {"Of": {"Ref": "AWS::Region"}}}, id="pseudo-parameter"),
        pytest.param({"Properties": {"Of": {"Ref": "Parameter"}}}, id="parameter"),
        pytest.param({"Properties": {"Of": {"Fn::Sub": "${!A}"}}}, id="literal"),
        pytest.param({"Properties": {"Of": {"Fn::Sub": ["${A}", {"A": "a"}]}}}, id="shadowed"),
        pytest.param({"Properties": {"Of": "A"}}, id="text"),
        pytest.param({"Properties": {"DependsOn": "A"}}, id="property-of-that-name"),
    ],
)
def test_other_references_are_not_dependencies(resource: dict[str, Any]) -> None:
    """Parameters, texts and shadowed names are not resources."""
    assert dependencies(template(A={}, Z=resource))["Z"] == set()


def test_properties_with_names_of_intrinsics_are_ignored() -> None:
    """Containers of an ECS task have their own `DependsOn` without logical ids."""
    containers = [{"DependsOn": [{"ContainerName": "sidecar"}], "Ref": {"Fn::GetAtt": ["A", "X"]}}]

    found = dependencies(template(A={}, Z={"Properties": {"ContainerDefinitions": containers}}))

    assert found["Z"] == {"A"}


def test_only_resources_are_in_the_order() -> None:
    """Parameters and outputs are not resources, even with the name of one."""
    body = template(A={}, B={"Properties": {"Of": {"Ref": "A"}}})
    other_sections = {
        "Parameters": {"P": {"Type": "String"}},
        "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "x"]}},
        "Outputs": {"A": {"Value": {"Ref": "B"}}},
    }

    assert creation_steps(body | other_sections) == [["A"], ["B"]]


def test_conditions_are_assumed_to_be_true() -> None:
    """A conditional resource is a dependency, because it may exist."""
    chosen = {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "B"}]}
    body = template(
        A={"Condition": "C"}, B={"Condition": "NotC"}, Z={"Properties": {"Of": chosen}}
    ) | {"Conditions": {"C": {"Fn::Equals": ["a", "b"]}, "NotC": {"Fn::Not": [{"Condition": "C"}]}}}

    assert dependencies(body)["Z"] == {"A", "B"}


def test_a_transform_is_not_run() -> None:
    """The order is that of the resources as written; the output of a macro is unknown."""
    body = template(
        A={}, F={"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": {"Ref": "A"}}}
    ) | {"Transform": "AWS::Serverless-2016-10-31"}

    assert creation_steps(body) == [["A"], ["F"]]


@pytest.mark.parametrize("read", [creation_steps, deletion_steps, dependencies])
def test_fails_with_a_circular_dependency(read: Any) -> None:  # noqa: ANN401 - one of three
    """Such a template cannot be deployed; the message contains the whole cycle."""
    cycle = template(
        A={"DependsOn": "B"},
        B={"DependsOn": ["C"], "Properties": {"Of": {"Ref": "C"}}},
        C={"Properties": {"Of": {"Fn::GetAtt": ["A", "Arn"]}}},
        D={"DependsOn": "A"},
    )

    with pytest.raises(TemplateError) as error:
        read(cycle)

    assert str(error.value) == (
        "circular dependency between resources: A -DependsOn-> B -DependsOn, Ref-> C -GetAtt-> A"
    )


def test_fails_when_a_resource_depends_on_itself() -> None:
    """It is the smallest circular dependency."""
    with pytest.raises(TemplateError, match=r"^circular dependency between resources: A -Ref-> A$"):
        graph_of(template(A={"Properties": {"Of": {"Ref": "A"}}}))


@pytest.mark.parametrize(
    ("resources", "refusal"),
    [
        pytest.param(None, "Resources must be a mapping, got None", id="no-resources"),
        pytest.param(
            {"A": {"DependsOn": "B"}},
            "A: not a resource: it must be a mapping with a Type",
            id="no-type",
        ),
        pytest.param(
            {"A": None}, "A: not a resource: it must be a mapping with a Type", id="no-mapping"
        ),
        pytest.param(
            {"Fn::ForEach::Topics": ["Name", ["a", "b"]]},
            "Fn::ForEach::Topics: the loop cannot be expanded: it must be a list of a variable, its"
            " values and its resources",
            id="for-each",
        ),
        pytest.param(
            {"A": {"Type": "Some::Type", "Properties": {"Of": {"Fn::Sub": ["${B}", None]}}}},
            "A: its dependencies cannot be read: an intrinsic function is malformed",
            id="malformed",
        ),
    ],
)
def test_fails_when_a_template_is_incomplete(
    resources: object, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An incomplete order would be misleading; nothing is logged."""
    with pytest.raises(TemplateError, match=f"^{re.escape(refusal)}$"):
        graph_of({"Resources": resources})

    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def test_a_chain_names_the_sources_of_dependencies() -> None:
    """It is the shortest chain from one resource to another."""
    graph = graph_of(
        template(
            A={},
            B={"DependsOn": "A"},
            C={"DependsOn": "B", "Properties": {"Of": {"Fn::Sub": "${B.Arn}"}}},
            D={"DependsOn": ["C", "B"]},
        )
    )

    assert chain_between(graph, "C", "A") == [
        Dependency("C", "DependsOn, GetAtt", "B"),
        Dependency("B", "DependsOn", "A"),
    ]
    assert [each.dependency for each in chain_between(graph, "D", "A")] == ["B", "A"]
    assert chain_between(graph, "A", "C") == []


@given(
    st.integers(min_value=1, max_value=12).flatmap(
        lambda count: st.tuples(
            st.just(count),
            st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))),
        )
    )
)
def test_steps_respect_every_dependency(shape: tuple[int, set[tuple[int, int]]]) -> None:
    """In any graph, both orders contain each resource once, in a correct step."""
    count, pairs = shape
    needs = {
        each: sorted({low for low, high in pairs if low < high == each}) for each in range(count)
    }
    body = template(
        **{f"R{each}": {"DependsOn": [f"R{low}" for low in lows]} for each, lows in needs.items()}
    )

    up, down = creation_steps(body), deletion_steps(body)

    created = {name: number for number, step in enumerate(up) for name in step}
    deleted = {name: number for number, step in enumerate(down) for name in step}
    assert created.keys() == deleted.keys() == body["Resources"].keys()
    for dependent, lows in needs.items():
        for low in lows:
            assert created[f"R{low}"] < created[f"R{dependent}"]
            assert deleted[f"R{dependent}"] < deleted[f"R{low}"]


def test_a_very_large_stack_is_read_fast() -> None:
    """CloudFormation accepts 500 resources; ten times more are fast too."""
    names = [f"R{each}" for each in range(5_000)]
    body = template(
        **{
            name: {"DependsOn": [before], "Properties": {"Of": {"Ref": before}}}
            for before, name in pairwise(names)
        }
        | {names[0]: {}}
    )
    graph_of({})

    start = time.perf_counter()
    steps = creation_steps(body)

    assert [name for (name,) in steps] == names
    assert time.perf_counter() - start < 10


@given(edges=st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_what_depends_on_what(edges: set[tuple[int, int]]) -> None:
    """With and without circular dependencies; networkx searches a path for each pair."""
    graph = nx.DiGraph([(str(one), str(other)) for one, other in edges])
    order = DependencyOrder(graph)

    for dependent, dependency in product(graph, repeat=2):
        path = nx.has_path(graph, dependent, dependency)
        expected = graph.has_edge(dependent, dependency) if dependent == dependency else path
        assert order.is_before(dependency, dependent) == expected
