"""Roles, role usages, owners and clean-up resources in templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.catalogue import Usage
from slr_constructs.handler.slr_handler.contract import identity_of
from slr_constructs.templates.role_usage import Mark, Removal, acts_on
from tests.features.every_feature import RECIPES
from tests.resource_types import each_type, each_usage
from tests.templates.apps import plain, stack_of

if TYPE_CHECKING:
    from slr_constructs.catalogue import ResourceType
    from slr_constructs.templates.app import Stack


def stack(**resources: Any) -> Stack:  # noqa: ANN401 - any part of a resource
    """Return the one stack of a template."""
    return plain(**resources).stacks["Show"]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_feature_is_marked(recipe: Any) -> None:  # noqa: ANN401
    """The role, its usages, the clean-up resource and the owner, if it is in the app."""
    read = stack_of(lambda scope: recipe.define(scope, "a", None)).stacks["Show"]
    marked: dict[Mark, set[str]] = {each: set() for each in Mark}
    for logical_id, marks in read.marks.items():
        for mark in marks:
            marked[mark].add(read.type_of(logical_id))

    assert marked[Mark.ROLE] == {"Custom::ServiceLinkedRole"}
    assert [each.name for each in read.roles] == [recipe.definition.role_name]
    assert recipe.carrier in marked[Mark.FEATURE]
    assert recipe.clean_up in marked[Mark.FEATURE] | marked[Mark.CLEAN_UP]
    if recipe.owner is not None:
        # a recording configuration does not have an owner; channels refer to it
        assert recipe.owner in marked[Mark.OWNER] | marked[Mark.FEATURE]
    for usage in read.usages.values():
        assert recipe.definition.role_name in usage.role_names


@each_usage
def test_a_native_type_is_a_usage_if_its_properties_enable_the_feature(
    target: ResourceType, properties: dict[str, Any], usage: Usage
) -> None:
    """A resource that may use the role counts as a usage."""
    found = stack(A={"Type": target.type, "Properties": properties}).usages

    assert found.keys() == (set() if usage is Usage.DOES_NOT_USE else {"A"})
    for each in found.values():
        assert each.is_certain == (usage is Usage.USES)
        assert each.feature == target.feature
        assert each.needs_clean_up == target.needs_clean_up
        assert each.is_clean_up is False
        assert target.role.role_name in each.role_names


@each_type
def test_every_custom_resource_is_a_usage_of_its_owner(target: ResourceType) -> None:
    """It refers to the owner, which uses no role itself."""
    for contract in target.contracts.all:
        read = stack(
            A={
                "Type": contract.RESOURCE_TYPE,
                "Properties": {identity_of(contract): {"Ref": "Owner"}},
            },
            Owner={"Type": target.type},
        )

        usage = read.usages["A"]
        assert usage.owners == ("Owner",)
        assert usage.feature == target.feature
        assert usage.is_certain is True
        assert usage.is_clean_up == (contract is target.contracts.clean_up)
        assert target.role.role_name in usage.role_names
        assert acts_on(read.resources["A"]) == {"Ref": "Owner"}


def test_marks_are_sorted() -> None:
    """A resource may be a feature and its own owner."""
    read = stack(
        A={"Type": "AWS::MediaPackage::Channel", "Properties": {"EgressAccessLogs": {}, "Id": "a"}}
    )

    assert read.marks == {"A": (Mark.FEATURE, Mark.OWNER)}


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"Fn::If": ["A", {}, {}]},
        ["RecordingConfigurationArn"],
        None,
    ],
    ids=str,
)
def test_a_native_type_without_its_property_uses_no_role(properties: object) -> None:
    """A property that disables the feature or cannot be read does not count."""
    assert stack(A={"Type": "AWS::IVS::Channel", "Properties": properties}).marks == {}


def test_an_owner_is_found_by_its_name() -> None:
    """A custom resource may name its owner in a text, without a dependency."""
    named = {"Type": "Custom::MediaTailorAsRunLogging", "Properties": {"ChannelName": "show"}}
    channel = {"Type": "AWS::MediaTailor::Channel"}
    read = stack(
        Logs=named,
        Named=channel | {"Properties": {"ChannelName": "show"}},
        Other=channel | {"Properties": {"ChannelName": "other"}},
        Unknown=channel | {"Properties": {"ChannelName": {"Ref": "AWS::StackName"}}},
        # the same name in another service
        Live={"Type": "AWS::MediaPackage::Channel", "Properties": {"Id": "show"}},
    )

    assert read.usages["Logs"].owners == ("Named",)
    assert read.marks == {"Logs": (Mark.FEATURE,), "Named": (Mark.OWNER,)}


def test_an_owner_without_a_name_is_not_found() -> None:
    """It may be in the app or not."""
    read = stack(
        Logs={"Type": "Custom::MediaTailorAsRunLogging", "Properties": {"ChannelName": ["show"]}},
        Channel={"Type": "AWS::MediaTailor::Channel"},
    )

    assert read.usages["Logs"].owners == ()


@pytest.mark.parametrize(
    ("body", "name", "removal"),
    [
        (
            {"Properties": {"RoleName": "Mine", "ServicePrincipal": "a.amazonaws.com"}},
            "Mine",
            Removal.WHEN_UNUSED,
        ),
        ({"Properties": {"RoleName": "Mine", "Removal": "KEEP"}}, "Mine", Removal.KEPT),
        ({"Properties": {"RoleName": "Mine", "Removal": "REQUIRE"}}, "Mine", Removal.DELETED),
        (
            {"Properties": {"RoleName": "Mine"}, "DeletionPolicy": "RetainExceptOnCreate"},
            "Mine",
            Removal.KEPT,
        ),
        (
            {
                "Type": "AWS::IAM::ServiceLinkedRole",
                "Properties": {"AWSServiceName": "ivs.amazonaws.com"},
            },
            "AWSServiceRoleForIVSRecordToS3",
            Removal.DELETED,
        ),
        (
            {
                "Type": "AWS::IAM::ServiceLinkedRole",
                "Properties": {"AWSServiceName": "a.amazonaws.com"},
                "DeletionPolicy": "Retain",
            },
            "the role of a.amazonaws.com",
            Removal.KEPT,
        ),
        (
            {
                "Type": "AWS::IAM::ServiceLinkedRole",
                "Properties": {"AWSServiceName": {"Fn::Sub": "ivs.${AWS::URLSuffix}"}},
            },
            "the role of {'Fn::Sub': 'ivs.${AWS::URLSuffix}'}",
            Removal.DELETED,
        ),
    ],
    ids=["default", "KEEP", "REQUIRE", "retained", "native", "native, retained", "intrinsic"],
)
def test_a_role_has_a_name_and_a_removal(body: dict[str, Any], name: str, removal: Removal) -> None:
    """They come from the template or from the catalogue."""
    (role,) = stack(Role={"Type": "Custom::ServiceLinkedRole"} | body).roles

    assert (role.name, role.removal) == (name, removal)
