"""The stacks of an app together: their order, that of their resources, and what waits for what.

Stacks are ordered by the dependencies between them. A nested stack is one resource of its parent:
what the resource waits for, all of the nested stack waits for, and what waits for the resource
waits for all of the nested stack.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx

from slr_constructs.templates.custom_calls import Call, calls_in
from slr_constructs.templates.lifecycle import Mark, Role, User, marks_of, roles_in, users_in
from slr_constructs.templates.order import Wait, graph_of, waits_along, waves_of
from slr_constructs.templates.reading import (
    StackTemplate,
    TemplateError,
    read,
    resources_in,
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
    """One stack, and its order.

    Args:
        source: Its template.

        lenient: Whether a stack without an order is one all the same: nothing in it waits for
            anything or has to do with a role, and `unread` says so. Default: it is refused.

    Raises:
        TemplateError: No order can be read from the template.
    """

    def __init__(self, source: StackTemplate, *, lenient: bool = False) -> None:
        self.name = source.name
        self.template = source.template
        self.waits_for = source.waits_for
        self.nested_in = source.nested_in
        self.in_assembly = source.in_assembly
        self.account, self.region = source.account, source.region
        self.acknowledged = source.acknowledged
        self.file = source.file
        #: what could not be read: logical ids, or None for the stack, and sentences.
        self.unread = list(source.unread)
        self._ordered = True
        try:
            self.resources = resources_in(source.template)
            self.graph = graph_of(source.template)
        except TemplateError as error:
            if not lenient:
                raise TemplateError(f"{source.name}: {error}") from None
            self.unread.append((None, str(error)))
            self._ordered = False
            self.graph = nx.MultiDiGraph()
            self.graph.add_nodes_from(self.resources)
        self._waiting: dict[str, set[str]] = {}

    @cached_property
    def creation(self) -> list[list[str]]:
        """The logical ids in the order of creation, a list for each wave."""
        return waves_of(self.graph.reverse(copy=False))

    @cached_property
    def deletion(self) -> list[list[str]]:
        """The logical ids in the order of deletion, a list for each wave."""
        return waves_of(self.graph)

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The roles that the stack declares, by logical id."""
        return roles_in(self.resources) if self._ordered else {}

    @cached_property
    def users(self) -> dict[str, User]:
        """What uses a role, by logical id."""
        return users_in(self.resources, self.graph, self.calls) if self._ordered else {}

    @cached_property
    def calls(self) -> list[Call]:
        """What custom resources of others switch on and off; nothing, if there is no order."""
        return calls_in(self.resources, self.graph) if self._ordered else []

    @cached_property
    def marks(self) -> dict[str, tuple[Mark, ...]]:
        """What resources are to roles, by logical id; those that are nothing are left out."""
        return marks_of(self.roles, self.users)

    def wave_of(self, logical_id: str) -> int:
        """Return the number of the wave that creates a resource, from 1."""
        waves = enumerate(self.creation, start=1)
        return next(number for number, wave in waves if logical_id in wave)

    def type_of(self, logical_id: str) -> str:
        """Return the type of a resource."""
        return printable(self.resources[logical_id]["Type"])

    def path(self, logical_id: str) -> str | None:
        """Return a resource's construct path below the stack; None if the template has none."""
        metadata = self.resources[logical_id].get("Metadata")
        path = metadata.get("aws:cdk:path") if isinstance(metadata, dict) else None
        if not isinstance(path, str):
            return None
        path, scope = printable(path), f"{self.name}/"
        return path.removeprefix(scope) if path.startswith(scope) else path.partition("/")[2]

    def show(self, logical_id: str) -> str:
        """Return what a person knows a resource by: its construct path, or else its logical id."""
        return self.path(logical_id) or printable(logical_id)

    def waits(self, logical_id: str) -> list[Wait]:
        """Return what a resource waits for, and why, without what those wait for in turn."""
        return [
            wait
            for each in sorted(self.graph.successors(logical_id))
            for wait in waits_along(self.graph, [logical_id, each])
        ]

    def is_before(self, dependency: str, dependent: str) -> bool:
        """Tell whether a resource waits for another, by whatever chain."""
        if dependency not in self._waiting:
            self._waiting[dependency] = nx.ancestors(self.graph, dependency)
        return dependent in self._waiting[dependency]


class App:
    """The stacks that were read together.

    Args:
        sources: Their templates.

        lenient: As for `Stack`.

    Raises:
        TemplateError: No order can be read from them.
    """

    def __init__(self, sources: Iterable[StackTemplate], *, lenient: bool = False) -> None:
        sources = list(sources)
        #: what was left out, in sentences.
        self.notes = [note for each in sources for note in each.notes]
        stacks = {each.name: Stack(each, lenient=lenient) for each in sources}
        self._order: nx.DiGraph = nx.DiGraph()
        self._waiting: dict[str, set[str]] = {}
        for stack in stacks.values():
            if stack.nested_in is None:
                self._order.add_node(stack.name)
                self._order.add_edges_from((stack.name, each) for each in stack.waits_for)
        if not nx.is_directed_acyclic_graph(self._order):
            circle = [each for each, _ in nx.find_cycle(self._order)]
            path = " -> ".join([*circle, circle[0]])
            raise TemplateError(f"the stacks wait for one another in a circle: {path}")
        #: the names of the stacks that are not nested, in the order of deployment by waves.
        self.waves: list[list[str]] = [
            list(wave) for wave in nx.topological_generations(self._order.reverse(copy=False))
        ]
        children: dict[str, list[str]] = {}
        for stack in stacks.values():
            if stack.nested_in is not None:
                children.setdefault(stack.nested_in[0], []).append(stack.name)
        #: in the order of deployment, a nested one after its parent.
        self.stacks: dict[str, Stack] = {}
        for wave in self.waves:
            for name in wave:
                self._add(name, stacks, children)

    @classmethod
    def read(cls, paths: Sequence[Path], *, name: str | None = None, lenient: bool = False) -> App:
        """Read cloud assemblies and templates.

        Args:
            paths: Their folders and files.

            name: What the stack of a template is called. Default: as its file.

            lenient: Whether what cannot be read of a template is left out, and said so in the
                stack's `unread`. Default: it is refused.

        Raises:
            TemplateError: As `reading.read` does, or no order can be read from a template.
        """
        return cls(read(paths, name=name, lenient=lenient), lenient=lenient)

    def is_before(self, dependency: Place, dependent: Place) -> bool:
        """Tell whether a resource waits for another, be it in another stack.

        That is so on the way up; on the way down, the one that waits goes first.
        """
        ours, theirs = self._scopes(dependent), self._scopes(dependency)
        for mine in ours:
            for other in theirs:
                if mine.stack == other.stack:
                    return self.stacks[mine.stack].is_before(other.logical_id, mine.logical_id)
        return self.stack_is_before(theirs[-1].stack, ours[-1].stack)

    def stack_is_before(self, dependency: str, dependent: str) -> bool:
        """Tell whether a stack that is not nested waits for another."""
        if dependency not in self._waiting:
            self._waiting[dependency] = nx.ancestors(self._order, dependency)
        return dependent in self._waiting[dependency]

    def outermost(self, stack: str) -> str:
        """Return the stack that a stack is nested in, however deep; itself if it is in none."""
        nested_in = self.stacks[stack].nested_in
        return stack if nested_in is None else self.outermost(nested_in[0])

    def share_account(self, one: str, other: str) -> bool:
        """Tell whether two stacks are for one account, as far as anybody knows.

        Both tell the same account, or they are of one stage and not both tell. Templates that came
        alone may be for anywhere.
        """
        first, second = (self.stacks[self.outermost(each)] for each in (one, other))
        if first.account is not None and second.account is not None:
            return first.account == second.account
        together = first is second or (first.in_assembly and second.in_assembly)
        return together and first.name.rpartition("/")[0] == second.name.rpartition("/")[0]

    @cached_property
    def roles(self) -> list[tuple[Place, Role]]:
        """All that declares a service-linked role."""
        return [
            (Place(stack.name, role.logical_id), role)
            for stack in self.stacks.values()
            for role in stack.roles.values()
        ]

    def roles_near(self, stack: Stack, user: User) -> list[tuple[Place, Role]]:
        """Return the roles a resource may use that its stack, or one it waits for, declares."""
        outermost = self.outermost(stack.name)
        return [
            (place, role)
            for place, role in self.roles
            if role.principal in user.principals
            and (
                self.outermost(place.stack) == outermost
                or self.stack_is_before(self.outermost(place.stack), outermost)
            )
        ]

    def _scopes(self, place: Place) -> list[Place]:
        """Return a resource, and the nested stacks that it is in as resources of their parents."""
        scopes = [place]
        while (outer := self.stacks[scopes[-1].stack].nested_in) is not None:
            scopes.append(Place(*outer))
        return scopes

    def _add(
        self, name: str, stacks: Mapping[str, Stack], children: Mapping[str, list[str]]
    ) -> None:
        self.stacks[name] = stacks[name]
        for each in children.get(name, ()):
            self._add(each, stacks, children)
