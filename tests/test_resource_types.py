"""The resource types of the catalogue, compared with published sources and with the roles.

All sources are installed packages: service models from botocore, CloudFormation schemas and the
service authorization reference from cfn-lint, L1 classes from aws-cdk-lib.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.catalogue import (
    ALL,
    RESOURCE_TYPES,
    ResourceType,
    RoleCreation,
    RoleDefinition,
    Usage,
    resource_types_of,
)
from slr_constructs.catalogue.resource_type import OnRelease, action_of
from slr_constructs.handler.slr_handler import contract
from slr_constructs.handler.slr_handler.contract import Contract
from slr_constructs.handler.slr_handler.operations import OPERATIONS
from tests.published import arns_of, iam_actions, schema_of, service_model
from tests.resource_types import (
    EXAMPLES,
    each_native_type,
    each_type,
    each_usage,
    feature_properties,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import OperationModel

#: the settings of an operation that was removed from botocore.
_FORMER_SETTINGS = {"AppInstanceStreamingConfigurations"}


def _operation(name: str) -> OperationModel:
    client, _, operation = name.partition(":")
    model: OperationModel = service_model(client).operation_model(operation)
    return model


def _inputs(name: str) -> Mapping[str, Any]:
    members: Mapping[str, Any] = _operation(name).input_shape.members
    return members


def test_every_type_has_one_record_and_one_example() -> None:
    """The tests of derived tables fail if a type has no example."""
    types = [each.type for each in RESOURCE_TYPES]

    assert len({*types}) == len(types)
    assert {*types} == {*EXAMPLES}


def test_names_and_sids_are_unique() -> None:
    """Errors contain the name with the feature; policies contain the Sid."""
    for values in (
        [(each.name, each.feature) for each in RESOURCE_TYPES],
        [each.sid for each in RESOURCE_TYPES],
        [custom for each in RESOURCE_TYPES for custom in each.custom_types],
    ):
        assert len(set(values)) == len(values)


# --- usages ----------------------------------------------------------------------------------


@each_usage
def test_usage_follows_from_the_properties(
    target: ResourceType, properties: Mapping[str, Any], usage: Usage
) -> None:
    """An omitted property does not use the role; an unresolved one may use it."""
    assert target.usage is not None
    assert target.usage(properties) is usage


# --- roles and contracts ---------------------------------------------------------------------


@pytest.mark.parametrize("definition", ALL, ids=lambda each: each.role_name)
def test_operations_agree_with_those_of_the_role(definition: RoleDefinition) -> None:
    """The types of a role are in the order in which the documentation disables their features."""
    types = resource_types_of(definition)
    configuring = {each.calls.configure.operation for each in types if each.uses_through is None}

    documented = [each.calls.remove for each in types if each.is_known_to_iam]
    assert definition.clean_up == tuple(dict.fromkeys(documented))
    assert configuring <= set(definition.created_by) or definition.creation is RoleCreation.NEVER


def test_another_role_has_no_types() -> None:
    """Your own role is not in the catalogue."""
    assert resource_types_of(RoleDefinition("AWSServiceRoleForX", "x.amazonaws.com")) == ()


def test_every_contract_and_every_operation_belongs_to_a_type() -> None:
    """Except for those of the role itself."""
    defined = {
        each
        for each in vars(contract).values()
        if isinstance(each, type) and issubclass(each, Contract) and each is not Contract
    } - {contract.ServiceLinkedRole}

    assert defined == {kind for each in RESOURCE_TYPES for kind in each.contracts.all}
    assert {*OPERATIONS} - {contract.ServiceLinkedRole.RESOURCE_TYPE} == {
        custom for each in RESOURCE_TYPES for custom in each.custom_types
    }


@each_type
def test_a_feature_can_be_configured_and_removed(target: ResourceType) -> None:
    """A type has a property or a custom resource, and its feature ends with the resource or not."""
    assert target.usage is not None or target.contracts.configure is not None
    if target.on_release is OnRelease.DISABLES:
        assert target.contracts.configure is not None
    if target.needs_clean_up:
        # both contracts name the same owner
        clean_up, configure = target.contracts.clean_up, target.contracts.configure
        assert clean_up is not None
        assert configure is not None
        assert issubclass(configure, clean_up)


# --- operations and permissions --------------------------------------------------------------


def _is_configured(target: ResourceType) -> bool:
    """Return whether the feature can be disabled; otherwise, the resource itself uses the role."""
    return target.on_release is OnRelease.DISABLES


@each_type
def test_operations_take_the_identifier(target: ResourceType) -> None:
    """Reading a playback configuration has the parameter `Name`, as the property."""
    calls, name = target.calls, target.identifier.parameter

    assert name in _inputs(calls.remove)
    assert {name, target.identifier.property} & {*_inputs(calls.describe)}
    # an operation that creates the resource returns its identifier
    assert (name in _inputs(calls.configure.operation)) is _is_configured(target)
    if calls.create is not None:
        assert name not in _inputs(calls.create)


@each_type
def test_operations_have_the_parameters_of_the_feature(target: ResourceType) -> None:
    """The settings, and the parameters of the examples."""
    calls, example = target.calls, EXAMPLES[target.type]
    inputs = _inputs(calls.configure.operation)

    assert {*calls.configure.settings} - _FORMER_SETTINGS <= {*inputs}
    assert {*example.configure} <= {*inputs}
    assert {*example.configure} & {*calls.configure.settings} or not calls.configure.settings
    assert {*example.remove} <= {*_inputs(calls.remove)}
    for member in calls.configure.members:
        # code without a required member changes only a part of the configuration
        assert any(
            member in getattr(inputs[each], "required_members", ())
            for each in calls.configure.settings
        )


@each_type
def test_the_listing_is_paged_as_the_service_pages_it(target: ResourceType) -> None:
    """The page size is the maximum of the service."""
    listing = target.calls.list
    inputs, output = _inputs(listing.operation), _operation(listing.operation).output_shape.members

    assert inputs[listing.limit_parameter].metadata["max"] == listing.page_size
    assert output[listing.member].type_name == "list"
    assert listing.next_member in inputs
    assert listing.next_member in output


@each_type
def test_actions_are_authorized_on_the_arn(target: ResourceType) -> None:
    """The ARN has a form of the service authorization reference."""
    calls = target.calls
    arn = target.identifier.arn(
        partition="aws", region="us-east-1", account="111122223333", name="a"
    )

    operations = {calls.configure.operation, calls.remove, calls.describe} - {calls.create}
    for operation in operations:
        assert any(re.fullmatch(form, arn) for form in arns_of(action_of(operation))), operation
    actions = {action_of(each) for each in (calls.list.operation, calls.create) if each}
    actions |= {action for each in target.requirements for action in each.actions}
    assert {each.lower() for each in actions} <= iam_actions()


def test_the_former_chime_client_needs_another_action_name() -> None:
    """All clients of Chime have the same prefix of actions."""
    assert action_of("chime-sdk-voice:ListVoiceConnectors") == "chime:ListVoiceConnectors"
    assert action_of("ivs:ListChannels") == "ivs:ListChannels"


# --- CloudFormation types, as cfn-lint and aws-cdk-lib ship them -----------------------------


def _property_names(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _property_names(part)


@each_type
def test_cloudformation_has_the_properties(target: ResourceType) -> None:
    """Those of the identifier and of the example."""
    schema = schema_of(target.type)
    properties, identifier = schema["properties"], target.identifier

    assert {*EXAMPLES[target.type].properties} <= {*properties}
    assert {*schema.get("required", ())} <= {*EXAMPLES[target.type].properties}
    if identifier.property is not None:
        assert schema["primaryIdentifier"] == [f"/properties/{identifier.property}"]
    if identifier.arn_attribute is not None:
        assert f"/properties/{identifier.arn_attribute}" in schema["readOnlyProperties"]


@each_native_type
def test_cloudformation_has_the_properties_of_the_feature(target: ResourceType) -> None:
    """A type without such a property uses the role while it exists."""
    names = feature_properties(target)

    assert {*names} <= {*schema_of(target.type)["properties"]}
    assert bool(names) is _is_configured(target)
    if target.uses_through is not None:
        prop, other = target.uses_through
        assert prop in names
        assert other in EXAMPLES


@pytest.mark.parametrize(
    "target", [each for each in RESOURCE_TYPES if each.usage is None], ids=lambda each: each.type
)
def test_cloudformation_has_no_property_for_the_feature(target: ResourceType) -> None:
    """If this test fails, a property can replace the custom resource."""
    word = target.feature.split()[-1].removesuffix("ing")

    assert word == "stream"
    assert not [each for each in _property_names(schema_of(target.type)) if word in each.lower()]


@each_native_type
def test_cloudformation_itself_may_create_the_role(target: ResourceType) -> None:
    """Configuring the feature can create the role, so the schema has that permission.

    The schema of SIP media applications does not have it, although the page about the role says
    that creating one creates the role.
    """
    if target.uses_through is None:
        needed = schema_of(target.type)["handlers"]["create"]["permissions"]
        assert ("iam:CreateServiceLinkedRole" in needed) is target.is_known_to_iam


@each_type
def test_aws_cdk_lib_has_an_l1_class(target: ResourceType) -> None:
    """Constructs accept the owner as an L1."""
    _, service, name = target.type.split("::")
    l1 = getattr(importlib.import_module(f"aws_cdk.aws_{service.lower()}"), f"Cfn{name}")

    assert target.type == l1.CFN_RESOURCE_TYPE_NAME
