"""Resources that an update replaces, according to the schemas of CloudFormation."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler import contract
from slr_constructs.templates.replacement import Replacement, given_name, replacements
from slr_constructs.templates.role_usage import IDENTITY
from tests.templates.apps import plain

if TYPE_CHECKING:
    from slr_constructs.catalogue import ResourceType


def replaced(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Replacement]:
    """Return the replaced resources between two sets of resources."""
    return replacements(plain(**before).stacks["Show"], plain(**after).stacks["Show"])


def resource(kind: str, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 - properties
    """Return a resource with properties."""
    return {"Type": kind, "Properties": properties}


def test_a_property_that_can_be_updated_replaces_nothing() -> None:
    """Most properties can be updated."""
    before = {"A": resource("AWS::SNS::Topic", TopicName="a", DisplayName="one")}
    after = {"A": resource("AWS::SNS::Topic", TopicName="a", DisplayName="two")}

    assert replaced(before, after) == {}
    assert replaced(before, before) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [({"TopicName": "a"}, {"TopicName": "b"}), ({}, {"TopicName": "b"}), ({"TopicName": "a"}, {})],
    ids=["changed", "added", "removed"],
)
def test_a_property_that_cannot_be_updated_replaces_its_resource(
    before: dict[str, str], after: dict[str, str]
) -> None:
    """It may be changed, added or removed."""
    kind = "AWS::SNS::Topic"

    assert replaced({"A": resource(kind, **before)}, {"A": resource(kind, **after)}) == {
        "A": Replacement(("TopicName",), never_updated=False, because_of=None)
    }


def test_a_property_within_a_property_is_found() -> None:
    """The schema's pointers lead into lists and mappings."""
    kind = "AWS::IVS::RecordingConfiguration"
    before, after = (
        {"A": resource(kind, DestinationConfiguration={"S3": {"BucketName": name}})}
        for name in ("one", "two")
    )

    assert replaced(before, after) == {
        "A": Replacement(("DestinationConfiguration",), never_updated=True, because_of=None)
    }


def test_each_member_of_a_list_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `*` in a pointer stands for each member."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415 - it takes seconds

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::SNS::Topic").schema
    monkeypatch.setitem(schema, "createOnlyProperties", ["/properties/Subscription/*/Endpoint"])
    before, after, protocol = (
        {"A": resource("AWS::SNS::Topic", Subscription=[{"Endpoint": "a"}, each])}
        for each in ({"Endpoint": "b"}, {"Endpoint": "c"}, {"Endpoint": "b", "Protocol": "sqs"})
    )

    assert list(replaced(before, after)) == ["A"]
    assert replaced(before, protocol) == {}


def test_a_create_only_reference_to_a_replaced_resource_replaces_too() -> None:
    """The whole chain is replaced; other references do not replace a resource."""

    def chain(name: str) -> dict[str, Any]:
        return {
            "Topic": resource("AWS::SNS::Topic", TopicName=name),
            "Named": resource("AWS::SNS::Topic", TopicName={"Fn::Sub": "${Topic.TopicName}-b"}),
            "Last": resource("AWS::SNS::Topic", TopicName={"Fn::GetAtt": ["Named", "TopicName"]}),
            "Shown": resource("AWS::SNS::Topic", DisplayName={"Ref": "Topic"}),
            "Ordered": {"Type": "AWS::SNS::Topic", "DependsOn": "Topic"},
        }

    found = replaced(chain("a"), chain("b"))

    assert {name: each.because_of for name, each in found.items()} == {
        "Topic": None,
        "Named": "Topic",
        "Last": "Named",
    }


NAMED = [each for each in catalogue.RESOURCE_TYPES if each.identifier.property is not None]


@pytest.mark.parametrize("target", NAMED, ids=lambda each: each.type)
def test_a_name_that_stays_is_kept_by_the_replacement(target: ResourceType) -> None:
    """Every create-only property of a type of the catalogue replaces a resource with its name."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415 - it takes seconds

    name = str(target.identifier.property)
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", target.type).schema
    others = {each.split("/")[2] for each in schema["createOnlyProperties"]} - {name}

    def kept(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
        (found,) = replaced(
            {"A": resource(target.type, **before)}, {"A": resource(target.type, **after)}
        ).values()
        return found.keeps

    for each in others:
        assert kept({name: "a"}, {name: "a", each: "x"}) == (name,)
        assert kept({name: {"Ref": "P"}, each: "x"}, {name: {"Ref": "P"}}) == (name,)
        assert kept({name: "a"}, {name: "b", each: "x"}) == ()
        # CloudFormation generates another name
        none = {name: {"Ref": "AWS::NoValue"}}
        assert kept(none, none | {each: "x"}) == ()
        assert kept({}, {each: "x"}) == ()
    assert kept({name: "a"}, {name: "b"}) == ()


@pytest.mark.parametrize(
    "target",
    [each for each in catalogue.RESOURCE_TYPES if each not in NAMED],
    ids=lambda each: each.type,
)
def test_a_generated_name_is_not_kept(target: ResourceType) -> None:
    """A `Name` that need not be unique is not the name."""
    assert given_name(resource(target.type, Name="a", Arn="b")) == ()


def test_a_reference_to_a_replaced_resource_keeps_a_name_too() -> None:
    """The name itself may be the reference."""
    kind = "AWS::MediaPackage::Channel"

    def chain(name: str) -> dict[str, Any]:
        reference = {"Ref": "Topic"}
        return {
            "Topic": resource("AWS::SNS::Topic", TopicName=name),
            "Tagged": resource(kind, Id="live", Tags=[{"Key": "topic", "Value": reference}]),
            "Named": resource(kind, Id=reference),
        }

    found = replaced(chain("a"), chain("b"))

    assert {name: each.keeps for name, each in found.items()} == {
        "Topic": (),
        "Tagged": ("Id",),
        "Named": (),
    }


def test_unknown_replacements_are_not_reported() -> None:
    """Other custom resources, types without schema, new and removed resources, new types."""
    kinds = ("Custom::Other", "AWS::CloudFormation::CustomResource", "No::Such::Type")
    before = {f"A{i}": resource(kind, Name="a") for i, kind in enumerate(kinds)}
    after = {f"A{i}": resource(kind, Name="b") for i, kind in enumerate(kinds)}

    assert replaced(before, after) == {}
    assert replaced({"A": resource("AWS::SNS::Topic")}, {"A": resource("AWS::SQS::Queue")}) == {}
    assert replaced({}, {"A": resource("AWS::SNS::Topic")}) == {}


@pytest.mark.parametrize("kind", sorted(IDENTITY))
def test_a_custom_resource_is_replaced_if_its_target_changes(kind: str) -> None:
    """The physical id in the contract changes only with that property."""
    (wanted,) = (
        each
        for each in vars(contract).values()
        if isinstance(each, type)
        and issubclass(each, contract.Contract)
        and vars(each).get("RESOURCE_TYPE") == kind
    )
    values = {each.name: f"{each.name}-1" for each in fields(wanted)}
    for name in values:
        other = wanted(**(values | {name: "another"}))
        is_another = other.physical_id != wanted(**values).physical_id

        assert is_another == (contract.property_name(name) == IDENTITY[kind]), name
