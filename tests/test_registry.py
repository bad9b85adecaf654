"""The objects that a stack has only once."""

from __future__ import annotations

from aws_cdk import App, NestedStack, Stack, aws_sns
from constructs import Construct

from slr_constructs._registry import is_ordered, mark_ordered, parts_of, place_in


def test_all_constructs_of_a_stack_share_its_parts(stack: Stack) -> None:
    """The depth of a construct does not matter."""
    deep = Construct(Construct(stack, "One"), "Two")

    assert parts_of(deep) is parts_of(stack)
    assert parts_of(deep).stack is stack


def test_a_nested_stack_has_parts_of_its_own(stack: Stack) -> None:
    """A nested stack has its own template."""
    assert parts_of(NestedStack(stack, "Nested")) is not parts_of(stack)


def test_two_apps_share_nothing() -> None:
    """Stacks with the same name in two apps are different stacks."""
    assert parts_of(Stack(App(), "Stack")) is not parts_of(Stack(App(), "Stack"))


def test_the_region_is_known_if_the_stack_has_an_environment() -> None:
    """A stack with an environment is deployed to only one region."""
    stack = Stack(App(), "Stack", env={"region": "eu-central-1"})

    assert parts_of(stack).region == "eu-central-1"


def test_the_region_is_not_known_if_the_stack_has_no_environment(stack: Stack) -> None:
    """The region is a token then."""
    assert parts_of(stack).region is None


def test_a_stack_has_one_part_of_a_class(stack: Stack) -> None:
    """It is created on first use."""
    parts = parts_of(stack)

    assert parts.known(list) is None
    assert parts.one(list, lambda _: []) is parts.one(list, lambda _: []) is parts.known(list)


def test_a_construct_may_be_placed_before_its_first_lookup(stack: Stack) -> None:
    """The lookup then calls no jsii."""
    parts, scope = parts_of(stack), Construct(stack, "Scope")

    place_in(scope, parts)

    assert parts_of(scope) is parts


def test_a_resource_is_ordered_once_it_is_marked(stack: Stack) -> None:
    """Also if jsii returns it as a new Python object."""
    owner = aws_sns.CfnTopic(stack, "Owner")
    assert not is_ordered(owner)

    mark_ordered(owner)

    assert is_ordered(stack.node.find_child("Owner"))
