"""Declared roles, their order and their clean-up, across stacks and imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, NestedStack, Stack

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs.guard.check import check
from tests.features.every_feature import RECIPES
from tests.guard.test_role_rules import construct, native, recording
from tests.templates.apps import read_back, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_constructs_have_no_findings(recipe: Any) -> None:  # noqa: ANN401
    """The owner is in the app or exists already."""
    assert check(stack_of(lambda stack: recipe.define(stack, "a", None))) == []


def rules(define: Callable[[App], object], **options: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Return the broken rules with their stacks."""
    return [(each.rule.id, each.stack) for each in check(read_back(define), **options)]


def test_a_role_may_be_declared_in_a_stack_that_the_stack_depends_on() -> None:
    """Without a dependency between the stacks, the role is missing."""

    def define(app: App, *, ordered: bool) -> None:
        roles, usages = Stack(app, "Roles"), Stack(app, "Users")
        construct(roles)
        recording(usages)
        if ordered:
            usages.add_stack_dependency(roles)

    assert rules(lambda app: define(app, ordered=True)) == []
    assert rules(lambda app: define(app, ordered=False)) == [("RoleNotDeclared", "Users")]


@pytest.mark.parametrize("ordered", [True, False])
def test_a_role_may_be_declared_in_the_parent_of_a_nested_stack(*, ordered: bool) -> None:
    """The nested stack must depend on the role."""

    def define(app: App) -> None:
        show = Stack(app, "Show")
        role = construct(show)
        inner = NestedStack(show, "Inner")
        recording(inner)
        if ordered:
            inner.node.add_dependency(role)

    assert rules(define) == ([] if ordered else [("RoleOrder", "Show/Inner")])


def test_an_imported_role_does_not_need_a_declaration() -> None:
    """The caller passes the imports, because a template does not contain them."""

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


def test_findings_are_sorted_by_severity() -> None:
    """Findings of the same severity are in the order of deployment."""

    def define(app: App) -> None:
        for name in ("First", "Second"):
            stack = Stack(app, name)
            native(stack)
            recording(stack)

    broken = rules(define)

    assert [rule for rule, _ in broken] == [
        *["RoleOrder"] * 2,
        "RoleDeclaredTwice",
        *["RoleRemovedUnderOthers"] * 2,
        *["NativeRole"] * 2,
    ]
    assert [stack for rule, stack in broken if rule == "RoleOrder"] == ["First", "Second"]


def test_a_finding_names_the_resource_the_feature_and_the_role() -> None:
    """The rule has the reason and the fix."""

    def define(app: App) -> None:
        recording(Stack(app, "Show"))

    (finding,) = check(read_back(define))

    assert finding.text == (
        "`Recording` configures recording, but neither this stack nor a stack it depends on"
        " declares the role `AWSServiceRoleForIVSRecordToS3`"
    )
    assert finding.resource == "Recording"
    assert finding.rule.why
    assert finding.rule.fix
