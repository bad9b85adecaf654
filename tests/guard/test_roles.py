"""Declarations of one role in several stacks, of one account or of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Environment, Stack, Stage, aws_iam, aws_ivs

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
    """Declare the role as CloudFormation has it."""
    return aws_iam.CfnServiceLinkedRole(
        stack, "Native", aws_service_name=IVS.service_principal, description=description
    )


def ours(stack: Stack, **options: Any) -> ServiceLinkedRole:  # noqa: ANN401 - props of a role
    """Declare the role as this library does."""
    return ServiceLinkedRole(stack, "Ours", definition=IVS, **options)


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


def said(define: Callable[[App], object], *rules: str) -> list[tuple[str, str, str]]:
    """Return the findings of some rules: rule, stack and text."""
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
    ids=["nobody knows", "one", "one, maybe", "two"],
)
def test_two_native_roles_are_one_too_many_in_one_account(
    accounts: tuple[str | None, str | None], *, fails: bool
) -> None:
    """Whichever is deployed later fails; in two accounts, neither does."""

    def define(app: App) -> None:
        for name, account in zip(("First", "Second"), accounts, strict=True):
            native(in_account(app, name, account))

    expected = (
        "RoleDeclaredTwice",
        "Second",
        "`AWSServiceRoleForIVSRecordToS3` is also declared by `Native` of `First`",
    )
    assert said(define, "RoleDeclaredTwice") == ([expected] if fails else [])


@pytest.mark.parametrize(
    ("accounts", "fails"),
    [((None, None), False), ((ONE, TWO), False), ((ONE, ONE), True)],
    ids=["nobody knows", "two", "one"],
)
def test_stages_are_taken_for_accounts_of_their_own(
    accounts: tuple[str | None, str | None], *, fails: bool
) -> None:
    """Unless they say that they are not."""

    def define(app: App) -> None:
        for name, account in zip(("Test", "Prod"), accounts, strict=True):
            env = Environment(account=account, region="us-east-1") if account else None
            native(Stack(Stage(app, name, env=env), "Live"))

    assert [each[1] for each in said(define, "RoleDeclaredTwice")] == ["Prod/Live"] * fails


def test_ours_may_be_declared_in_every_stack() -> None:
    """Each holds it."""

    def define(app: App) -> None:
        for name in ("First", "Second"):
            stack = Stack(app, name)
            role = ours(stack)
            recording(stack)
            stack.node.find_child("Recording").node.add_dependency(role)

    assert check(read_back(define)) == []


@pytest.mark.parametrize("ordered", [True, False])
def test_ours_may_follow_a_native_role_and_not_the_other_way_round(*, ordered: bool) -> None:
    """It adopts what is there; a native role fails."""

    def define(app: App) -> None:
        first, second = Stack(app, "First"), Stack(app, "Second")
        native(first)
        ours(second)
        if ordered:
            second.add_stack_dependency(first)

    found = said(define, "RoleDeclaredTwice")

    assert [each[1] for each in found] == ([] if ordered else ["First"])


def test_descriptions_that_differ_are_told() -> None:
    """One without a description leaves it as it is."""

    def described(*texts: str | None) -> Callable[[App], None]:
        def define(app: App) -> None:
            for number, text in enumerate(texts):
                ours(Stack(app, f"Stack{number}"), description=text)

        return define

    assert said(described("one", "two"), "RoleDescription") == [
        (
            "RoleDescription",
            "Stack1",
            (
                "`AWSServiceRoleForIVSRecordToS3` has another description in `Ours/Resource` of"
                " `Stack0`"
            ),
        )
    ]
    assert said(described("one", "one", None), "RoleDescription") == []


@pytest.mark.parametrize(
    ("removal", "breaks"),
    [(RoleRemoval.KEEP, False), (RoleRemoval.WHEN_UNUSED, False), (RoleRemoval.REQUIRE, True)],
    ids=lambda each: each.name if isinstance(each, RoleRemoval) else str(each),
)
def test_a_role_that_must_go_breaks_the_stack_that_uses_it(
    removal: RoleRemoval, *, breaks: bool
) -> None:
    """Unless that goes first."""

    def define(app: App, *, ordered: bool = False) -> None:
        roles, users = Stack(app, "Roles"), Stack(app, "Users")
        ours(roles, removal=removal)
        recording(users)
        if ordered:
            users.add_stack_dependency(roles)

    text = (
        "destroying `Roles` deletes `AWSServiceRoleForIVSRecordToS3`, which `Recording` of `Users`"
        " uses"
    )
    expected = [("RoleRemovedUnderOthers", "Roles", text)] if breaks else []
    assert said(define, "RoleRemovedUnderOthers") == expected
    assert said(lambda app: define(app, ordered=True), "RoleRemovedUnderOthers") == []


def test_a_stack_of_another_account_uses_another_role() -> None:
    """It has the same name there."""

    def define(app: App) -> None:
        native(in_account(app, "Roles", ONE))
        recording(in_account(app, "Users", TWO))
        Stack(app, "Others")

    assert said(define, "RoleRemovedUnderOthers") == []


def test_a_role_of_another_service_is_not_looked_at() -> None:
    """Nor is one whose service nobody can tell."""

    def define(app: App) -> None:
        for name in ("First", "Second"):
            aws_iam.CfnServiceLinkedRole(
                Stack(app, name), "Role", aws_service_name="ecs.amazonaws.com"
            )

    assert check(read_back(define)) == []


def test_templates_that_came_alone_are_not_held_against_one_another(tmp_path: Path) -> None:
    """A folder may have templates for many accounts, or for none at a time."""
    paths = [tmp_path / name for name in ("first.yaml", "second.yaml")]
    for path in paths:
        path.write_text(
            "Resources: {Role: {Type: AWS::IAM::ServiceLinkedRole,"
            " Properties: {AWSServiceName: ivs.amazonaws.com}}}"
        )

    assert [each.rule.id for each in check(ReadApp.read(paths))] == ["NativeRole"] * 2
