"""A role that is declared, in order and released, across stacks and imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, NestedStack, Stack

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs.guard.check import check
from tests.features.every_feature import RECIPES
from tests.guard.test_roles import native, ours, recording
from tests.templates.apps import read_back, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_nothing_is_said_of_a_feature_of_ours(recipe: Any) -> None:  # noqa: ANN401
    """With an owner of the app or an existing one."""
    assert check(stack_of(lambda stack: recipe.define(stack, "a", None))) == []


def rules(define: Callable[[App], object], **options: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Return the rules that are broken, and in which stacks."""
    return [(each.rule.id, each.stack) for each in check(read_back(define), **options)]


def test_a_role_may_come_from_a_stack_that_is_waited_for() -> None:
    """Not from one that nobody waits for."""

    def define(app: App, *, ordered: bool) -> None:
        roles, users = Stack(app, "Roles"), Stack(app, "Users")
        ours(roles)
        recording(users)
        if ordered:
            users.add_stack_dependency(roles)

    assert rules(lambda app: define(app, ordered=True)) == []
    assert rules(lambda app: define(app, ordered=False)) == [("RoleNotDeclared", "Users")]


@pytest.mark.parametrize("ordered", [True, False])
def test_a_role_may_come_from_the_parent_of_a_nested_stack(*, ordered: bool) -> None:
    """Then the nested stack has to wait for it."""

    def define(app: App) -> None:
        show = Stack(app, "Show")
        role = ours(show)
        inner = NestedStack(show, "Inner")
        recording(inner)
        if ordered:
            inner.node.add_dependency(role)

    assert rules(define) == ([] if ordered else [("RoleOrder", "Show/Inner")])


def test_a_role_that_is_imported_need_not_be_declared() -> None:
    """The guard is told by whoever knows, for a template does not tell."""

    def define(app: App) -> None:
        stack = Stack(app, "Show")
        ServiceLinkedRole.from_existing(stack, "Role", catalogue.IVS_RECORD_TO_S3)
        recording(stack)

    name = catalogue.IVS_RECORD_TO_S3.role_name
    assert rules(define) == [("RoleNotDeclared", "Show")]
    assert rules(define, imported={("Show", name)}) == []
    assert rules(define, imported={("Other", name), ("Show", "other")}) == [
        ("RoleNotDeclared", "Show")
    ]


def test_the_worst_is_said_first() -> None:
    """And stacks follow one another in the order of deployment."""

    def define(app: App) -> None:
        for name in ("First", "Second"):
            stack = Stack(app, name)
            native(stack)
            recording(stack)

    said = rules(define)

    assert [rule for rule, _ in said] == [
        *["RoleOrder"] * 2,
        "RoleDeclaredTwice",
        *["RoleRemovedUnderOthers"] * 2,
        *["NativeRole"] * 2,
    ]
    assert [stack for rule, stack in said if rule == "RoleOrder"] == ["First", "Second"]


def test_what_is_wrong_is_said_with_names() -> None:
    """Of the resource, of what it does, and of the role."""

    def define(app: App) -> None:
        recording(Stack(app, "Show"))

    (finding,) = check(read_back(define))

    assert finding.text == (
        "`Recording` switches recording on, and no stack that it waits for declares"
        " `AWSServiceRoleForIVSRecordToS3`"
    )
    assert finding.resource == "Recording"
    assert finding.rule.why
    assert finding.rule.mend
