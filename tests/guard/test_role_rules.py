"""Declarations of the same role in several stacks, in one or more accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Aws, Environment, Stack, Stage, aws_iam, aws_ivs

from slr_constructs import RoleRemoval, ServiceLinkedRole, catalogue
from slr_constructs.guard.check import check
from slr_constructs.templates.app import App as ReadApp
from tests.templates.apps import read_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IVS = catalogue.IVS_RECORD_TO_S3
ONE, TWO = "111122223333", "444455556666"


def native(stack: Stack, description: str | None = None) -> aws_iam.CfnServiceLinkedRole:
    """Declare the role as AWS::IAM::ServiceLinkedRole."""
    return aws_iam.CfnServiceLinkedRole(
        stack, "Native", aws_service_name=IVS.service_principal, description=description
    )


def construct(stack: Stack, **options: Any) -> ServiceLinkedRole:  # noqa: ANN401 - props of a role
    """Declare the role with the construct of this library."""
    return ServiceLinkedRole(stack, "Construct", definition=IVS, **options)


def recording(stack: Stack) -> None:
    """Use the role."""
    l1 = aws_ivs.CfnRecordingConfiguration
    l1(
        stack,
        "Recording",
        destination_configuration=l1.DestinationConfigurationProperty(
            s3=l1.S3DestinationConfigurationProperty(bucket_name="recordings")
        ),
    )


def reported(define: Callable[[App], object], *rules: str) -> list[tuple[str, str, str]]:
    """Return rule, stack and text of the findings of some rules."""
    return [
        (each.rule.id, each.stack, each.text)
        for each in check(read_back(define))
        if each.rule.id in rules
    ]


def in_account(app: App, name: str, account: str | None) -> Stack:
    """Define a stack for an account."""
    env = Environment(account=account, region="us-east-1") if account else None
    return Stack(app, name, env=env)


@pytest.mark.parametrize(
    ("accounts", "fails"),
    [
        ((None, None), True),
        ((ONE, ONE), True),
        ((ONE, None), True),
        ((ONE, TWO), False),
    ],
    ids=["unknown", "same", "one unknown", "different"],
)
def test_two_native_roles_in_one_account_are_an_error(
    accounts: tuple[str | None, str | None], *, fails: bool
) -> None:
    """The second deployment fails; in two accounts, both succeed."""

    def define(app: App) -> None:
        for name, account in zip(("First", "Second"), accounts, strict=True):
            native(in_account(app, name, account))

    expected = (
        "RoleDeclaredTwice",
        "Second",
        "`AWSServiceRoleForIVSRecordToS3` is also declared by `Native` in the stack `First`",
    )
    assert reported(define, "RoleDeclaredTwice") == ([expected] if fails else [])


@pytest.mark.parametrize(
    ("accounts", "fails"),
    [((None, None), False), ((ONE, TWO), False), ((ONE, ONE), True)],
    ids=["unknown", "different", "same"],
)
def test_stages_are_assumed_to_have_different_accounts(
    accounts: tuple[str | None, str | None], *, fails: bool
) -> None:
    """If they name their accounts, these decide."""

    def define(app: App) -> None:
        for name, account in zip(("Test", "Prod"), accounts, strict=True):
            env = Environment(account=account, region="us-east-1") if account else None
            native(Stack(Stage(app, name, env=env), "Live"))

    assert [each[1] for each in reported(define, "RoleDeclaredTwice")] == ["Prod/Live"] * fails


def test_the_construct_may_be_used_in_every_stack() -> None:
    """Each stack has its own lease on the role."""

    def define(app: App) -> None:
        for name in ("First", "Second"):
            stack = Stack(app, name)
            role = construct(stack)
            recording(stack)
            stack.node.find_child("Recording").node.add_dependency(role)

    assert check(read_back(define)) == []


@pytest.mark.parametrize("ordered", [True, False])
def test_the_construct_may_follow_a_native_role_but_not_precede_it(*, ordered: bool) -> None:
    """The construct adopts an existing role; a native role fails."""

    def define(app: App) -> None:
        first, second = Stack(app, "First"), Stack(app, "Second")
        native(first)
        construct(second)
        if ordered:
            second.add_stack_dependency(first)

    found = reported(define, "RoleDeclaredTwice")

    assert [each[1] for each in found] == ([] if ordered else ["First"])


def test_different_descriptions_are_reported() -> None:
    """A declaration without a description does not change it."""

    def described(*texts: str | None) -> Callable[[App], None]:
        def define(app: App) -> None:
            for number, text in enumerate(texts):
                construct(Stack(app, f"Stack{number}"), description=text)

        return define

    assert reported(described("one", "two"), "RoleDescription") == [
        (
            "RoleDescription",
            "Stack1",
            (
                "`Construct/Resource` in the stack `Stack0` gives `AWSServiceRoleForIVSRecordToS3`"
                " a different description"
            ),
        )
    ]
    assert reported(described("one", "one", None), "RoleDescription") == []


@pytest.mark.parametrize(
    ("removal", "breaks"),
    [(RoleRemoval.KEEP, False), (RoleRemoval.WHEN_UNUSED, False), (RoleRemoval.REQUIRE, True)],
    ids=lambda each: each.name if isinstance(each, RoleRemoval) else str(each),
)
def test_deleting_a_required_role_breaks_another_stack_that_uses_it(
    removal: RoleRemoval, *, breaks: bool
) -> None:
    """With a dependency, the other stack is deleted first."""

    def define(app: App, *, ordered: bool = False) -> None:
        roles, usages = Stack(app, "Roles"), Stack(app, "Users")
        construct(roles, removal=removal)
        recording(usages)
        if ordered:
            usages.add_stack_dependency(roles)

    text = (
        "deleting the stack `Roles` deletes `AWSServiceRoleForIVSRecordToS3`, but `Recording` in"
        " the stack `Users` uses it"
    )
    expected = [("RoleRemovedUnderOthers", "Roles", text)] if breaks else []
    assert reported(define, "RoleRemovedUnderOthers") == expected
    assert reported(lambda app: define(app, ordered=True), "RoleRemovedUnderOthers") == []


def test_a_stack_of_another_account_uses_another_role() -> None:
    """Each account has its own role of this name."""

    def define(app: App) -> None:
        native(in_account(app, "Roles", ONE))
        recording(in_account(app, "Users", TWO))
        Stack(app, "Others")

    assert reported(define, "RoleRemovedUnderOthers") == []


@pytest.mark.parametrize(
    ("suffixes", "rules", "last"),
    [
        ((None, None), ["RoleDeclaredTwice", "NativeRole", "NativeRole"], ""),
        (("a", "a"), ["RoleDeclaredTwice", "NativeRole", "NativeRole"], "_a"),
        (("a", "b"), ["NativeRole", "NativeRole"], "_b"),
        (("a", None), ["NativeRole", "NativeRole"], ""),
        # each stack has a role of its own
        ((Aws.STACK_NAME, "b"), ["NativeRole"], "_b"),
    ],
    ids=["without suffix", "same", "different", "one without", "of the stack"],
)
def test_the_roles_of_all_services_are_checked(
    suffixes: tuple[str | None, str | None], rules: list[str], last: str
) -> None:
    """A service may have several roles in an account, with different suffixes."""

    def define(app: App) -> None:
        for name, suffix in zip(("First", "Second"), suffixes, strict=True):
            aws_iam.CfnServiceLinkedRole(
                Stack(app, name),
                "Role",
                aws_service_name="autoscaling.amazonaws.com",
                custom_suffix=suffix,
            )

    found = check(read_back(define))

    assert [each.rule.id for each in found] == rules
    texts = {each.rule.id: each.text for each in found}
    name = f"`AWSServiceRoleForAutoScaling{last}`"
    assert texts["NativeRole"].endswith(f"already has {name}")
    if "RoleDeclaredTwice" in rules:
        assert texts["RoleDeclaredTwice"].startswith(f"{name} is")


def test_two_single_templates_may_be_for_the_same_account(tmp_path: Path) -> None:
    """Then the second deployment fails, so it is a warning."""
    paths = [tmp_path / name for name in ("first.yaml", "second.yaml")]
    for path in paths:
        path.write_text(
            "Resources: {Role: {Type: AWS::IAM::ServiceLinkedRole,"
            " Properties: {AWSServiceName: ivs.amazonaws.com}}}"
        )

    found = [(each.rule.id, each.severity.value) for each in check(ReadApp.read(paths))]
    assert found == [
        ("NativeRole", "warning"),
        ("NativeRole", "warning"),
        ("RoleDeclaredTwice", "warning"),
    ]
