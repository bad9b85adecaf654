"""Assertions about the order of a template, whose failures say what to do.

They read what a template declares, ours or anybody's, and take nothing that CloudFormation happens
to do for an order. They see one template: what waits in another stack is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.templates.custom_calls import calls_in
from slr_constructs.templates.lifecycle import roles_in, users_in
from slr_constructs.templates.order import chain_between, graph_of
from slr_constructs.testing.resource_names import NamedResources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aws_cdk import Stack
    from networkx import MultiDiGraph


def assert_created_before(template: Stack | Mapping[str, Any], a: str, b: str) -> None:
    """Assert that a resource is there before another is created, for the other waits for it.

    Conditions are taken to hold, as in `order_lines`.

    Args:
        template: A stack, or a template as `template_of` returns it.

        a: The earlier: a logical id, or a construct path such as `Streaming/Resource`, or
            `Streaming` if its default child or only resource is meant; the stack's own name may
            come first. Without a stack, a path is what the template's metadata has.

        b: The later, in the same way.

    Raises:
        AssertionError: The later does not wait for the earlier.
        LookupError: The template has no such resource, or several.
        TemplateError: No order can be read from the template.
        ValueError: Both are the same resource.
    """
    __tracebackhide__ = True
    reader = _Reader(template)
    earlier, later = reader.two(a, b)
    problem = reader.problem(later, earlier, "{dependency} is not created before {dependent}")
    if problem:
        raise AssertionError(problem)


def assert_deleted_before(template: Stack | Mapping[str, Any], a: str, b: str) -> None:
    """Assert that a resource is gone before another is deleted, for it waits for the other.

    Conditions are taken to hold, and what is retained to be deleted, as in `order_lines`.

    Args:
        template: A stack, or a template as `template_of` returns it.

        a: The resource that goes first, named as in `assert_created_before`.

        b: The resource that goes later.

    Raises:
        AssertionError: The first does not wait for the later.
        LookupError: The template has no such resource, or several.
        TemplateError: No order can be read from the template.
        ValueError: Both are the same resource.
    """
    __tracebackhide__ = True
    reader = _Reader(template)
    first, later = reader.two(a, b)
    problem = reader.problem(first, later, "{dependent} is not deleted before {dependency}")
    if problem:
        raise AssertionError(problem)


def assert_role_released(
    template: Stack | Mapping[str, Any], role: str, *, owner: str | None = None
) -> None:
    """Assert that all that uses a service-linked role in a template goes before the role does.

    What uses it: the custom resources of this library's features, releases among them, and the
    native resources that have the feature, such as a playback configuration with a
    `LogConfiguration`; as far as `catalogue` knows the role's `resource_types`. Each of them must
    be deleted, and before the role. What a custom resource of ours switches on or off must be
    deleted after it, even where it is named by a text and not by a reference.

    What no template tells: whether somebody outside of it uses the role, whether IAM agrees to
    delete it, and whether a service lets go of the role when an owner is deleted whose feature is
    still on. If you rely on a release, name the `owner`.

    Args:
        template: A stack, or a template as `template_of` returns it.

        role: The role, `Custom::ServiceLinkedRole` or `AWS::IAM::ServiceLinkedRole`, named as in
            `assert_created_before`.

        owner: A resource that something which uses the role must refer to, so that it is deleted
            before the owner: its release say, or the channel that a recording configuration is for.
            Default: an owner without a release is no failure.

    Raises:
        AssertionError: Something is not in that order, or nothing in the template uses the role.
        LookupError: The template has no such resource, or several.
        TemplateError: No order can be read from the template.
        ValueError: What should be the role is none.
    """
    __tracebackhide__ = True
    reader = _Reader(template)
    found = reader.resources.find(role)
    problems = list(
        _unreleased(reader, found, None if owner is None else reader.resources.find(owner))
    )
    if problems:
        raise AssertionError(
            "\n".join([f"{reader.resources.show(found)} is not released:", *problems])
        )


class _Reader:
    """One template: its resources by name, and its graph."""

    def __init__(self, template: Stack | Mapping[str, Any]) -> None:
        self.resources = NamedResources(template)
        self.graph: MultiDiGraph = graph_of(self.resources.template)

    def two(self, a: str, b: str) -> tuple[str, str]:
        """Return the logical ids of two resources that are not the same."""
        __tracebackhide__ = True
        found = self.resources.find(a), self.resources.find(b)
        if found[0] == found[1]:
            raise ValueError(
                f"{a} and {b} are one resource, {self.resources.show(found[0])}:"
                " an order is between two"
            )
        return found

    def problem(self, dependent: str, dependency: str, opening: str) -> str | None:
        """Return why one resource does not wait for another, and what to do; None if it does."""
        if chain_between(self.graph, dependent, dependency):
            return None
        show = self.resources.show
        opening = opening.format(dependent=show(dependent), dependency=show(dependency))
        reverse = chain_between(self.graph, dependency, dependent)
        if reverse:
            steps = [f"    waits for {show(each.dependency)} ({each.said_by})" for each in reverse]
            return "\n".join(
                [
                    f"{opening}, but the other way round:",
                    f"    {show(dependency)}",
                    *steps,
                    "Take that chain apart first, or the two would wait for each other.",
                    self._remedy(dependent, dependency),
                ]
            )
        others = self.resources.show_all(self.graph.successors(dependent))
        return "\n".join(
            [
                f"{opening}: neither waits for the other, and any order may come of it.",
                f"{show(dependent)} waits for {others or 'nothing'}.",
                self._remedy(dependent, dependency),
            ]
        )

    def _remedy(self, dependent: str, dependency: str) -> str:
        show = self.resources.show
        missing = f"Nothing makes {show(dependent)} wait for {show(dependency)}"
        x, y = self.resources.construct(dependent), self.resources.construct(dependency)
        if x and y:
            return (
                f"{missing}; add a dependency: X.node.add_dependency(Y), where X is the construct"
                f" {x} and Y is {y}."
            )
        return f"{missing}; add a dependency: {dependency} in the DependsOn of {dependent}."


def _unreleased(reader: _Reader, role: str, owner: str | None) -> Iterator[str]:
    resources = reader.resources
    principal = _principal(reader, role)
    calls = calls_in(resources.by_id, reader.graph)
    users = [
        each
        for each in users_in(resources.by_id, reader.graph, calls).values()
        if principal in each.principals
    ]
    if not users:
        yield (
            "nothing in the template uses it, as far as the catalogue knows, so nothing shows that"
            " it is released"
        )
    for user in users:
        if user.retained:
            policy = resources.by_id[user.logical_id]["DeletionPolicy"]
            yield (
                f"{resources.show(user.logical_id)} is not deleted, and goes on using the role: its"
                f" DeletionPolicy is {policy}"
            )
        yield from filter(
            None,
            [
                reader.problem(
                    user.logical_id, each, "{dependent} is not deleted before {dependency}"
                )
                for each in (role, *user.owners)
                if each != user.logical_id
            ],
        )
    if owner is not None and not any(
        reader.graph.has_edge(each.logical_id, owner) for each in users
    ):
        yield (
            f"nothing is switched off before {resources.show(owner)} is deleted: nothing that uses"
            " the role refers to it. The constructs of slr_constructs define a release beside the"
            " feature."
        )


def _principal(reader: _Reader, role: str) -> object:
    """Return who may assume a role.

    Raises:
        ValueError: It is no role.
    """
    roles = roles_in(reader.resources.by_id)
    if role not in roles:
        kind = reader.resources.by_id[role]["Type"]
        raise ValueError(
            f"{reader.resources.show(role)} is no service-linked role: its type is {kind}"
        )
    return roles[role].principal
