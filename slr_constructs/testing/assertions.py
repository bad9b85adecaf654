"""Assertions about the order of the resources in a template, with a fix in each failure message.

They work with any template. They consider only the declared dependencies, not the order that
CloudFormation happens to use. They read one template and do not know about other stacks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.templates.custom_calls import calls_in
from slr_constructs.templates.order import chain_between, graph_of
from slr_constructs.templates.role_usage import disabling_in, role_usages_in, roles_in
from slr_constructs.testing.resource_names import NamedResources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from networkx import MultiDiGraph

    from slr_constructs.testing.resource_names import AnyTemplate, Name


def assert_created_before(template: AnyTemplate, a: Name, b: Name) -> None:
    """Assert that a resource is created before another one, because the other depends on it.

    Conditions are assumed to be true, as in `order_lines`.

    Args:
        template: A stack, a `Template` of `aws_cdk.assertions`, or a template as a dictionary.

        a: The earlier resource: a construct, a logical id or a construct path such as
            `Streaming/Resource`. A construct, and its path `Streaming`, select its default child or
            its only resource. A path may start with the name of the stack. For a template, paths
            come from the metadata of its resources.

        b: The later resource, in the same form.

    Raises:
        AssertionError: The later resource does not depend on the earlier one.
        LookupError: A name matches no resource, or more than one.
        TemplateError: The order cannot be read from the template.
        TypeError: An argument has another type.
        ValueError: Both names are for the same resource.
    """
    __tracebackhide__ = True
    reader = _Reader(template)
    earlier, later = reader.two(a, b)
    if problem := reader.problem(later, earlier, "{dependency} is not created before {dependent}"):
        raise AssertionError(problem)


def assert_deleted_before(template: AnyTemplate, a: Name, b: Name) -> None:
    """Assert that a resource is deleted before another one, because it depends on the other.

    Conditions are assumed to be true, and retained resources are treated as deleted, as in
    `order_lines`.

    Args:
        template: A stack or a template, in the form of `assert_created_before`.

        a: The resource that is deleted first, in the form of `assert_created_before`.

        b: The resource that is deleted later.

    Raises:
        AssertionError: The first resource does not depend on the later one.
        LookupError: A name matches no resource, or more than one.
        TemplateError: The order cannot be read from the template.
        TypeError: An argument has another type.
        ValueError: Both names are for the same resource.
    """
    __tracebackhide__ = True
    reader = _Reader(template)
    first, later = reader.two(a, b)
    if problem := reader.problem(first, later, "{dependent} is not deleted before {dependency}"):
        raise AssertionError(problem)


def assert_role_released(template: AnyTemplate, role: Name, *, owner: Name | None = None) -> None:
    """Assert that all usages of a service-linked role in a template are deleted before the role.

    The usages are the custom resources for this library's features, including clean-up resources,
    and native resources that configure the feature, such as a playback configuration with a
    `LogConfiguration`. The assertion knows the `resource_types` that `catalogue` lists for the
    role. Each usage must be deleted, and before the role. The owner of a custom resource of this
    library must be deleted after it, even if a literal text names the owner and not a reference.

    A template does not show whether resources outside of it use the role, whether IAM agrees to
    delete the role, and whether a service stops using the role when an owner is deleted while its
    feature is enabled. If you rely on a clean-up resource, pass the `owner`.

    Args:
        template: A stack or a template, in the form of `assert_created_before`.

        role: The role, `Custom::ServiceLinkedRole` or `AWS::IAM::ServiceLinkedRole`, in the form of
            `assert_created_before`.

        owner: A resource whose feature must end with its deletion at the latest. A custom resource
            must disable the feature before the owner is deleted, except for a type that needs no
            clean-up resource, such as the channel of an IVS recording configuration. Default: an
            owner does not need a clean-up resource.

    Raises:
        AssertionError: The order is different, the owner has no feature that uses the role, or no
            resource in the template uses the role.
        LookupError: A name matches no resource, or more than one.
        TemplateError: The order cannot be read from the template.
        TypeError: An argument has another type.
        ValueError: The resource is not a service-linked role.
    """
    __tracebackhide__ = True
    reader = _Reader(template)
    found = reader.resources.find(role)
    problems = list(
        _release_problems(reader, found, None if owner is None else reader.resources.find(owner))
    )
    if problems:
        raise AssertionError(
            "\n".join([f"{reader.resources.show(found)} is not released:", *problems])
        )


class _Reader:
    """A template: its resources by name, and its graph of dependencies."""

    def __init__(self, template: AnyTemplate) -> None:
        self.resources = NamedResources(template)
        self.graph: MultiDiGraph = graph_of(self.resources.template)

    def two(self, a: Name, b: Name) -> tuple[str, str]:
        """Return the logical ids of two different resources."""
        __tracebackhide__ = True
        found = self.resources.find(a), self.resources.find(b)
        if found[0] == found[1]:
            a, b = (each if isinstance(each, str) else each.node.path for each in (a, b))
            raise ValueError(
                f"{a} and {b} are the same resource, {self.resources.show(found[0])};"
                " name two different resources"
            )
        return found

    def problem(self, dependent: str, dependency: str, opening: str) -> str | None:
        """Return why a resource does not depend on another one, and a fix; None if it does."""
        if chain_between(self.graph, dependent, dependency):
            return None
        show = self.resources.show
        opening = opening.format(dependent=show(dependent), dependency=show(dependency))
        reverse = chain_between(self.graph, dependency, dependent)
        if reverse:
            lines = [
                f"{opening}, because the dependency is reversed:",
                f"    {show(dependency)}",
                *(f"    depends on {show(each.dependency)} ({each.sources})" for each in reverse),
                "Remove this dependency first; otherwise you create a circular dependency.",
            ]
        else:
            others = self.resources.show_all(self.graph.successors(dependent))
            lines = [
                f"{opening}: neither depends on the other, so CloudFormation may use any order.",
                f"{show(dependent)} depends on {others or 'nothing'}.",
            ]
        return "\n".join([*lines, self._fix(dependent, dependency)])

    def _fix(self, dependent: str, dependency: str) -> str:
        show = self.resources.show
        fix = f"Add a dependency from {show(dependent)} to {show(dependency)}"
        x, y = self.resources.construct(dependent), self.resources.construct(dependency)
        if x and y:
            return (
                f"{fix}: X.node.add_dependency(Y), where X is the construct {x} and Y is the"
                f" construct {y}."
            )
        return f"{fix}: add {dependency} to the DependsOn of {dependent}."


def _release_problems(reader: _Reader, role: str, owner: str | None) -> Iterator[str]:
    resources = reader.resources
    calls = calls_in(resources.by_id, reader.graph)
    roles = {each.logical_id: each for each in roles_in(resources.by_id, calls)}
    if role not in roles:
        kind = resources.by_id[role]["Type"]
        raise ValueError(f"{resources.show(role)} is not a service-linked role: its type is {kind}")
    all_usages = role_usages_in(resources.by_id, reader.graph, calls)
    usages = [each for each in all_usages.values() if roles[role].name in each.role_names]
    if not usages:
        yield (
            "according to the catalogue, no resource in the template uses the role, so this"
            " assertion proves nothing"
        )
    for usage in usages:
        if usage.retained:
            policy = resources.by_id[usage.logical_id]["DeletionPolicy"]
            yield (
                f"{resources.show(usage.logical_id)} is not deleted and still uses the role,"
                f" because its DeletionPolicy is {policy}"
            )
        opening = "{dependent} is not deleted before {dependency}"
        for each in (role, *usage.owners):
            if each != usage.logical_id and (
                problem := reader.problem(usage.logical_id, each, opening)
            ):
                yield problem
    if owner is None:
        return
    configured = [each for each in usages if owner in (each.logical_id, *each.owners)]
    disabling = [
        each.feature
        for each in disabling_in(resources.by_id, all_usages, calls)
        if owner in each.owners and chain_between(reader.graph, each.logical_id, owner)
    ]
    if not configured:
        yield f"{resources.show(owner)} has no feature that uses the role"
    elif not any(
        each.feature in disabling
        # its own deletion ends the usage
        or (each.logical_id == owner and not each.needs_clean_up)
        for each in configured
    ):
        yield (
            f"no feature is disabled before {resources.show(owner)} is deleted: no custom resource"
            " that refers to it disables the feature. The constructs of slr_constructs define a"
            " clean-up resource for this."
        )
