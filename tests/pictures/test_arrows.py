"""What a picture shows, and which arrows are left out of it."""

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


def test_what_follows_from_others_has_no_arrow() -> None:
    """The others say by what they wait."""
    assert arrows_between(STACK, DIAMOND) == [
        Arrow("Left", "Top", "Ref"),
        Arrow("Right", "Top", "GetAtt"),
        Arrow("Bottom", "Left", "DependsOn"),
        Arrow("Bottom", "Right", "DependsOn"),
    ]


def test_arrows_lead_through_what_is_not_shown() -> None:
    """Nothing in the template says such a thing in one word."""
    assert arrows_between(STACK, ["Top", "Left", "Bottom"]) == [
        Arrow("Left", "Top", "Ref"),
        Arrow("Bottom", "Left", "DependsOn"),
    ]
    assert arrows_between(STACK, ["Top", "Right"]) == [Arrow("Right", "Top", "GetAtt")]
    without = {**DIAMOND, "Bottom": {"Type": "T", "DependsOn": ["Left", "Right"]}}
    (stack,) = App([StackTemplate("Diamond", {"Resources": without})]).stacks.values()
    assert arrows_between(stack, ["Top", "Bottom"]) == [Arrow("Bottom", "Top", "")]


def test_a_nested_stack_is_shown_where_something_in_it_is() -> None:
    """It is a resource of its parent, which says when its own come."""
    app = nested()
    shown = shown_in(app, only_roles=True)

    assert list(shown) == ["Prod/Parent", "Prod/Parent/Child"]
    (resource,) = shown["Prod/Parent"]
    assert app.stacks["Prod/Parent/Child"].nested_in == ("Prod/Parent", resource)


def test_a_stack_without_roles_is_left_out_of_the_picture_of_them() -> None:
    """It has nothing to say there."""
    assert shown_in(plain(), only_roles=True) == {}
    assert list(shown_in(plain(), only_roles=False)) == ["One", "Two", "Three"]
