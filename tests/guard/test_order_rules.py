"""Declared roles, their order and their clean-up, across stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, NestedStack, Stack

from slr_constructs.guard.check import check
from tests.features.every_feature import RECIPES
from tests.guard.test_role_rules import construct, native, recording
from tests.templates.apps import plain, read_back, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_constructs_have_no_findings(recipe: Any) -> None:  # noqa: ANN401
    """The owner is in the app or exists already."""
    assert check(stack_of(lambda stack: recipe.define(stack, "a", None))) == []


def rules(define: Callable[[App], object]) -> list[tuple[str, str]]:
    """Return the broken rules with their stacks."""
    return [(each.rule.id, each.stack) for each in check(read_back(define))]


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


def test_findings_are_sorted_by_severity() -> None:
    """Findings of the same severity are sorted by stack in the order of deployment, and by rule."""

    def define(app: App) -> None:
        for name in ("First", "Second"):
            stack = Stack(app, name)
            native(stack)
            recording(stack)

    assert rules(define) == [
        ("RoleOrder", "First"),
        ("RoleRemovedUnderOthers", "First"),
        ("RoleDeclaredTwice", "Second"),
        ("RoleOrder", "Second"),
        ("RoleRemovedUnderOthers", "Second"),
        ("NativeRole", "First"),
        ("NativeRole", "Second"),
    ]


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


@pytest.mark.parametrize(
    "logs",
    [
        {"PercentEnabled": {"Ref": "Percent"}},
        {"PercentEnabled": 100, "EnabledLoggingStrategies": ["VENDED_LOGS"]},
    ],
    ids=["parameter", "vended"],
)
def test_a_finding_says_if_it_is_uncertain_that_the_role_is_used(logs: dict[str, Any]) -> None:
    """The value is unknown, or AWS does not document whether the role is used."""
    ads = {
        "Type": "AWS::MediaTailor::PlaybackConfiguration",
        "Properties": {"Name": "ads", "LogConfiguration": logs},
    }

    clean_up_missing, not_declared = check(plain(Ads=ads))

    assert clean_up_missing.rule.id == "CleanUpMissing"
    assert not_declared.text == (
        "`Ads` may use the role `AWSServiceRoleForMediaTailor` for session logging, but neither"
        " this stack nor a stack it depends on declares it"
    )
