"""All stacks of an app, their order, and the order of their resources.

The dependencies between stacks define the order of the stacks. A nested stack is one resource of
its parent. If that resource depends on another one, so do all resources in the nested stack. If a
resource depends on the nested stack, it depends on all resources in the nested stack.
"""

from __future__ import annotations

import fnmatch
from difflib import get_close_matches
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx

from slr_constructs.templates.custom_calls import Call, CustomCalls, calls_in
from slr_constructs.templates.literals import mapping
from slr_constructs.templates.order import Dependency, dependencies_along, graph_of, steps_of
from slr_constructs.templates.reading import (
    StackTemplate,
    TemplateError,
    lines_in,
    read,
    resources_in,
)
from slr_constructs.templates.role_usage import (
    Mark,
    Role,
    RoleUsage,
    disabling_in,
    marks_of,
    role_usages_in,
    roles_in,
)
from slr_constructs.templates.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


class Place(NamedTuple):
    """A resource of an app."""

    stack: str
    logical_id: str


class Stack:
    """One stack, and the order of its resources.

    Args:
        source: The template of the stack.

        lenient: Whether to accept a stack whose order cannot be read. Such a stack is treated as
            if it had no dependencies and no roles, and `not_analyzed` contains the reason.
            Default: such a stack is refused.

    Raises:
        TemplateError: The order of the resources cannot be read from the template.
    """

    def __init__(self, source: StackTemplate, *, lenient: bool = False) -> None:
        self.name = source.name
        self.template = source.template
        self.depends_on = source.depends_on
        self.nested_in = source.nested_in
        self.in_assembly = source.in_assembly
        self.account, self.region = source.account, source.region
        self.acknowledged = source.acknowledged
        self.imported = source.imported
        self.file = source.file
        #: the parts that could not be read: logical id (None: the stack) and sentence.
        self.not_analyzed = list(source.not_analyzed)
        self._ordered = True
        try:
            self.resources = resources_in(source.template)
            self.graph = graph_of(source.template)
        except TemplateError as error:
            if not lenient:
                raise TemplateError(f"{source.name}: {error}") from None
            self.not_analyzed.append((None, str(error)))
            self._ordered = False
            self.graph = nx.MultiDiGraph()
            self.graph.add_nodes_from(self.resources)
        self._dependents: dict[str, set[str]] = {}

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """The line on which each resource starts, from 1, by logical id; empty without a file."""
        return {} if self.file is None else lines_in(self.resources, self.file)

    @cached_property
    def creation(self) -> list[list[str]]:
        """The logical ids in the order of creation, a list for each step."""
        return steps_of(self.graph.reverse(copy=False))

    @cached_property
    def deletion(self) -> list[list[str]]:
        """The logical ids in the order of deletion, a list for each step."""
        return steps_of(self.graph)

    @cached_property
    def roles(self) -> list[Role]:
        """The roles that the stack declares; a custom resource may declare several."""
        return roles_in(self.resources, self.calls) if self._ordered else []

    @cached_property
    def usages(self) -> dict[str, RoleUsage]:
        """The usages of roles, by logical id."""
        return role_usages_in(self.resources, self.graph, self.calls) if self._ordered else {}

    @cached_property
    def calls(self) -> CustomCalls:
        """What custom resources of other libraries do; empty without an order."""
        resources = self.resources if self._ordered else {}
        return calls_in(resources, self.graph)

    @cached_property
    def disabling(self) -> list[RoleUsage]:
        """The usages whose deletion disables a feature, with all features of each resource."""
        return disabling_in(self.resources, self.usages, self.calls)

    @cached_property
    def marks(self) -> dict[str, tuple[Mark, ...]]:
        """The marks of resources that are related to a role, by logical id."""
        return marks_of(self.roles, self.usages)

    @cached_property
    def step_numbers(self) -> dict[str, int]:
        """The number of the step that creates each resource, from 1, in the order of creation."""
        return {each: number for number, step in enumerate(self.creation, 1) for each in step}

    def step_of(self, logical_id: str) -> int:
        """Return the number of the step that creates a resource, from 1."""
        return self.step_numbers[logical_id]

    def type_of(self, logical_id: str) -> str:
        """Return the type of a resource."""
        return printable(self.resources[logical_id]["Type"])

    def path(self, logical_id: str) -> str | None:
        """Return a resource's construct path below the stack; None if the template has none."""
        path = mapping(self.resources[logical_id].get("Metadata")).get("aws:cdk:path")
        if not isinstance(path, str):
            return None
        path, scope = printable(path), f"{self.name}/"
        return path.removeprefix(scope) if path.startswith(scope) else path.partition("/")[2]

    def show(self, logical_id: str) -> str:
        """Return the name to show for a resource: its construct path, or else its logical id."""
        return self.path(logical_id) or printable(logical_id)

    def dependencies_of(self, logical_id: str) -> list[Dependency]:
        """Return the direct dependencies of a resource, with their sources."""
        return [
            dependency
            for each in sorted(self.graph.successors(logical_id))
            for dependency in dependencies_along(self.graph, [logical_id, each])
        ]

    def is_disabled(self, usage: RoleUsage | Call) -> bool:
        """Return whether the deletion of another resource disables the feature of a usage.

        If a clean-up resource and the usage do not both name an owner, they are assumed to have the
        same one.
        """
        return any(
            each.feature == usage.feature
            and each.logical_id != usage.logical_id
            and not each.retained
            and (
                not {*each.owners}.isdisjoint(usage.owners)
                or (each.is_clean_up and not (each.owners and usage.owners))
            )
            for each in self.disabling
        )

    def is_before(self, dependency: str, dependent: str) -> bool:
        """Return whether a resource depends on another one, directly or indirectly."""
        if dependency not in self._dependents:
            self._dependents[dependency] = nx.ancestors(self.graph, dependency)
        return dependent in self._dependents[dependency]


class App:
    """The stacks that were read together.

    Args:
        sources: The templates of the stacks.

        only: The names of the stacks to include, with `*` for any text. The stacks nested in them
            and the parents of nested stacks are included too. Default: all stacks.

        lenient: As for `Stack`.

    Raises:
        TemplateError: The order of the stacks or of their resources cannot be read, or a name in
            `only` matches no stack.
    """

    def __init__(
        self, sources: Iterable[StackTemplate], *, only: Iterable[str] = (), lenient: bool = False
    ) -> None:
        stacks = {each.name: each for each in sources}
        self._order: nx.DiGraph = nx.DiGraph()
        self._dependents: dict[str, set[str]] = {}
        nesting: nx.DiGraph = nx.DiGraph()
        for stack in stacks.values():
            nesting.add_node(stack.name)
            if stack.nested_in is None:
                self._order.add_node(stack.name)
                self._order.add_edges_from((stack.name, each) for each in stack.depends_on)
            else:
                nesting.add_edge(stack.nested_in[0], stack.name)
        if not nx.is_directed_acyclic_graph(self._order):
            cycle = [each for each, _ in nx.find_cycle(self._order)]
            path = " -> ".join([*cycle, cycle[0]])
            raise TemplateError(f"circular dependency between stacks: {path}")
        included = _included(nesting, only)
        #: sentences about the parts that were skipped.
        self.notes = [note for name in stacks if name in included for note in stacks[name].notes]
        #: the names of the stacks that are not nested, in the order of deployment, by step.
        self.steps: list[list[str]] = [
            [name for name in step if name in included]
            for step in nx.topological_generations(self._order.reverse(copy=False))
        ]
        #: in the order of deployment; a nested stack follows its parent.
        self.stacks = {
            name: Stack(stacks[name], lenient=lenient)
            for outermost in chain.from_iterable(self.steps)
            for name in nx.dfs_preorder_nodes(nesting, outermost)
            if name in included
        }

    @classmethod
    def read(
        cls,
        paths: Sequence[Path],
        *,
        name: str | None = None,
        only: Iterable[str] = (),
        lenient: bool = False,
    ) -> App:
        """Read cloud assemblies and templates.

        Args:
            paths: The folders of assemblies and the files of templates.

            name: The stack name for a single template. Default: the name of its file.

            only: The names of the stacks to include, as for `App`. Default: all stacks.

            lenient: Whether to skip parts of a template that cannot be read and to list them in
                `not_analyzed` of the stack. Default: such a template is refused.

        Raises:
            TemplateError: As in `reading.read` and for `App`.
        """
        return cls(read(paths, name=name, lenient=lenient), only=only, lenient=lenient)

    def is_before(self, dependency: Place, dependent: Place) -> bool:
        """Return whether a resource depends on another one, in the same or in another stack.

        Then the dependency is created first, and the dependent resource is deleted first.
        """
        later_scopes, earlier_scopes = self._scopes(dependent), self._scopes(dependency)
        for later in later_scopes:
            for earlier in earlier_scopes:
                if later.stack == earlier.stack:
                    stack = self.stacks[later.stack]
                    return stack.is_before(earlier.logical_id, later.logical_id)
        return self.stack_is_before(earlier_scopes[-1].stack, later_scopes[-1].stack)

    def stack_is_before(self, dependency: str, dependent: str) -> bool:
        """Return whether a stack that is not nested depends on another one."""
        if dependency not in self._dependents:
            self._dependents[dependency] = nx.ancestors(self._order, dependency)
        return dependent in self._dependents[dependency]

    def outermost(self, stack: str) -> str:
        """Return the outermost parent of a nested stack, or else the stack itself."""
        nested_in = self.stacks[stack].nested_in
        return stack if nested_in is None else self.outermost(nested_in[0])

    def share_account(self, one: str, other: str) -> bool:
        """Return whether two stacks are probably for the same account.

        If both stacks name an account, the accounts must be equal. Otherwise the stacks must be in
        the same stage. Single templates may be for any account.
        """
        first, second = (self.stacks[self.outermost(each)] for each in (one, other))
        if first.account is not None and second.account is not None:
            return first.account == second.account
        together = first is second or (first.in_assembly and second.in_assembly)
        return together and first.name.rpartition("/")[0] == second.name.rpartition("/")[0]

    @cached_property
    def roles(self) -> list[tuple[Place, Role]]:
        """All declarations of service-linked roles."""
        return [
            (Place(stack.name, role.logical_id), role)
            for stack in self.stacks.values()
            for role in stack.roles
        ]

    @cached_property
    def nested(self) -> dict[Place, str]:
        """The name of each nested stack, by its resource in its parent."""
        return {
            Place(*stack.nested_in): name
            for name, stack in self.stacks.items()
            if stack.nested_in is not None
        }

    def roles_near(self, stack: Stack, usage: RoleUsage) -> list[tuple[Place, Role]]:
        """Return the roles for a usage that its stack, or a stack it depends on, declares."""
        outermost = self.outermost(stack.name)
        return [
            (place, role)
            for place, role in self.roles
            if role.name in usage.role_names
            and (
                self.outermost(place.stack) == outermost
                or self.stack_is_before(self.outermost(place.stack), outermost)
            )
        ]

    @cached_property
    def imported(self) -> set[tuple[str, str]]:
        """Pairs of stack name and role name: the roles that a stack can use because of an import.

        An imported role is managed outside of the stack and exists in the account, so the other
        stacks of the account can use it too.
        """
        return {
            (name, role)
            for stack in self.stacks.values()
            for role in stack.imported
            for name in self.stacks
            if self.share_account(stack.name, name)
        }

    def has_role(self, stack: Stack, usage: RoleUsage) -> bool:
        """Return whether a role for a usage is imported, or declared as in `roles_near`."""
        return bool(self.roles_near(stack, usage)) or any(
            (stack.name, each) in self.imported for each in usage.role_names
        )

    def _scopes(self, place: Place) -> list[Place]:
        """Return a resource and the nested stacks around it, as resources of their parents."""
        scopes = [place]
        while (outer := self.stacks[scopes[-1].stack].nested_in) is not None:
            scopes.append(Place(*outer))
        return scopes


def _included(nesting: nx.DiGraph, only: Iterable[str]) -> set[str]:
    """Return the names of the stacks that are included, with `only` as for `App`."""
    patterns, included = list(only), set()
    for pattern in patterns:
        found = fnmatch.filter(nesting, pattern)
        if not found:
            similar = ", ".join(get_close_matches(pattern, nesting, cutoff=0))
            hint = f"; similar names: {similar}" if similar else ""
            raise TemplateError(f"no stack is named {pattern}{hint}")
        for each in found:
            included |= {each, *nx.ancestors(nesting, each), *nx.descendants(nesting, each)}
    return included if patterns else set(nesting)
