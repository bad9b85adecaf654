"""All stacks of an app, their order, and the order of their resources.

The dependencies between stacks define the order of the stacks. A nested stack is one resource of
its parent. If that resource depends on another one, so do all resources in the nested stack. If a
resource depends on the nested stack, it depends on all resources in the nested stack.
"""

from __future__ import annotations

import fnmatch
from difflib import get_close_matches
from functools import cached_property
from itertools import chain, combinations, starmap
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx

from slr_constructs.catalogue import RESOURCE_TYPES
from slr_constructs.templates.custom_calls import Call, CustomCalls, calls_in, owner_type_of
from slr_constructs.templates.literals import mapping
from slr_constructs.templates.order import (
    Dependency,
    DependencyOrder,
    cycles_in,
    dependencies_along,
    dependency_graph,
    steps_of,
    without_cycles,
)
from slr_constructs.templates.reading import (
    StackTemplate,
    TemplateError,
    lines_in,
    read,
    readable_resources,
)
from slr_constructs.templates.references import References, key_of, names_in
from slr_constructs.templates.role_usage import (
    Mark,
    Role,
    RoleUsage,
    acts_on,
    disabling_in,
    marks_of,
    name_of,
    owner_kind,
    properties_of,
    role_usages_in,
    roles_in,
)
from slr_constructs.templates.words import briefly, printable, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path


_NATIVE_TYPES = {each.type for each in RESOURCE_TYPES}
#: the most declarations of roles in an app; each is compared with the others, and an account has
#: only a few roles.
MOST_ROLES = 500


class Place(NamedTuple):
    """A resource of an app."""

    stack: str
    logical_id: str


class Stack:
    """One stack, and the order of its resources.

    Parts that cannot be read are skipped, and are in `not_analyzed`. Resources with a circular
    dependency have no order among themselves.

    Args:
        source: The template of the stack.
    """

    def __init__(self, source: StackTemplate) -> None:
        self.name = source.name
        self.template = source.template
        self.depends_on = source.depends_on
        self.nested_in = source.nested_in
        self.deployed_by = source.deployed_by
        self.deployed_as = source.deployed_as or source.name.rpartition("/")[2]
        self.in_assembly = source.in_assembly
        self.account, self.region = source.account, source.region
        self.acknowledged = source.acknowledged
        self.imported = source.imported
        self.repeated_keys = source.repeated_keys
        self.file = source.file
        self.resources, skipped = readable_resources(source.template)
        self._graph, unknown = dependency_graph(self.resources)
        without = {logical_id for logical_id, _ in unknown}
        #: the resources whose dependencies are not known, so that no rule may judge their order.
        self.unordered = {*self.resources} if None in without else without
        #: without the dependencies between resources that have a circular dependency.
        self.graph = without_cycles(self._graph)
        #: the parts that could not be read: logical id (None: the stack) and sentence.
        self.not_analyzed = [
            *dict.fromkeys((*source.not_analyzed, *skipped, *unknown, *cycles_in(self._graph)))
        ]
        self._order = DependencyOrder(self._graph)

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """The line on which each resource starts, from 1, by logical id; empty without a file."""
        return {} if self.file is None else lines_in(self.template, self.file)

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
        return roles_in(self.resources, self.calls)

    @cached_property
    def usages(self) -> dict[str, RoleUsage]:
        """The usages of roles, by logical id."""
        return role_usages_in(self.resources, self._graph, self.calls)

    @cached_property
    def calls(self) -> CustomCalls:
        """What custom resources of other libraries do."""
        return calls_in(self.resources, self._graph)

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
        path = mapping(mapping(self.resources.get(logical_id)).get("Metadata")).get("aws:cdk:path")
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

    def is_before(self, dependency: str, dependent: str) -> bool:
        """Return whether a resource depends on another one, directly or indirectly."""
        return self._order.is_before(dependency, dependent)


class App:
    """The stacks that were read together.

    Args:
        sources: The templates of the stacks.

        only: The names of the stacks to include, with `*` for any text. The stacks nested in them
            and the parents of nested stacks are included too. Default: all stacks.

    Raises:
        TemplateError: The stacks have a circular dependency or declare too many roles, or a name in
            `only` matches no stack.
    """

    def __init__(self, sources: Iterable[StackTemplate], *, only: Iterable[str] = ()) -> None:
        stacks = {each.name: each for each in sources}
        order: nx.DiGraph = nx.DiGraph()
        nesting: nx.DiGraph = nx.DiGraph()
        for stack in stacks.values():
            nesting.add_node(stack.name)
            if stack.nested_in is None:
                order.add_node(stack.name)
                order.add_edges_from((stack.name, each) for each in stack.depends_on)
            else:
                nesting.add_edge(stack.nested_in[0], stack.name)
        if not nx.is_directed_acyclic_graph(order):
            cycle = [each for each, _ in nx.find_cycle(order)]
            path = " -> ".join([*cycle, cycle[0]])
            raise TemplateError(f"circular dependency between stacks: {path}")
        included = _included(nesting, only)
        #: the names of the stacks that are not nested, in the order of deployment, by step.
        self.steps: list[list[str]] = [
            [name for name in step if name in included]
            for step in nx.topological_generations(order.reverse(copy=False))
        ]
        self._order = DependencyOrder(order)
        self._near: dict[tuple[str, tuple[str, ...]], list[tuple[Place, Role]]] = {}
        #: in the order of deployment; a nested stack follows its parent.
        self.stacks = {
            name: Stack(stacks[name])
            for outermost in chain.from_iterable(self.steps)
            for name in nx.dfs_preorder_nodes(nesting, outermost)
            if name in included
        }
        if len(self.roles) > MOST_ROLES:
            raise TemplateError(
                f"more than {MOST_ROLES} declarations of service-linked roles in all; name fewer"
                " files"
            )

    @classmethod
    def read(
        cls, paths: Sequence[Path], *, name: str | None = None, only: Iterable[str] = ()
    ) -> App:
        """Read cloud assemblies and templates.

        Args:
            paths: The folders of assemblies and the files of templates.

            name: The stack name for a single template. Default: the name of its file.

            only: The names of the stacks to include, as for `App`. Default: all stacks.

        Raises:
            TemplateError: As in `reading.read` and for `App`.
        """
        return cls(read(paths, name=name), only=only)

    @property
    def notes(self) -> list[str]:
        """Sentences about the parts that were not read; equal ones are one sentence."""
        found: dict[tuple[str, str], list[str]] = {}
        for stack in self.stacks.values():
            for logical_id, sentence in stack.not_analyzed:
                names = [] if logical_id is None else [stack.show(logical_id)]
                found.setdefault((stack.name, sentence), []).extend(names)
        return [
            f"{stack}: {f'{briefly(names)}: ' if names else ''}{visible(sentence)}"
            for (stack, sentence), names in found.items()
        ]

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
        return self._order.is_before(dependency, dependent)

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

    @cached_property
    def _references(self) -> References:
        return References(self)

    def owners_of(self, stack: Stack, usage: RoleUsage | Call) -> set[Place]:
        """Return the resources that a feature is configured on, in its stack and in others."""
        targets = [each for each in RESOURCE_TYPES if each.feature == usage.feature]
        known = {*map(owner_type_of, targets)}
        properties = properties_of(stack.resources[usage.logical_id])
        behind = starmap(Place, self._references.resources_behind(stack, properties))
        return {
            *(Place(stack.name, each) for each in usage.owners),
            *(
                each
                for each in behind
                if each.stack != stack.name
                and self.stacks[each.stack].resources[each.logical_id]["Type"] in known
            ),
        }

    def is_disabled(self, stack: Stack, usage: RoleUsage | Call) -> bool:
        """Return whether the deletion of another resource disables the feature of a usage.

        If a clean-up resource and a usage in its stack do not both name an owner, they are assumed
        to have the same one.
        """
        place, owners = Place(stack.name, usage.logical_id), self.owners_of(stack, usage)
        return any(
            each.feature == usage.feature
            and Place(at, each.logical_id) != place
            and (
                not theirs.isdisjoint({place, *owners})
                or (at == stack.name and each.is_clean_up and not (theirs and owners))
            )
            for at, each, theirs in self._disabling
        )

    @cached_property
    def _disabling(self) -> list[tuple[str, RoleUsage, set[Place]]]:
        """The usages whose deletion disables a feature, each with its stack and its owners."""
        return [
            (stack.name, usage, self.owners_of(stack, usage))
            for stack in self.stacks.values()
            for usage in stack.disabling
            if not usage.retained
        ]

    def same_owner(self) -> Iterator[tuple[Place, Place]]:
        """Yield each two resources of different stacks that configure one feature of one owner.

        The stacks are probably for the same account and region. Clean-up resources do not count.
        """
        users: dict[tuple[str, object], list[Place]] = {}
        for stack in self.stacks.values():
            for usage in stack.usages.values():
                if not usage.is_clean_up:
                    for each in self.owner_keys(stack, usage):
                        place = Place(stack.name, usage.logical_id)
                        users.setdefault((usage.feature, each), []).append(place)
        found = dict.fromkeys(
            pair
            for places in users.values()
            # a stack of thousands of resources has millions of pairs
            if len({each.stack for each in places}) > 1
            for pair in combinations(places, 2)
        )
        for one, other in found:
            if (
                one.stack != other.stack
                and not (self._is_native(one) and self._is_native(other))
                and self.share_environment(one.stack, other.stack)
            ):
                yield one, other

    def _is_native(self, place: Place) -> bool:
        """Return whether a resource is an owner itself, which only one stack can create."""
        return self.stacks[place.stack].resources[place.logical_id]["Type"] in _NATIVE_TYPES

    def owner_keys(self, stack: Stack, usage: RoleUsage) -> Iterator[object]:
        """Yield values that are equal for usages whose owners are the same.

        They are the resources of the app, and otherwise the name, the ARN or the import with which
        a stack refers to its owner. References to parameters have no key.
        """
        body = stack.resources[usage.logical_id]
        yield from self.owners_of(stack, usage)
        name = acts_on(body) or name_of(body)
        if name is not None and not names_in(name):
            kind = owner_kind(body)
            yield kind, key_of(name)

    def share_environment(self, one: str, other: str) -> bool:
        """Return whether two stacks are probably for the same account and region."""
        first, second = (self.stacks[self.outermost(each)] for each in (one, other))
        return self.share_account(one, other) and first.region == second.region

    def may_share_account(self, one: str, other: str) -> bool:
        """Return whether two stacks are single templates, which may be for the same account."""
        stacks = [self.stacks[self.outermost(each)] for each in (one, other)]
        return stacks[0] is not stacks[1] and not any(
            each.in_assembly or each.deployed_by for each in stacks
        )

    def roles_near(self, stack: Stack, usage: RoleUsage) -> list[tuple[Place, Role]]:
        """Return the roles for a usage that its stack, or a stack it depends on, declares."""
        # the same for all usages with these roles, of which a stack may have thousands
        key = self.outermost(stack.name), usage.role_names
        if key not in self._near:
            self._near[key] = [
                (place, role)
                for place, role in self.roles_before(stack)
                if role.name in usage.role_names
            ]
        return self._near[key]

    def roles_before(self, stack: Stack) -> list[tuple[Place, Role]]:
        """Return the roles that a stack, or a stack it depends on, declares."""
        outermost = self.outermost(stack.name)
        return [
            (place, role)
            for place, role in self.roles
            if self.outermost(place.stack) == outermost
            or self.stack_is_before(self.outermost(place.stack), outermost)
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
