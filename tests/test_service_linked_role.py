"""A role in a stack: declared, adopted, imported or native, and the permissions to manage it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, CfnParameter, Stack, Stage, aws_iam, aws_kms
from constructs import Construct

from slr_constructs import (
    RoleRemoval,
    ServiceLinkedRole,
    UsageError,
    _service_linked_role,
    catalogue,
)
from slr_constructs.catalogue import resource_types_of
from slr_constructs.testing import resources_of, template_of
from tests.features.graph import (
    FUNCTION,
    NATIVE_ROLE,
    ONLY_OWN_TAGS,
    ROLE,
    actions_of,
    function_policies,
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
ARN_WITHOUT_PATH = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/AWSServiceRoleForMediaTailor"


def declare(stack: Stack, **props: Any) -> ServiceLinkedRole:  # noqa: ANN401 - props of the role
    """Declare a role, by default MediaTailor's."""
    return ServiceLinkedRole(stack, "Role", **{"definition": catalogue.MEDIATAILOR, **props})


def received(stack: Stack) -> dict[str, Any]:
    """Return the properties that the function receives."""
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
    """Return the statements of a grant for MediaTailor's role."""
    stack = Stack(App(), "Stack")
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)
    grantee = aws_iam.Role(stack, "Grantee", assumed_by=aws_iam.AccountRootPrincipal())

    grant(role, grantee).assert_success()

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
    """The function receives the facts; by default, an unused role is deleted."""
    ServiceLinkedRole(stack, "Role", definition=definition)

    listed = [each for each in resource_types_of(definition) if not each.is_known_to_iam]
    lists = {"UsageLists": [each.calls.list.operation for each in listed]} if listed else {}
    assert received(stack) == lists | {
        "RoleName": definition.role_name,
        "ServicePrincipal": definition.service_principal,
        "Removal": "WHEN_UNUSED",
        "Creation": definition.creation.value,
    }


def test_the_function_lists_resources_that_iam_may_not_know(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the permission to list them, in addition to those for the role."""
    lists = ("chime-sdk-voice:ListVoiceConnectors", "ivs:ListChannels")
    monkeypatch.setattr(_service_linked_role, "usage_lists_of", lambda _: lists)

    declare(stack)

    template = template_of(stack)
    assert received(stack)["UsageLists"] == [*lists]
    assert statements_of(template, id_of(template, ROLE))[-1] == {
        "Effect": "Allow",
        "Action": ["chime:ListVoiceConnectors", "ivs:ListChannels"],
        "Resource": "*",
    }


def test_a_custom_definition_works_like_the_catalogue(stack: Stack) -> None:
    """The library supports every service-linked role."""
    definition = catalogue.RoleDefinition("AWSServiceRoleForBatch", "batch.amazonaws.com")

    role = ServiceLinkedRole(stack, "Role", definition=definition)

    assert role.role_name == "AWSServiceRoleForBatch"
    assert received(stack)["ServicePrincipal"] == "batch.amazonaws.com"
    assert received(stack)["Creation"] == "IAM"


@pytest.mark.parametrize("removal", list(RoleRemoval))
def test_the_function_receives_the_removal_setting(stack: Stack, removal: RoleRemoval) -> None:
    """The function keeps or deletes the role."""
    declare(stack, removal=removal)

    assert received(stack)["Removal"] == removal.name


def test_the_function_receives_the_description(stack: Stack) -> None:
    """By default the property is omitted, so an existing role keeps its description."""
    declare(stack, description="Logs of the Ümläut show")

    assert received(stack)["Description"] == "Logs of the Ümläut show"


def test_a_description_may_be_a_token(stack: Stack) -> None:
    """The function checks values that are known only at deployment."""
    declare(stack, description=CfnParameter(stack, "Text").value_as_string)

    assert received(stack)["Description"] == {"Ref": "Text"}


def test_the_resource_is_the_primary_child(stack: Stack) -> None:
    """A resource that uses the role depends on this resource."""
    role = declare(stack)

    assert role.resource is role.node.default_child
    assert role.definition is catalogue.MEDIATAILOR


def test_the_function_has_the_permissions_for_this_role(stack: Stack) -> None:
    """It may create the role only for its service, and tag, edit and delete the role."""
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
            # with its path, and without it, as IAM names a role that does not exist
            "Resource": [{"Fn::Sub": MEDIATAILOR_ARN}, {"Fn::Sub": ARN_WITHOUT_PATH}],
            "Condition": ONLY_OWN_TAGS,
        },
    ]


@pytest.mark.parametrize("definition", catalogue.ALL, ids=lambda each: each.role_name)
def test_the_function_may_not_delete_a_role_to_be_kept(
    definition: RoleDefinition, stack: Stack
) -> None:
    """It does not need to know what uses the role either."""
    declare(stack, definition=definition, removal=RoleRemoval.KEEP)

    template = template_of(stack)
    assert set(actions_of(template, id_of(template, ROLE))) - {"iam:CreateServiceLinkedRole"} == {
        "iam:GetRole",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateRoleDescription",
    }
    assert "UsageLists" not in received(stack)


def test_a_role_that_iam_no_longer_creates_needs_no_permission_to_create_it(stack: Stack) -> None:
    """Such a role can only be adopted."""
    ServiceLinkedRole(stack, "Role", definition=catalogue.CHIME_MESSAGING_LEGACY)

    template = template_of(stack)
    assert "iam:CreateServiceLinkedRole" not in actions_of(template, id_of(template, ROLE))


def test_the_policy_is_named_after_the_role_and_its_path(stack: Stack) -> None:
    """If the definition or the construct id changes, CloudFormation creates the new policy first.

    The digest is that of the path in the stack, so a role in a stage has the same one.
    """

    def name(stack: Stack, id: str = "Role") -> str:
        ServiceLinkedRole(stack, id, definition=catalogue.MEDIATAILOR)
        template = template_of(stack)
        policy = template["Resources"][policy_of(template, id_of(template, ROLE))]
        return str(policy["Properties"]["PolicyName"])

    first = name(stack)

    assert re.fullmatch("ServiceLinkedRole-[0-9a-f]{8}-AWSServiceRoleForMediaTailor", first)
    assert name(Stack(Stage(App(), "Stage"), "Other")) == first
    assert name(Stack(App(), "Stack"), "Renamed") != first


def test_the_policy_of_a_long_path_has_a_valid_name(stack: Stack) -> None:
    """IAM accepts 128 characters."""
    definition = catalogue.RoleDefinition("R" * 64, "tea.amazonaws.com")
    ServiceLinkedRole(Construct(stack, "Scope" * 50), "Role", definition=definition)

    assert max(map(len, function_policies(template_of(stack)))) <= 128


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1", "us-gov-west-1", None])
def test_the_arn_is_right_in_any_partition(region: str | None) -> None:
    """Partition and account are known only at deployment."""
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


def test_a_native_role_is_a_resource_type_of_cloudformation(stack: Stack) -> None:
    """It needs no function."""
    role = declare(stack, native=True, description="Logs")

    template = template_of(stack)
    assert properties_of(template, NATIVE_ROLE) == {
        "AWSServiceName": "mediatailor.amazonaws.com",
        "Description": "Logs",
    }
    assert ids_of(template, FUNCTION) == []
    assert role.resource is role.node.default_child


def test_a_native_role_has_no_description_by_default(stack: Stack) -> None:
    """An omitted description is not in the template."""
    declare(stack, native=True)

    assert "Description" not in properties_of(template_of(stack), NATIVE_ROLE)


def test_a_stack_has_each_role_once(stack: Stack) -> None:
    """The first call declares the role on the stack, and later calls return it."""
    first = ServiceLinkedRole.of(Construct(stack, "Scope"), catalogue.MEDIATAILOR)

    assert ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR) is first
    assert first.node.path == "Stack/AWSServiceRoleForMediaTailor"


def test_the_removal_setting_may_be_given_again(stack: Stack) -> None:
    """The same setting, or none, does not conflict."""
    role = declare(stack, removal=RoleRemoval.KEEP)

    for removal in (None, RoleRemoval.KEEP):
        assert ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR, removal=removal) is role


def test_the_first_call_sets_the_removal_setting(stack: Stack) -> None:
    """Later features use this role."""
    ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR, removal=RoleRemoval.KEEP)

    assert received(stack)["Removal"] == "KEEP"


def test_a_stack_may_have_different_roles(stack: Stack) -> None:
    """A stack can use all roles with one function."""
    for definition in catalogue.ALL:
        ServiceLinkedRole.of(stack, definition)

    template = template_of(stack)
    assert len(ids_of(template, ROLE)) == len(catalogue.ALL)
    assert len(ids_of(template, FUNCTION)) == 1


def test_each_stack_declares_the_role_for_itself() -> None:
    """Each stack has its own lease, so no stack depends on another one."""
    app = App()
    one, two = Stack(app, "One"), Stack(app, "Two")

    roles = [ServiceLinkedRole.of(each, catalogue.MEDIATAILOR) for each in (one, two)]

    assert roles[0] is not roles[1]
    assert received(one) == received(two)
    assert one.dependencies == two.dependencies == []


def test_an_imported_role_defines_nothing(stack: Stack) -> None:
    """It is managed outside of the stack."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)

    assert "Resources" not in template_of(stack)
    assert role.resource is None
    assert role.role_name == "AWSServiceRoleForMediaTailor"
    assert role.definition is catalogue.MEDIATAILOR
    assert stack.resolve(role.role_arn) == resolved_arn(stack)


def test_an_imported_role_is_the_role_of_its_stack(stack: Stack) -> None:
    """Features without a given role use it."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)

    assert ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR) is role


def test_a_declared_role_stays_the_role_of_its_stack(stack: Stack) -> None:
    """A later import does not replace it."""
    role = declare(stack)

    ServiceLinkedRole.from_existing(stack, "Imported", catalogue.MEDIATAILOR)

    assert ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR) is role


def test_grant_create() -> None:
    """The statements of the IAM User Guide, only for this service."""
    assert granted(lambda role, grantee: role.grant_create(grantee)) == [
        {
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Condition": {"StringLike": {"iam:AWSServiceName": "mediatailor.amazonaws.com"}},
        },
        {"Effect": "Allow", "Action": ["iam:AttachRolePolicy", "iam:PutRolePolicy"]},
    ]


def test_grant_edit() -> None:
    """Only the description can be edited."""
    assert granted(lambda role, grantee: role.grant_edit(grantee)) == [
        {"Effect": "Allow", "Action": "iam:UpdateRoleDescription"}
    ]


def test_grant_delete() -> None:
    """A deletion takes time, so the grantee may read its status."""
    assert granted(lambda role, grantee: role.grant_delete(grantee)) == [
        {
            "Effect": "Allow",
            "Action": [
                "iam:DeleteServiceLinkedRole",
                "iam:GetServiceLinkedRoleDeletionStatus",
            ],
        }
    ]


def test_the_policy_of_a_key_can_name_the_role(stack: Stack) -> None:
    """The key depends on the role, because the role must exist first."""
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


def test_the_role_for_policies_is_created_once(stack: Stack) -> None:
    """A second call returns the same object."""
    role = declare(stack)

    assert role.as_role() is role.as_role()
    assert role.as_role().role_name == "AWSServiceRoleForMediaTailor"


def test_the_role_for_policies_accepts_no_permissions(stack: Stack) -> None:
    """The service defines its permissions, so the deployment of an attached policy would fail."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)
    key = aws_kms.Key(stack, "Key")

    key.grant_decrypt(role.as_role())

    template = template_of(stack)
    assert [each["Type"] for each in template["Resources"].values()] == ["AWS::KMS::Key"]
    assert len(properties_of(template, "AWS::KMS::Key")["KeyPolicy"]["Statement"]) == 1


def test_fails_when_the_stack_already_has_the_role(stack: Stack) -> None:
    """Two constructs would have the same lease."""
    ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR)

    with pytest.raises(UsageError) as refused:
        declare(stack)

    assert str(refused.value) == (
        "Stack/Role: Stack/AWSServiceRoleForMediaTailor already defines the role"
        " AWSServiceRoleForMediaTailor in this stack. Use that construct, or remove one of the two."
        " [RoleDeclaredTwice]"
    )


@pytest.mark.parametrize("removal", [RoleRemoval.KEEP, RoleRemoval.REQUIRE])
def test_fails_when_the_role_has_another_removal_setting(
    stack: Stack, removal: RoleRemoval
) -> None:
    """A setting that decides about a deletion is never ignored."""
    ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR)

    with pytest.raises(UsageError) as refused:
        ServiceLinkedRole.of(Construct(stack, "Scope"), catalogue.MEDIATAILOR, removal=removal)

    assert str(refused.value) == (
        "Stack/Scope: Stack/AWSServiceRoleForMediaTailor already defines the role"
        " AWSServiceRoleForMediaTailor in this stack with the removal setting WHEN_UNUSED, not"
        f" {removal.name}. Declare the role with that setting before the features that use it, or"
        " omit removal. [RoleRemovalSetTwice]"
    )


@pytest.mark.parametrize("native", [False, True], ids=["imported", "native"])
def test_fails_when_the_role_has_no_removal_setting(stack: Stack, *, native: bool) -> None:
    """The stack does not delete such a role, or CloudFormation does."""
    if native:
        declare(stack, native=True)
    else:
        ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)

    with pytest.raises(UsageError, match=r"with no removal setting, not KEEP\."):
        ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR, removal=RoleRemoval.KEEP)


def test_fails_when_the_removal_setting_is_a_string(stack: Stack) -> None:
    """Also if the stack has the role already."""
    declare(stack)

    with pytest.raises(UsageError) as refused:
        ServiceLinkedRole.of(stack, catalogue.MEDIATAILOR, removal="KEEP")  # type: ignore[arg-type]

    assert str(refused.value) == "Stack: removal must be a RoleRemoval, got 'KEEP' [PropKind]"


@pytest.mark.parametrize("native", [False, True], ids=["ours", "native"])
def test_fails_when_iam_does_not_accept_the_description(
    stack: Stack,
    native: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A check mark is not a Latin-1 character."""
    with pytest.raises(UsageError) as refused:
        declare(stack, description="Logs ✓", native=native)

    assert str(refused.value) == (
        "Stack/Role: description must be at most 1000 printable Latin-1 characters,"
        " got 'Logs ✓' [RoleDescription]"
    )


def test_fails_when_iam_does_not_create_the_native_role(stack: Stack) -> None:
    """CloudFormation would create another role or fail."""
    with pytest.raises(UsageError) as refused:
        ServiceLinkedRole(stack, "Role", definition=catalogue.CHIME_MESSAGING_LEGACY, native=True)

    assert str(refused.value) == (
        "Stack/Role: native must be False for a role that IAM no longer creates,"
        " got True [NativeRoleCreation]"
    )


def test_fails_when_a_native_role_has_a_removal_setting(stack: Stack) -> None:
    """CloudFormation has only its own removal policies."""
    with pytest.raises(UsageError) as refused:
        declare(stack, native=True, removal=RoleRemoval.KEEP)

    assert str(refused.value) == (
        "Stack/Role: removal must be omitted if native is True (apply a removal policy to"
        " `resource` instead), got RoleRemoval.KEEP [NativeRoleRemoval]"
    )


def test_resources_of_the_smallest_call(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """These are the resources that one line adds, without the function."""
    assert resources_of(declare(stack)) == template_snapshot


def test_resources_with_everything_set(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """All props are set."""
    role = declare(stack, removal=RoleRemoval.REQUIRE, description="Logs of the show")

    assert resources_of(role) == template_snapshot


def test_resources_of_a_native_role(stack: Stack, template_snapshot: SnapshotAssertion) -> None:
    """`native` defines another resource."""
    assert resources_of(declare(stack, native=True, description="Logs")) == template_snapshot
