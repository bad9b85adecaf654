"""The order that a template declares, read from templates small enough to check by eye."""

from __future__ import annotations

import copy
import logging
import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr_constructs.templates.order import (
    Wait,
    chain_between,
    creation_waves,
    deletion_waves,
    dependencies,
    graph_of,
)
from slr_constructs.templates.reading import TemplateError

ROOT = Path(__file__).parents[2]


def template(**resources: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a resource
    """Return a template whose resources have a type that means nothing, unless they say one."""
    return {"Resources": {name: {"Type": "Some::Type"} | each for name, each in resources.items()}}


def test_what_refers_to_nothing_is_one_wave() -> None:
    """Resources that do not wait for one another are made, and deleted, at once."""
    alone = template(B={}, A={})

    assert creation_waves(alone) == deletion_waves(alone) == [["A", "B"]]


def test_deletion_goes_the_other_way() -> None:
    """What was made last is deleted first."""
    chain = template(A={}, B={"DependsOn": "A"}, C={"DependsOn": "B"})

    assert creation_waves(chain) == [["A"], ["B"], ["C"]]
    assert deletion_waves(chain) == [["C"], ["B"], ["A"]]


def test_a_wave_is_as_early_as_it_can_be() -> None:
    """Both directions wait for what is needed and for nothing else."""
    fork = template(A={}, B={"DependsOn": "A"}, C={"DependsOn": "B"}, D={"DependsOn": "A"})

    assert creation_waves(fork) == [["A"], ["B", "D"], ["C"]]
    assert deletion_waves(fork) == [["C", "D"], ["B"], ["A"]]


def test_a_template_without_resources_has_no_waves() -> None:
    """An empty stack has an empty order."""
    assert creation_waves({}) == deletion_waves({}) == []


def test_a_template_is_read_and_not_changed() -> None:
    """Whoever asks for an order goes on with the template as it was."""
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
    """CloudFormation waits for what is named, wherever and however."""
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
def test_what_names_no_resource_is_no_dependency(resource: dict[str, Any]) -> None:
    """Nothing waits for a parameter, a text, or a name that means something else."""
    assert dependencies(template(A={}, Z=resource))["Z"] == set()


def test_properties_named_as_intrinsics_are_not_taken_for_them() -> None:
    """Containers of an ECS task have a `DependsOn` of their own, which holds no logical ids."""
    containers = [{"DependsOn": [{"ContainerName": "sidecar"}], "Ref": {"Fn::GetAtt": ["A", "X"]}}]

    found = dependencies(template(A={}, Z={"Properties": {"ContainerDefinitions": containers}}))

    assert found["Z"] == {"A"}


def test_what_stands_beside_the_resources_is_in_no_order() -> None:
    """Parameters and outputs are no resources, even where they have the name of one."""
    body = template(A={}, B={"Properties": {"Of": {"Ref": "A"}}})
    beside = {
        "Parameters": {"P": {"Type": "String"}},
        "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "x"]}},
        "Outputs": {"A": {"Value": {"Ref": "B"}}},
    }

    assert creation_waves(body | beside) == [["A"], ["B"]]


def test_conditions_are_taken_to_hold() -> None:
    """What a condition may leave out is waited for, for it may be there."""
    chosen = {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "B"}]}
    body = template(
        A={"Condition": "C"}, B={"Condition": "NotC"}, Z={"Properties": {"Of": chosen}}
    ) | {"Conditions": {"C": {"Fn::Equals": ["a", "b"]}, "NotC": {"Fn::Not": [{"Condition": "C"}]}}}

    assert dependencies(body)["Z"] == {"A", "B"}


def test_a_transform_is_not_run() -> None:
    """The order is that of what is written; what a macro makes of it, it alone knows."""
    body = template(
        A={}, F={"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": {"Ref": "A"}}}
    ) | {"Transform": "AWS::Serverless-2016-10-31"}

    assert creation_waves(body) == [["A"], ["F"]]


@pytest.mark.parametrize("read", [creation_waves, deletion_waves, dependencies])
def test_fails_when_the_dependencies_form_a_circle(read: Any) -> None:  # noqa: ANN401 - one of three
    """Such a template cannot be deployed and has no order; the error goes round the circle."""
    circle = template(
        A={"DependsOn": "B"},
        B={"DependsOn": ["C"], "Properties": {"Of": {"Ref": "C"}}},
        C={"Properties": {"Of": {"Fn::GetAtt": ["A", "Arn"]}}},
        D={"DependsOn": "A"},
    )

    with pytest.raises(TemplateError) as error:
        read(circle)

    assert str(error.value) == (
        "the dependencies form a circle: A -DependsOn-> B -DependsOn, Ref-> C -GetAtt-> A"
    )


def test_fails_when_a_resource_waits_for_itself() -> None:
    """The smallest circle."""
    with pytest.raises(TemplateError, match=r"^the dependencies form a circle: A -Ref-> A$"):
        graph_of(template(A={"Properties": {"Of": {"Ref": "A"}}}))


@pytest.mark.parametrize(
    ("resources", "refusal"),
    [
        pytest.param(
            None, "Resources is a mapping in a template, and here it is None", id="no-resources"
        ),
        pytest.param(
            {"A": {"DependsOn": "B"}},
            "A is no resource: a resource is a mapping with a Type",
            id="no-type",
        ),
        pytest.param(
            {"A": None}, "A is no resource: a resource is a mapping with a Type", id="no-mapping"
        ),
        pytest.param(
            {"Fn::ForEach::Topics": ["Name", ["a", "b"], {"${Name}": {"Type": "AWS::SNS::Topic"}}]},
            "Fn::ForEach::Topics is for CloudFormation to expand: the order can be read from the"
            " expanded template",
            id="for-each",
        ),
        pytest.param(
            {"A": {"Type": "Some::Type", "Properties": {"Of": {"Fn::Sub": ["${B}", None]}}}},
            "cfn-lint reads no order from this template: an intrinsic function in it is malformed",
            id="malformed",
        ),
    ],
)
def test_fails_when_a_template_is_not_whole(
    resources: object, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An order that leaves something out would be believed; nothing is logged besides."""
    with pytest.raises(TemplateError, match=f"^{re.escape(refusal)}$"):
        graph_of({"Resources": resources})

    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


def test_a_chain_names_what_says_so() -> None:
    """The way from one resource to another, link by link, and the shortest there is."""
    graph = graph_of(
        template(
            A={},
            B={"DependsOn": "A"},
            C={"DependsOn": "B", "Properties": {"Of": {"Fn::Sub": "${B.Arn}"}}},
            D={"DependsOn": ["C", "B"]},
        )
    )

    assert chain_between(graph, "C", "A") == [
        Wait("C", "DependsOn, GetAtt", "B"),
        Wait("B", "DependsOn", "A"),
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
def test_waves_keep_every_dependency(shape: tuple[int, set[tuple[int, int]]]) -> None:
    """Whatever the graph, both orders have everything once, and nothing too early or too late."""
    count, pairs = shape
    needs = {
        each: sorted({low for low, high in pairs if low < high == each}) for each in range(count)
    }
    body = template(
        **{f"R{each}": {"DependsOn": [f"R{low}" for low in lows]} for each, lows in needs.items()}
    )

    up, down = creation_waves(body), deletion_waves(body)

    made = {name: number for number, wave in enumerate(up) for name in wave}
    gone = {name: number for number, wave in enumerate(down) for name in wave}
    assert made.keys() == gone.keys() == body["Resources"].keys()
    for dependent, lows in needs.items():
        for low in lows:
            assert made[f"R{low}"] < made[f"R{dependent}"]
            assert gone[f"R{dependent}"] < gone[f"R{low}"]


def test_a_stack_as_large_as_they_come_is_read_in_a_moment() -> None:
    """500 resources is what CloudFormation takes; ten times that are no trouble."""
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
    waves = creation_waves(body)

    assert [name for (name,) in waves] == names
    assert time.perf_counter() - start < 10


def test_the_constructs_do_without_it() -> None:
    """What an app imports has no cfn-lint, no networkx and no pytest in it."""
    script = (
        "import sys, slr_constructs\n"
        "print(sorted({'cfnlint', 'networkx', 'pytest', 'syrupy'} & {*sys.modules}))"
    )

    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert run.stdout == "[]\n"
