"""The order that a template declares, read from templates small enough to check by eye."""

from __future__ import annotations

from graphlib import CycleError
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import CfnResource

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs.ordering import creation_waves, deletion_waves, dependencies, role_before

if TYPE_CHECKING:
    from aws_cdk import Stack


def template(**resources: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a resource
    """Return a template whose resources have no types, for nothing here reads them."""
    return {"Resources": resources}


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
        pytest.param({"DependsOn": "Z"}, id="itself"),
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


def test_fails_when_the_dependencies_form_a_circle() -> None:
    """Such a template cannot be deployed, and has no order."""
    circle = template(A={"DependsOn": "B"}, B={"Properties": {"Of": {"Ref": "A"}}})

    with pytest.raises(CycleError):
        creation_waves(circle)
    with pytest.raises(CycleError):
        deletion_waves(circle)


def test_a_resource_waits_for_a_role(stack: Stack) -> None:
    """Any resource may be ordered after a role, and goes before it."""
    role = ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR, native=True)
    owner = CfnResource(stack, "Owner", type="AWS::MediaTailor::SourceLocation")

    role_before(role, owner)

    assert owner.obtain_dependencies() == [role.resource]


def test_nothing_waits_for_an_imported_role(stack: Stack) -> None:
    """It is there before the stack, or nobody knows when."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)
    owner = CfnResource(stack, "Owner", type="AWS::MediaTailor::SourceLocation")

    role_before(role, owner)

    assert owner.obtain_dependencies() == []
