"""A role in a stack: declared, adopted, imported or native; and who may manage it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnParameter, Stack, aws_iam, aws_kms
from constructs import Construct

from slr_constructs import RoleRemoval, ServiceLinkedRole, UsageError, catalogue
from slr_constructs.testing import resources_of, template_of
from tests.features.graph import (
    FUNCTION,
    NATIVE_ROLE,
    ROLE,
    actions_of,
    id_of,
    ids_of,
    is_type_first,
    policy_of,
    properties_of,
    statements_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from syrupy.assertion import SnapshotAssertion

    from slr_constructs.catalogue import RoleDefinition

    Grants = Callable[[ServiceLinkedRole, aws_iam.IGrantable], aws_iam.Grant]

ARN = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/"
MEDIATAILOR_ARN = f"{ARN}mediatailor.amazonaws.com/AWSServiceRoleForMediaTailor"
NOT_THERE_ARN = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/AWSServiceRoleForMediaTailor"


def declare(stack: Stack, **props: Any) -> ServiceLinkedRole:  # noqa: ANN401 - props of the role
    """Declare MediaTailor's role."""
    return ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR, **props)


def asked(stack: Stack) -> dict[str, Any]:
    """Return what the function is asked for."""
    properties = properties_of(template_of(stack), ROLE)
    return {
        name: each
        for name, each in properties.items()
        if name not in ("ServiceToken", "ServiceTimeout")
    }


def resolved_arn(stack: Stack) -> object:
    """Return the ARN of MediaTailor's role as CDK renders it."""
    return stack.resolve(
        catalogue.MEDIATAILOR.arn(partition=stack.partition, account=stack.account)
    )


def granted(grant: Grants) -> list[dict[str, Any]]:
    """Return the statements that somebody gets for MediaTailor's role."""
    stack = Stack(App(), "Stack")
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)
    somebody = aws_iam.Role(stack, "Somebody", assumed_by=aws_iam.AccountRootPrincipal())

    grant(role, somebody).assert_success()

    document = properties_of(template_of(stack), "AWS::IAM::Policy")["PolicyDocument"]
    statements: list[dict[str, Any]] = document["Statement"]
    assert all(each.pop("Resource") == resolved_arn(stack) for each in statements)
    return statements


@pytest.mark.parametrize(
    "definition",
    [pytest.param(each, id=each.role_name) for each in catalogue.ALL],
)
def test_every_role_of_the_catalogue_can_be_declared(
    stack: Stack, definition: RoleDefinition
) -> None:
    """The function gets the facts, and goes when nobody needs the role by default."""
    ServiceLinkedRole(stack, "Role", definition=definition)

    assert asked(stack) == {
        "RoleName": definition.role_name,
        "ServicePrincipal": definition.service_principal,
        "Removal": "WHEN_UNUSED",
        "Creation": definition.creation.value,
    }


def test_a_definition_of_the_users_own_works_like_the_five(stack: Stack) -> None:
    """The library is open to any other service-linked role."""
    definition = catalogue.RoleDefinition("AWSServiceRoleForBatch", "batch.amazonaws.com")

    role = ServiceLinkedRole(stack, "Role", definition=definition)

    assert role.role_name == "AWSServiceRoleForBatch"
    assert asked(stack)["ServicePrincipal"] == "batch.amazonaws.com"
    assert asked(stack)["Creation"] == "IAM"


@pytest.mark.parametrize("removal", list(RoleRemoval))
def test_the_removal_setting_arrives(stack: Stack, removal: RoleRemoval) -> None:
    """What becomes of the role is the function's to do."""
    declare(stack, removal=removal)

    assert asked(stack)["Removal"] == removal.name


def test_the_description_arrives(stack: Stack) -> None:
    """Without one there is no property, so that an existing role keeps its own."""
    declare(stack, description="Logs of the Ümläut show")

    assert asked(stack)["Description"] == "Logs of the Ümläut show"


def test_a_description_may_be_a_token(stack: Stack) -> None:
    """What is known at deployment alone is checked by the function."""
    declare(stack, description=CfnParameter(stack, "Text").value_as_string)

    assert asked(stack)["Description"] == {"Ref": "Text"}


def test_the_resource_is_the_primary_child(stack: Stack) -> None:
    """What uses the role depends on it."""
    role = declare(stack)

    assert role.resource is role.node.default_child
    assert role.definition is catalogue.MEDIATAILOR


def test_the_function_may_do_to_this_role_what_it_has_to(stack: Stack) -> None:
    """To create it for its service alone, to tag it, to edit it and to delete it."""
    declare(stack)

    template = template_of(stack)
    assert statements_of(template, id_of(template, ROLE)) == [
        {
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": {"Fn::Sub": MEDIATAILOR_ARN},
            "Condition": {"StringEquals": {"iam:AWSServiceName": "mediatailor.amazonaws.com"}},
        },
        {
            "Effect": "Allow",
            "Action": [
                "iam:DeleteServiceLinkedRole",
                "iam:GetRole",
                "iam:GetServiceLinkedRoleDeletionStatus",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateRoleDescription",
            ],
            # with its path, and as IAM calls a role that is not there
            "Resource": [{"Fn::Sub": MEDIATAILOR_ARN}, {"Fn::Sub": NOT_THERE_ARN}],
        },
    ]


def test_a_role_that_iam_makes_no_longer_needs_no_right_to_make_it(stack: Stack) -> None:
    """It is adopted or nothing."""
    ServiceLinkedRole(stack, "Role", definition=catalogue.CHIME_MESSAGING_LEGACY)

    template = template_of(stack)
    assert "iam:CreateServiceLinkedRole" not in actions_of(template, id_of(template, ROLE))


def test_the_rights_are_named_after_the_role(stack: Stack) -> None:
    """A construct that becomes another role has other rights."""
    declare(stack)

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, ROLE))]
    assert policy["Properties"]["PolicyName"] == "ServiceLinkedRole-AWSServiceRoleForMediaTailor"


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1", "us-gov-west-1", None])
def test_the_arn_is_right_in_any_partition(region: str | None) -> None:
    """Partition and account are those of the deployment."""
    stack = Stack(App(), "Stack", env={"region": region} if region else None)

    role = declare(stack)

    assert stack.resolve(role.role_arn) == {
        "Fn::Join": [
            "",
            [
                "arn:",
                {"Ref": "AWS::Partition"},
                ":iam::",
                {"Ref": "AWS::AccountId"},
                ":role/aws-service-role/mediatailor.amazonaws.com/AWSServiceRoleForMediaTailor",
            ],
        ]
    }


def test_a_native_role_is_cloudformations_own_type(stack: Stack) -> None:
    """It needs no function."""
    role = declare(stack, native=True, description="Logs")

    template = template_of(stack)
    assert properties_of(template, NATIVE_ROLE) == {
        "AWSServiceName": "mediatailor.amazonaws.com",
        "Description": "Logs",
    }
    assert ids_of(template, FUNCTION) == []
    assert role.resource is role.node.default_child


def test_a_native_role_has_no_description_unasked(stack: Stack) -> None:
    """What is not said is left out."""
    declare(stack, native=True)

    assert "Description" not in properties_of(template_of(stack), NATIVE_ROLE)


def test_a_stack_has_each_role_once(stack: Stack) -> None:
    """The first call declares it on the stack, and the others find it."""
    first = ServiceLinkedRole.of(Construct(stack, "Scope"), catalogue.MEDIATAILOR)

    assert ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR) is first
    assert first.node.path == "Stack/AWSServiceRoleForMediaTailor"


def test_each_role_of_a_stack_is_another(stack: Stack) -> None:
    """One stack may use them all, with one function."""
    for definition in catalogue.ALL:
        ServiceLinkedRole.of(stack, definition)

    template = template_of(stack)
    assert len(ids_of(template, ROLE)) == len(catalogue.ALL)
    assert len(ids_of(template, FUNCTION)) == 1


def test_each_stack_declares_the_role_for_itself() -> None:
    """A lease is a stack's: no stack waits for another."""
    app = App()
    one, two = Stack(app, "One"), Stack(app, "Two")

    roles = [ServiceLinkedRole.of(each, catalogue.MEDIATAILOR) for each in (one, two)]

    assert roles[0] is not roles[1]
    assert asked(one) == asked(two)
    assert one.dependencies == two.dependencies == []


def test_an_imported_role_defines_nothing(stack: Stack) -> None:
    """Somebody else looks after it."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)

    assert "Resources" not in template_of(stack)
    assert role.resource is None
    assert role.role_name == "AWSServiceRoleForMediaTailor"
    assert role.definition is catalogue.MEDIATAILOR
    assert stack.resolve(role.role_arn) == resolved_arn(stack)


def test_an_imported_role_is_that_of_its_stack(stack: Stack) -> None:
    """Features that are given no role find it."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)

    assert ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR) is role


def test_a_role_that_is_declared_stays_that_of_its_stack(stack: Stack) -> None:
    """An import beside it takes nothing away."""
    role = declare(stack)

    ServiceLinkedRole.from_existing(stack, "Imported", catalogue.MEDIATAILOR)

    assert ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR) is role


def test_who_may_create_the_role() -> None:
    """The statements of the IAM User Guide, for this service alone."""
    assert granted(lambda role, somebody: role.grant_create(somebody)) == [
        {
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Condition": {"StringLike": {"iam:AWSServiceName": "mediatailor.amazonaws.com"}},
        },
        {"Effect": "Allow", "Action": ["iam:AttachRolePolicy", "iam:PutRolePolicy"]},
    ]


def test_who_may_edit_the_role() -> None:
    """Its description is all that can be edited."""
    assert granted(lambda role, somebody: role.grant_edit(somebody)) == [
        {"Effect": "Allow", "Action": "iam:UpdateRoleDescription"}
    ]


def test_who_may_delete_the_role() -> None:
    """Deleting takes its time, and is followed."""
    assert granted(lambda role, somebody: role.grant_delete(somebody)) == [
        {
            "Effect": "Allow",
            "Action": [
                "iam:DeleteServiceLinkedRole",
                "iam:GetServiceLinkedRoleDeletionStatus",
            ],
        }
    ]


def test_the_role_stands_in_the_policy_of_a_key(stack: Stack) -> None:
    """As CDK's own roles do; the key waits for the role, which IAM has to know."""
    role = declare(stack)
    key = aws_kms.Key(stack, "Key")

    key.add_to_resource_policy(
        aws_iam.PolicyStatement(
            actions=["kms:Decrypt"], resources=["*"], principals=[role.as_role()]
        )
    )
    key.node.add_dependency(role)

    template = template_of(stack)
    policy = properties_of(template, "AWS::KMS::Key")["KeyPolicy"]
    assert policy["Statement"][1]["Principal"] == {"AWS": resolved_arn(stack)}
    assert is_type_first(template, ROLE, "AWS::KMS::Key")


def test_the_role_for_policies_is_made_once(stack: Stack) -> None:
    """Asking twice defines nothing twice."""
    role = declare(stack)

    assert role.as_role() is role.as_role()
    assert role.as_role().role_name == "AWSServiceRoleForMediaTailor"


def test_the_role_for_policies_can_be_given_no_rights(stack: Stack) -> None:
    """Its rights are those of its service, and a policy attached to it would fail to deploy."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)
    key = aws_kms.Key(stack, "Key")

    key.grant_decrypt(role.as_role())

    template = template_of(stack)
    assert [each["Type"] for each in template["Resources"].values()] == ["AWS::KMS::Key"]
    assert len(properties_of(template, "AWS::KMS::Key")["KeyPolicy"]["Statement"]) == 1


def test_fails_when_the_stack_has_the_role_already(stack: Stack) -> None:
    """Two constructs would hold one lease."""
    ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR)

    with pytest.raises(UsageError) as refused:
        declare(stack)

    assert str(refused.value) == (
        "Stack/Role: definition must be a role that the stack has not yet"
        " (Stack/AWSServiceRoleForMediaTailor is there),"
        " got 'AWSServiceRoleForMediaTailor' [RoleDeclaredTwice]"
    )


@pytest.mark.parametrize("native", [False, True], ids=["ours", "native"])
def test_fails_when_iam_would_refuse_the_description(
    stack: Stack,
    native: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A tick is no Latin-1."""
    with pytest.raises(UsageError) as refused:
        declare(stack, description="Logs ✓", native=native)

    assert str(refused.value) == (
        "Stack/Role: description must be at most 1000 printable Latin-1 characters,"
        " got 'Logs ✓' [RoleDescription]"
    )


def test_fails_when_iam_does_not_make_the_native_role(stack: Stack) -> None:
    """CloudFormation would get another role, or none."""
    with pytest.raises(UsageError) as refused:
        ServiceLinkedRole(stack, "Role", definition=catalogue.CHIME_MESSAGING_LEGACY, native=True)

    assert str(refused.value) == (
        "Stack/Role: native must be False for a role that IAM makes no longer,"
        " got True [NativeRoleCreation]"
    )


def test_fails_when_a_native_role_has_a_removal_setting(stack: Stack) -> None:
    """CloudFormation knows its own removal policies alone."""
    with pytest.raises(UsageError) as refused:
        declare(stack, native=True, removal=RoleRemoval.KEEP)

    assert str(refused.value) == (
        "Stack/Role: removal must be left out with native=True (apply a removal policy to the"
        " resource), got 'KEEP' [NativeRoleRemoval]"
    )


def test_resources_of_the_smallest_call(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What one line of a stack adds to its template, beside the function."""
    assert resources_of(declare(stack)) == template_snapshot


def test_resources_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What every prop adds to it."""
    role = declare(stack, removal=RoleRemoval.REQUIRE, description="Logs of the show")

    assert resources_of(role) == template_snapshot


def test_resources_of_a_native_role(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """What `native` defines instead."""
    assert resources_of(declare(stack, native=True, description="Logs")) == template_snapshot
