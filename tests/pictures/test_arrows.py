"""The resources and arrows that a picture shows, and those that are left out."""

from __future__ import annotations

from typing import Any

from slr_constructs.pictures.arrows import Arrow, arrows_between, shown_in
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from tests.pictures.many_apps import nested, plain

DIAMOND: dict[str, Any] = {
    "Top": {"Type": "T"},
    "Left": {"Type": "T", "Properties": {"Of": {"Ref": "Top"}}},
    "Right": {"Type": "T", "Properties": {"Of": {"Fn::GetAtt": ["Top", "Arn"]}}},
    "Bottom": {"Type": "T", "DependsOn": ["Left", "Right", "Top"]},
}
(STACK,) = App([StackTemplate("Diamond", {"Resources": DIAMOND})]).stacks.values()


def test_indirect_dependencies_have_no_arrow() -> None:
    """The other arrows name the sources of their dependencies."""
    assert arrows_between(STACK, DIAMOND) == [
        Arrow("Left", "Top", "Ref"),
        Arrow("Right", "Top", "GetAtt"),
        Arrow("Bottom", "Left", "DependsOn"),
        Arrow("Bottom", "Right", "DependsOn"),
    ]


def test_arrows_lead_through_resources_that_are_not_shown() -> None:
    """Such an arrow has no source, because no single reference in the template is its source."""
    assert arrows_between(STACK, ["Top", "Left", "Bottom"]) == [
        Arrow("Left", "Top", "Ref"),
        Arrow("Bottom", "Left", "DependsOn"),
    ]
    assert arrows_between(STACK, ["Top", "Right"]) == [Arrow("Right", "Top", "GetAtt")]
    without = {**DIAMOND, "Bottom": {"Type": "T", "DependsOn": ["Left", "Right"]}}
    (stack,) = App([StackTemplate("Diamond", {"Resources": without})]).stacks.values()
    assert arrows_between(stack, ["Top", "Bottom"]) == [Arrow("Bottom", "Top", "")]


def test_a_nested_stack_is_shown_if_one_of_its_resources_is() -> None:
    """It is a resource of its parent, whose step is also the time of the nested resources."""
    app = nested()
    shown = shown_in(app, only_roles=True)

    assert list(shown) == ["Prod/Parent", "Prod/Parent/Child"]
    (resource,) = shown["Prod/Parent"]
    assert app.stacks["Prod/Parent/Child"].nested_in == ("Prod/Parent", resource)


def test_a_stack_without_roles_is_left_out_of_the_picture_of_roles() -> None:
    """It has no resource that concerns a role."""
    assert shown_in(plain(), only_roles=True) == {}
    assert list(shown_in(plain(), only_roles=False)) == ["One", "Two", "Three"]
