"""Roles with a custom suffix, for the services that document one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack, assertions, aws_iam

from slr_constructs import ServiceLinkedRole, UsageError
from slr_constructs._service_linked_role import role_in
from slr_constructs.catalogue import MEDIATAILOR, RoleDefinition
from slr_constructs.catalogue.role_definition import CUSTOM_SUFFIX_SERVICES
from slr_constructs.policies.place import sid_of
from slr_constructs.templates.custom_calls import CustomCalls
from slr_constructs.templates.role_usage import roles_in

if TYPE_CHECKING:
    from collections.abc import Callable

PRINCIPAL = "autoscaling.amazonaws.com"
OWN_NAME = "AWSServiceRoleForAutoScaling"
NAME = f"{OWN_NAME}_keys"
KEYS = RoleDefinition(OWN_NAME, PRINCIPAL, custom_suffix="keys")
LONGEST = 64 - len(f"{OWN_NAME}_")


@pytest.fixture
def stack() -> Stack:
    """Give an empty stack."""
    return Stack(App(), "Stack")


def _properties(stack: Stack, resource_type: str) -> list[dict[str, Any]]:
    found = assertions.Template.from_stack(stack).find_resources(resource_type)
    return [each["Properties"] for each in found.values()]


def test_the_name_of_the_role_has_the_suffix() -> None:
    """Everything that follows from the name does too: the path stays that of the service."""
    assert (KEYS.role_name, KEYS.custom_suffix) == (NAME, "keys")
    assert KEYS.arn(partition="aws", account="111122223333") == (
        f"arn:aws:iam::111122223333:role/aws-service-role/{PRINCIPAL}/{NAME}"
    )


def test_the_complete_name_can_be_given() -> None:
    """As an account has it, with or without the suffix."""
    assert RoleDefinition(NAME, PRINCIPAL) == KEYS
    assert RoleDefinition(NAME, PRINCIPAL, custom_suffix="keys") == KEYS
    assert replace(KEYS, feature="encrypted volumes").role_name == NAME


@pytest.mark.parametrize(
    ("name", "principal"),
    [
        (OWN_NAME, PRINCIPAL),
        (f"{OWN_NAME}_", PRINCIPAL),
        ("AWSServiceRoleForAutoScalingPlans_EC2AutoScaling", "autoscaling-plans.amazonaws.com"),
        ("AWSServiceRoleForLexV2Bots_ABC", "lexv2.amazonaws.com"),
    ],
)
def test_other_names_have_no_suffix(name: str, principal: str) -> None:
    """An underscore is a part of the name, unless the service documents a suffix."""
    definition = RoleDefinition(name, principal)

    assert (definition.role_name, definition.custom_suffix) == (name, None)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (
            lambda: RoleDefinition("AWSServiceRoleForECS", "ecs.amazonaws.com", custom_suffix="a"),
            (
                "RoleDefinition: custom_suffix must be omitted for ecs.amazonaws.com (only"
                " autoscaling.amazonaws.com documents one), got 'a' [CustomSuffix]"
            ),
        ),
        (
            lambda: replace(MEDIATAILOR, custom_suffix="a"),
            (
                "RoleDefinition: custom_suffix must be omitted for mediatailor.amazonaws.com (only"
                " autoscaling.amazonaws.com documents one), got 'a' [CustomSuffix]"
            ),
        ),
        (
            lambda: RoleDefinition(OWN_NAME, PRINCIPAL, custom_suffix="a/b"),
            (
                "RoleDefinition: custom_suffix must be 1 to 64 letters, digits and +=,.@-_, got"
                " 'a/b' [CustomSuffix]"
            ),
        ),
        (
            lambda: RoleDefinition(OWN_NAME, PRINCIPAL, custom_suffix=1),  # type: ignore[arg-type]
            (
                "RoleDefinition: custom_suffix must be 1 to 64 letters, digits and +=,.@-_, got 1"
                " [CustomSuffix]"
            ),
        ),
        (
            lambda: RoleDefinition("AWSServiceRoleForX", PRINCIPAL, custom_suffix="a"),
            (
                "RoleDefinition: role_name must be AWSServiceRoleForAutoScaling if custom_suffix is"
                " given for autoscaling.amazonaws.com, got 'AWSServiceRoleForX' [RoleName]"
            ),
        ),
        (
            lambda: RoleDefinition(OWN_NAME, PRINCIPAL, custom_suffix="a" * (LONGEST + 1)),
            (
                "RoleDefinition: role_name must be 1 to 64 letters, digits and +=,.@-_, got"
                f" '{OWN_NAME}_{'a' * (LONGEST + 1)}' [RoleName]"
            ),
        ),
    ],
    ids=["no suffix", "catalogue", "characters", "type", "name", "length"],
)
def test_fails_when_the_suffix_is_not_possible(
    definition: Callable[[], RoleDefinition], message: str
) -> None:
    """One sentence names the property, the constraint and the value."""
    with pytest.raises(UsageError) as error:
        definition()

    assert str(error.value) == message


def test_the_name_with_a_suffix_is_that_of_the_cloudformation_reference() -> None:
    """aws-cdk-lib quotes it: the service's own name, an underscore and the suffix."""
    docs = str(aws_iam.CfnServiceLinkedRole.attr_role_name.__doc__)

    for own_name in CUSTOM_SUFFIX_SERVICES.values():
        assert f"``{own_name}_TestSuffix`` if a ``CustomSuffix`` is specified" in docs


def test_the_function_creates_the_role_with_its_suffix(stack: Stack) -> None:
    """It gets the complete name and the suffix, and permissions only for this role.

    AWS does not document on which of the two ARNs IAM checks the permission to create it.
    """
    ServiceLinkedRole(stack, "Role", definition=KEYS)

    (received,) = _properties(stack, "Custom::ServiceLinkedRole")
    assert received["RoleName"] == NAME
    assert received["CustomSuffix"] == "keys"
    (policy,) = _properties(stack, "AWS::IAM::RolePolicy")[-1:]
    (create,) = (
        each
        for each in policy["PolicyDocument"]["Statement"]
        if each["Action"] == "iam:CreateServiceLinkedRole"
    )
    role = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/" + PRINCIPAL
    assert create["Resource"] == [{"Fn::Sub": f"{role}/{each}"} for each in (NAME, OWN_NAME)]
    assert create["Condition"] == {"StringEquals": {"iam:AWSServiceName": PRINCIPAL}}


def test_roles_with_different_suffixes_are_different_roles(stack: Stack) -> None:
    """One stack can declare several of them."""
    roles = [
        ServiceLinkedRole(
            stack, each, definition=replace(KEYS, role_name=OWN_NAME, custom_suffix=each)
        )
        for each in ("one", "two")
    ]

    assert [each.role_name for each in roles] == [f"{OWN_NAME}_one", f"{OWN_NAME}_two"]
    assert len(_properties(stack, "Custom::ServiceLinkedRole")) == 2


def test_a_native_role_has_the_suffix(stack: Stack) -> None:
    """CloudFormation creates the role with it."""
    ServiceLinkedRole(stack, "Role", definition=KEYS, native=True)

    assert _properties(stack, "AWS::IAM::ServiceLinkedRole") == [
        {"AWSServiceName": PRINCIPAL, "CustomSuffix": "keys"}
    ]


@pytest.mark.parametrize("suffix", ["keys", None, "other"])
def test_a_native_role_of_the_stack_is_the_same_role_if_its_suffix_is(
    stack: Stack, suffix: str | None
) -> None:
    """A suffix gives the role another name."""
    aws_iam.CfnServiceLinkedRole(stack, "Native", aws_service_name=PRINCIPAL, custom_suffix=suffix)

    assert (role_in(stack, KEYS) is not None) == (suffix == "keys")
    assert (role_in(stack, RoleDefinition(OWN_NAME, PRINCIPAL)) is not None) == (suffix is None)


def test_the_grants_are_for_the_role_with_the_suffix(stack: Stack) -> None:
    """For people and pipelines that manage it themselves."""
    role = ServiceLinkedRole.from_existing(stack, "Role", KEYS)
    grantee = aws_iam.Role(stack, "Grantee", assumed_by=aws_iam.AccountRootPrincipal())

    for grant in (role.grant_create, role.grant_edit, role.grant_delete):
        grant(grantee).assert_success()

    (policy,) = _properties(stack, "AWS::IAM::Policy")
    create, *others = [each["Resource"] for each in policy["PolicyDocument"]["Statement"]]
    assert [each["Fn::Join"][1][-1].rpartition("/")[2] for each in create] == [NAME, OWN_NAME]
    assert {each["Fn::Join"][1][-1].rpartition("/")[2] for each in others} == {NAME}


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"AWSServiceName": PRINCIPAL}, OWN_NAME),
        ({"AWSServiceName": PRINCIPAL, "CustomSuffix": "keys"}, NAME),
        (
            {"AWSServiceName": PRINCIPAL, "CustomSuffix": {"Ref": "Suffix"}},
            f"the role of {PRINCIPAL}",
        ),
        ({"AWSServiceName": {"Ref": "Service"}}, "the role of {'Ref': 'Service'}"),
        ({"AWSServiceName": "ecs.amazonaws.com"}, "the role of ecs.amazonaws.com"),
    ],
)
def test_a_template_names_the_role_of_a_native_declaration(
    properties: dict[str, Any], name: str
) -> None:
    """As far as the template says it."""
    resources = {"Role": {"Type": "AWS::IAM::ServiceLinkedRole", "Properties": properties}}
    (role,) = roles_in(resources, CustomCalls([], [], []))

    assert role.name == name


def test_statements_of_policies_have_valid_ids() -> None:
    """IAM accepts only letters and digits, and roles with different names need different ids."""
    sids = [
        sid_of(RoleDefinition(OWN_NAME, PRINCIPAL, custom_suffix=each))
        for each in ("a_b", "ab", "a-b", "a.b")
    ]

    assert all(each.isalnum() for each in sids)
    assert len({*sids}) == len(sids)
    assert sid_of(MEDIATAILOR) == "MediaTailorRole"
