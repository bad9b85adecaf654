"""The order of the stacks of an app, including nested stacks and stages."""

from __future__ import annotations

import aws_cdk
import pytest
from aws_cdk import NestedStack, Stack, aws_sns

from slr_constructs.templates.app import App, Place
from slr_constructs.templates.order import Dependency
from slr_constructs.templates.reading import StackTemplate, TemplateError
from tests.templates.apps import plain, read_back


def three_stacks(app: aws_cdk.App) -> None:
    """Define a chain of two stacks, and an independent one."""
    last, first = Stack(app, "Last"), Stack(app, "First")
    for each in (last, first, Stack(app, "Beside")):
        aws_sns.Topic(each, "Topic")
    last.add_stack_dependency(first)


def nested_stacks(app: aws_cdk.App) -> None:
    """Define A, then a nested stack with B and in it C, then D."""
    show = Stack(app, "Show")
    a = aws_sns.CfnTopic(show, "A")
    inner = NestedStack(show, "Inner")
    aws_sns.CfnTopic(inner, "B")
    aws_sns.CfnTopic(NestedStack(inner, "Innermost"), "C")
    aws_sns.CfnTopic(show, "D").node.add_dependency(inner)
    inner.node.add_dependency(a)


def test_stacks_come_in_the_order_of_deployment() -> None:
    """They form steps, like resources."""
    app = read_back(three_stacks)

    assert app.steps == [["First", "Beside"], ["Last"]]
    assert list(app.stacks) == ["First", "Beside", "Last"]


def test_a_dependent_stack_depends_with_all_its_resources() -> None:
    """The order of deletion is the opposite."""
    app = read_back(three_stacks)
    topic = next(iter(app.stacks["First"].resources))
    places = {name: Place(name, topic) for name in app.stacks}

    assert app.is_before(places["First"], places["Last"])
    assert not app.is_before(places["Last"], places["First"])
    assert not app.is_before(places["First"], places["Beside"])
    assert app.stack_is_before("First", "Last")
    assert not app.stack_is_before("First", "First")


def test_a_nested_stack_is_one_resource_of_its_parent() -> None:
    """Its dependencies and dependents apply to all resources in it."""
    app = read_back(nested_stacks)
    places = {
        stack.show(logical_id): Place(name, logical_id)
        for name, stack in app.stacks.items()
        for logical_id in stack.resources
    }
    a, b, c, d = (places[each] for each in "ABCD")

    assert list(app.stacks) == ["Show", "Show/Inner", "Show/Inner/Innermost"]
    assert all(app.is_before(a, each) for each in (b, c, d))
    assert all(app.is_before(each, d) for each in (a, b, c))
    assert not app.is_before(b, c)
    assert not app.is_before(d, c)
    assert not app.is_before(c, a)
    assert {app.outermost(each) for each in app.stacks} == {"Show"}
    # the nested stack is created after all its resources
    inside = app.stacks["Show/Inner"].nested_in
    assert inside is not None
    assert not app.is_before(Place(*inside), b)


def test_direct_dependencies_have_their_sources() -> None:
    """They are in alphabetical order."""
    stack = plain(
        A={}, B={}, C={"DependsOn": ["B", "A"], "Properties": {"Name": {"Ref": "A"}}}
    ).stacks["Show"]

    assert stack.dependencies_of("C") == [
        Dependency("C", "DependsOn, Ref", "A"),
        Dependency("C", "DependsOn", "B"),
    ]
    assert stack.dependencies_of("A") == []
    assert (stack.creation, stack.deletion) == ([["A", "B"], ["C"]], [["C"], ["A", "B"]])


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("Show/Topic/Resource", "Topic/Resource"),
        ("Other/Topic/Resource", "Topic/Resource"),
        ("Show/\x1b[31mred`", "\ufffd[31mred\ufffd"),
        ("Topic", "A"),
        (1, "A"),
        (None, "A"),
    ],
)
def test_a_resource_is_shown_by_its_path_below_the_stack(path: object, shown: str) -> None:
    """The name is on one line; without a path, it is the logical id."""
    app = plain(A={"Metadata": {"aws:cdk:path": path}})

    assert app.stacks["Show"].show("A") == shown


def test_metadata_may_be_anything() -> None:
    """Templates may be written by hand."""
    assert plain(A={"Metadata": ["a"]}).stacks["Show"].path("A") is None


def test_an_app_without_stacks_has_no_order() -> None:
    """The assembly may be empty."""
    app = App([])

    assert (app.steps, dict(app.stacks)) == ([], {})


def test_skipped_parts_are_in_the_notes() -> None:
    """The app collects the notes of all stacks."""
    skipped = (("A", "bad"), ("B", "bad"), (None, "a\x1bb"))
    assert App([StackTemplate("Show", {}, not_analyzed=skipped)]).notes == [
        "Show: A and B: bad",
        "Show: a\ufffdb",
    ]


def test_fails_when_stacks_have_a_circular_dependency() -> None:
    """No tool writes such a manifest, but a person may."""
    with pytest.raises(TemplateError) as error:
        App(
            [
                StackTemplate("A", {}, depends_on=("B",)),
                StackTemplate("B", {}, depends_on=("A",)),
            ]
        )
    assert str(error.value) == "circular dependency between stacks: A -> B -> A"


def test_resources_with_a_circular_dependency_have_no_order_among_themselves() -> None:
    """The other resources have one, and each dependency exists."""
    app = plain(A={"DependsOn": ["B", "Z"]}, B={"DependsOn": "A"}, C={"DependsOn": "A"}, Z={})
    stack = app.stacks["Show"]

    assert stack.creation == [["B", "Z"], ["A"], ["C"]]
    assert stack.is_before("A", "B")
    assert stack.is_before("B", "A")
    assert app.notes == [
        "Show: circular dependency between resources: A -DependsOn-> B -DependsOn-> A"
    ]


def test_a_malformed_resource_has_no_dependencies() -> None:
    """The others have theirs."""
    malformed = {"DependsOn": "A", "Properties": {"Of": {"Fn::Sub": ["${A}", None]}}}
    app = plain(A={}, B={"DependsOn": "A"}, C=malformed)

    assert app.stacks["Show"].creation == [["A", "C"], ["B"]]
    assert app.notes == [
        "Show: C: its dependencies cannot be read: an intrinsic function is malformed"
    ]
