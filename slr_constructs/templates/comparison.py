"""Compare two versions of an app and describe the changes to order and to roles.

The comparison looks at three guarantees: which resource depends on which, which features are
disabled before their owner is deleted, and what happens to a role. A lost guarantee is worse, a new
one is better, and other effects are changes. As for CloudFormation, two resources are the same if
their stack and logical id are the same.

Removing a reference is fine, because the ordering is no longer needed. Removing only a `DependsOn`
is reported, because its only purpose is the ordering. A lost order between resources that are
related to a role is reported too.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx

from slr_constructs.templates.app import Place, Stack
from slr_constructs.templates.literals import mapping
from slr_constructs.templates.reading import StackTemplate
from slr_constructs.templates.replacement import given_name, replacements
from slr_constructs.templates.role_usage import ROLE_TYPE, Mark, Removal, acts_on, properties_of
from slr_constructs.templates.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from slr_constructs.templates.app import App
    from slr_constructs.templates.replacement import Replacement
    from slr_constructs.templates.role_usage import Role, RoleUsage


class Verdict(Enum):
    """Whether a change is an improvement."""

    WORSE = "worse"
    CHANGED = "changed"
    BETTER = "better"


@dataclass(frozen=True, slots=True)
class Change:
    """One effect of a change."""

    #: stable; renaming a code is a breaking change.
    code: str
    verdict: Verdict
    stack: str
    #: the logical id of the resource; None if the change is about the stack.
    resource: str | None
    #: a sentence without a full stop; names are in backquotes.
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All effects of a change on order and on roles."""

    #: sorted by verdict, and then in the order of deployment.
    changes: tuple[Change, ...]
    #: the number of added and removed resources in all stacks.
    added: int
    removed: int

    @property
    def is_worse(self) -> bool:
        """Whether at least one change is worse."""
        return any(each.verdict is Verdict.WORSE for each in self.changes)


def compare(old: App, new: App) -> Comparison:
    """Compare two apps, or two versions of a template with the same name."""
    changes: list[Change] = []
    for name, stack in new.stacks.items():
        former = old.stacks.get(name)
        if former is None:
            text = "the stack is new in the app"
            changes.append(Change("StackAdded", Verdict.CHANGED, name, None, text))
            former = Stack(StackTemplate(name, {}))
        changes += _Pair(old, former, new, stack).changes()
    changes += (_removed_stack(old, name) for name in old.stacks if name not in new.stacks)
    changes += _stack_orders(old, new)
    changes += _shared_owners(old, new)
    before, after = _places(old), _places(new)
    verdicts = list(Verdict)
    return Comparison(
        changes=tuple(sorted(changes, key=lambda each: verdicts.index(each.verdict))),
        added=len(after - before),
        removed=len(before - after),
    )


class _Pair:
    """A stack before and after."""

    def __init__(self, old_app: App, old: Stack, new_app: App, new: Stack) -> None:
        self._old_app, self._old = old_app, old
        self._new_app, self._new = new_app, new

    def changes(self) -> Iterator[Change]:
        """Yield the changes in the stack."""
        yield from self._roles()
        yield from self._role_orders()
        yield from self._clean_ups()
        yield from self._features()
        yield from self._identities()
        yield from self._lost_orders()
        yield from self._new_orders()

    # roles

    def _roles(self) -> Iterator[Change]:
        before = {each.name: each for each in self._old.roles}
        after = {each.name: each for each in self._new.roles}
        for name, role in after.items():
            if name in before:
                yield from self._role(before[name], role)
            else:
                text = f"`{name}` is now declared: {_ON_DESTROY[role.removal]}"
                yield self._change("RoleAdded", Verdict.CHANGED, role.logical_id, text)
        for name, role in before.items():
            if name in after or self._usages_without_role(role):
                continue
            consequence = (
                f": this deployment removes it from the stack, and {_ON_REMOVAL[role.removal]}"
            )
            if (self._new.name, name) not in self._new_app.imported:
                text = f"`{name}` is no longer declared{consequence}"
                yield self._change("RoleRemoved", Verdict.CHANGED, role.logical_id, text)
            elif role.removal is Removal.DELETED or not self._declared_elsewhere(name):
                text = (
                    f"`{name}` is now imported and no longer declared{consequence}; make sure that"
                    " it is managed outside of the app"
                )
                yield self._change("RoleImported", Verdict.CHANGED, role.logical_id, text)

    def _role(self, before: Role, after: Role) -> Iterator[Change]:
        name, logical_id = after.name, after.logical_id
        # a new resource of ours acquires its own lease before the old one releases its lease
        is_ours = self._old.type_of(before.logical_id) == self._new.type_of(logical_id) == ROLE_TYPE
        if before.logical_id != logical_id and not is_ours:
            yield self._renamed(before.logical_id, logical_id, f"`{name}`")
        if after.removal > before.removal:
            text = f"deleting this stack would now delete `{name}`{_MORE[after.removal]}"
            yield self._change("RemovalMoreDestructive", Verdict.WORSE, logical_id, text)
        elif after.removal < before.removal:
            text = f"deleting this stack would now {_LESS[after.removal].format(name=name)}"
            yield self._change("RemovalLessDestructive", Verdict.BETTER, logical_id, text)

    def _usages_without_role(self, role: Role) -> list[str]:
        """Return the usages of a role that are kept, but no longer depend on a declared role."""
        return [
            each.logical_id
            for each in self._new.usages.values()
            if each.logical_id in self._old.usages
            and role.name in each.role_names
            and not self._new_app.has_role(self._new, each)
        ]

    def _declared_elsewhere(self, role_name: str) -> bool:
        """Return whether another stack for the same account declares a role."""
        return any(
            role.name == role_name and self._new_app.share_account(place.stack, self._new.name)
            for place, role in self._new_app.roles
        )

    def _role_orders(self) -> Iterator[Change]:
        for role in self._old.roles:
            usages = self._usages_without_role(role)
            if usages:
                text = (
                    f"`{role.name}` is no longer declared, so no stack creates or keeps it for"
                    f" {self._names(usages)}"
                )
                yield self._change("RoleLost", Verdict.WORSE, role.logical_id, text)
        for logical_id, usage in self._new.usages.items():
            former = self._old.usages.get(logical_id)
            before = former and _is_after_its_role(self._old_app, self._old, former)
            after = _is_after_its_role(self._new_app, self._new, usage)
            near = self._new_app.roles_near(self._new, usage)
            names = " or ".join(sorted({f"`{role.name}`" for _, role in near}))
            name = self._name(logical_id)
            if after is False and before:
                text = f"{names} is no longer created before {name} and no longer deleted after it"
                yield self._change("RoleOrderLost", Verdict.WORSE, logical_id, text)
            elif after is False and before is None:
                text = (
                    f"{name} uses {names} but does not depend on it: CloudFormation may create the"
                    " role later and delete it earlier"
                )
                yield self._change("RoleOrderMissing", Verdict.WORSE, logical_id, text)
            elif after and before is False:
                text = f"{names} is now created before {name} and deleted after it"
                yield self._change("RoleOrderGained", Verdict.BETTER, logical_id, text)

    # features

    def _clean_ups(self) -> Iterator[Change]:
        before, after = _cleaned_up(self._old), _cleaned_up(self._new)
        for owner, feature in sorted(before.keys() - after.keys()):
            usage = self._new.usages.get(owner)
            if usage is not None and usage.feature == feature:
                clean_up = before[owner, feature]
                text = (
                    f"{feature} is no longer disabled before {self._name(owner)} is deleted:"
                    f" {self._fate(clean_up)}"
                )
                yield self._change("CleanUpLost", Verdict.WORSE, clean_up, text)
        for owner, feature in sorted(after.keys() - before.keys()):
            former = self._old.usages.get(owner)
            if former is not None and former.feature == feature:
                text = f"{feature} is now disabled before {self._name(owner)} is deleted"
                yield self._change("CleanUpGained", Verdict.BETTER, after[owner, feature], text)
        for logical_id, usage in self._new.usages.items():
            former = self._old.usages.get(logical_id)
            if usage.retained and not usage.is_clean_up and former and not former.retained:
                text = (
                    f"{self._name(logical_id)} is now retained: after this stack is deleted,"
                    f" {usage.feature} would stay enabled and the role in use"
                )
                yield self._change("FeatureRetained", Verdict.WORSE, logical_id, text)

    def _fate(self, clean_up: str) -> str:
        """Return what happened to a clean-up resource."""
        usage = self._new.usages.get(clean_up)
        if usage is None:
            return f"`{self._old.show(clean_up)}` was removed"
        name = self._name(clean_up)
        return f"{name} is now {'retained' if usage.retained else 'for another resource'}"

    def _features(self) -> Iterator[Change]:
        before = {each: usage for each, usage in self._old.usages.items() if not usage.is_clean_up}
        after = {each: usage for each, usage in self._new.usages.items() if not usage.is_clean_up}
        moved = {each.before for each in self._moves.values()}
        for logical_id, usage in after.items():
            if logical_id not in before and logical_id not in self._moves:
                text = f"{self._name(logical_id)} now configures {usage.feature}"
                yield self._change("FeatureAdded", Verdict.CHANGED, logical_id, text)
        for logical_id, usage in before.items():
            if logical_id not in after and logical_id not in moved:
                stays = logical_id in self._new.resources
                text = (
                    f"`{self._old.show(logical_id)}` no longer configures {usage.feature}, and the"
                    f" resource {'stays in the stack' if stays else 'is removed'}"
                )
                yield self._change("FeatureRemoved", Verdict.CHANGED, logical_id, text)

    # types, replacements and construct ids

    def _identities(self) -> Iterator[Change]:
        replaced = replacements(self._old, self._new)
        for logical_id, body in self._new.resources.items():
            former = self._old.resources.get(logical_id)
            if former is None or not self._concerns_roles(logical_id):
                continue
            name, kind = self._name(logical_id), self._new.type_of(logical_id)
            if former["Type"] != body["Type"]:
                text = (
                    f"{name} changes its type from {self._old.type_of(logical_id)} to {kind}, which"
                    " CloudFormation refuses; use another construct id"
                )
                yield self._change("TypeChanged", Verdict.WORSE, logical_id, text)
            elif logical_id in replaced and not self._follows(logical_id, replaced[logical_id]):
                yield self._replaced(logical_id, replaced[logical_id])
        for logical_id, move in self._moves.items():
            usage = self._new.usages.get(logical_id)
            what = self._new.type_of(logical_id) if usage is None else usage.feature
            if move.keeps_name or usage is not None:
                yield self._renamed(move.before, logical_id, what, keeps_name=move.keeps_name)

    def _replaced(self, logical_id: str, why: Replacement) -> Change:
        properties = listed(f"`{each}`" for each in why.properties)
        if why.because_of is not None:
            cause = f"refers to {self._name(why.because_of)}, which is replaced"
        else:
            cause = "changes" if len(why.properties) == 1 else "change"
        never = f"{self._new.type_of(logical_id)} cannot be updated, and "
        cause = f"{never if why.never_updated else ''}{properties} {cause}"
        if not why.keeps:
            text = f"{self._name(logical_id)} will be replaced: {cause}"
            return self._change("Replaced", Verdict.CHANGED, logical_id, text)
        text = (
            f"{self._name(logical_id)} cannot be replaced under the same name"
            f" ({listed(f'`{each}`' for each in why.keeps)}): {cause}, and the creation of the new"
            " resource fails while the old one exists; undo the change, or change the name too"
        )
        return self._change("ReplacementFails", Verdict.WORSE, logical_id, text)

    def _follows(self, logical_id: str, why: Replacement) -> bool:
        """Return whether only the logical id of a resource that keeps its name changes in it."""
        ids = {move.before: after for after, move in self._moves.items() if move.keeps_name}
        before, after = (
            [properties_of(stack.resources[logical_id]).get(each) for each in why.properties]
            for stack in (self._old, self._new)
        )
        return why.because_of is None and _text(before, ids) == _text(after)

    @cached_property
    def _moves(self) -> dict[str, _Move]:
        """The resources that have another logical id than before, except roles."""
        removed, added = (
            [
                each
                for each, marks in one.marks.items()
                if each not in other.resources and Mark.ROLE not in marks
            ]
            for one, other in ((self._old, self._new), (self._new, self._old))
        )
        alike: defaultdict[tuple[str, str], deque[str]] = defaultdict(deque)
        for before in removed:
            body = self._old.resources[before]
            alike[body["Type"], _identity(body)[0]].append(before)
        moves: dict[str, _Move] = {}
        former: dict[str, str] = {}
        # former logical ids of resources that get another name
        renamed: set[str] = set()
        # in the order of creation: referenced resources first
        for logical_id in sorted(added, key=self._new.step_of):
            body = self._new.resources[logical_id]
            identity, is_fixed = _identity(body, former)
            if not (found := alike[body["Type"], identity]):
                continue
            before = former[logical_id] = found.popleft()
            keeps_name = is_fixed and renamed.isdisjoint(_WORD.findall(identity))
            moves[logical_id] = _Move(before, keeps_name=keeps_name)
            if not keeps_name:
                renamed.add(before)
        return moves

    def _renamed(self, before: str, after: str, what: str, *, keeps_name: bool = True) -> Change:
        text = (
            f"{what} moves from `{self._old.show(before)}` to {self._name(after)} in one"
            " deployment: CloudFormation creates the new resource before it deletes the old one"
        )
        if not keeps_name:
            return self._change("Renamed", Verdict.CHANGED, after, text)
        consequence = (
            "deleting the old one undoes what the new one configured, unless CloudFormation refuses"
            " the deployment"
            if acts_on(self._new.resources[after]) is not None
            else "the creation fails while the old one exists"
        )
        text += (
            f", and {consequence}; remove the old one in one deployment and add the new one in the"
            " next"
        )
        return self._change("Renamed", Verdict.WORSE, after, text)

    # order

    def _lost_orders(self) -> Iterator[Change]:
        lost: dict[tuple[str, str, Verdict], list[str]] = {}
        for dependent, dependency, only_depends_on in _former_orders(self._old, self._new):
            if self._new.is_before(dependency, dependent) or self._is_role_order(
                self._old, dependent, dependency
            ):
                continue
            if self._new.is_before(dependent, dependency):
                code, verdict = "OrderReversed", Verdict.WORSE
            else:
                # a resource that is not related to a role any more does not need the order
                related = {dependent, dependency} <= self._new.marks.keys()
                code = "OrderLost"
                verdict = Verdict.WORSE if related or only_depends_on else Verdict.CHANGED
            lost.setdefault((dependent, code, verdict), []).append(dependency)
        for (dependent, code, verdict), dependencies in lost.items():
            text = f"{self._name(dependent)} no longer depends on {self._names(dependencies)}"
            if code == "OrderReversed":
                text += ": the dependency is now reversed"
            yield self._change(code, verdict, dependent, text)

    def _new_orders(self) -> Iterator[Change]:
        gained: dict[tuple[str, Verdict], list[str]] = {}
        for dependent in self._new.resources:
            for dependency in sorted(self._new.graph.successors(dependent)):
                if (
                    not {dependent, dependency} <= self._old.resources.keys()
                    or self._old.is_before(dependency, dependent)
                    or self._old.is_before(dependent, dependency)
                    or self._is_role_order(self._new, dependent, dependency)
                ):
                    continue
                related = self._concerns_roles(dependent) and self._concerns_roles(dependency)
                verdict = Verdict.BETTER if related else Verdict.CHANGED
                gained.setdefault((dependent, verdict), []).append(dependency)
        for (dependent, verdict), dependencies in gained.items():
            text = f"{self._name(dependent)} now depends on {self._names(dependencies)}"
            yield self._change("OrderGained", verdict, dependent, text)

    def _is_role_order(self, stack: Stack, dependent: str, dependency: str) -> bool:
        """Return whether an order is between a usage and its role, which has its own changes."""
        usage = stack.usages.get(dependent)
        return usage is not None and any(
            role.logical_id == dependency and role.name in usage.role_names for role in stack.roles
        )

    # names and texts

    def _concerns_roles(self, logical_id: str) -> bool:
        return logical_id in self._old.marks or logical_id in self._new.marks

    def _name(self, logical_id: str) -> str:
        return f"`{self._new.show(logical_id)}`"

    def _names(self, logical_ids: Iterable[str]) -> str:
        return listed(map(self._name, logical_ids))

    def _change(self, code: str, verdict: Verdict, logical_id: str, text: str) -> Change:
        return Change(code, verdict, self._new.name, logical_id, text)


#: a logical id in the JSON text of an identity, or any other word.
_WORD = re.compile(r"\w+")
_ON_DESTROY = {
    Removal.KEPT: "deleting this stack leaves it in the account",
    Removal.WHEN_UNUSED: "deleting this stack deletes it if no other stack or resource needs it",
    Removal.DELETED: "deleting this stack deletes it, or fails while a resource uses it",
}
_ON_REMOVAL = {
    Removal.KEPT: "it stays in the account",
    Removal.WHEN_UNUSED: "it is deleted if no other stack or resource needs it",
    Removal.DELETED: "it is deleted, or the deployment fails while a resource uses it",
}
_MORE = {
    Removal.WHEN_UNUSED: " if no other stack or resource needs it",
    Removal.DELETED: ", or fail while another stack or resource needs it",
}
_LESS = {
    Removal.KEPT: "leave `{name}` in the account",
    Removal.WHEN_UNUSED: "delete `{name}` only if no other stack or resource needs it",
}


class _Move(NamedTuple):
    """A resource that has another logical id than before."""

    #: the former logical id.
    before: str
    #: whether both are the same resource for AWS; otherwise, the new one has another name.
    keeps_name: bool


def _identity(
    body: Mapping[str, Any], renamed: Mapping[str, str] | None = None
) -> tuple[str, bool]:
    """Return a text that identifies a resource, and whether it contains the name.

    It is the target of a custom resource of this library, the name in the template, or else all
    properties. Logical ids in it are replaced by those in `renamed`.
    """
    target, name = acts_on(body), given_name(body)
    properties = properties_of(body)
    identity = target if target is not None else [properties[each] for each in name] or properties
    return _text(identity, renamed), identity is not properties


def _text(value: Any, renamed: Mapping[str, str] | None = None) -> str:  # noqa: ANN401 - any part of a template
    """Return a value as text, with other logical ids."""
    ids = renamed or {}
    text = json.dumps(value, sort_keys=True, default=str)
    return _WORD.sub(lambda word: ids.get(word[0], word[0]), text)


def _removed_stack(app: App, name: str) -> Change:
    stack = app.stacks[name]
    roles = [f"`{each.name}`" for each in stack.roles]
    keeps = f", and keeps {listed(roles)}," if roles else ""
    fate = (
        "it is deleted when its parent is deployed"
        if stack.nested_in
        else f"it stays in the account{keeps} until you delete it"
    )
    text = f"the stack is no longer in the app: {fate}"
    return Change("StackRemoved", Verdict.CHANGED, name, None, text)


def _shared_owners(old: App, new: App) -> Iterator[Change]:
    """Yield the owners that a stack now configures, and another stack configured before."""
    before: dict[tuple[str, object], list[Place]] = {}
    for stack in old.stacks.values():
        for usage in stack.usages.values():
            for each in () if usage.is_clean_up else old.owner_keys(stack, usage):
                place = Place(stack.name, usage.logical_id)
                before.setdefault((usage.feature, each), []).append(place)
    known = {place for places in before.values() for place in places}
    for stack in new.stacks.values():
        for usage in stack.usages.values():
            if usage.is_clean_up or Place(stack.name, usage.logical_id) in known:
                continue
            keys = [(usage.feature, each) for each in new.owner_keys(stack, usage)]
            places = dict.fromkeys(place for each in keys for place in before.get(each, ()))
            for place in places:
                former = old.stacks[place.stack]
                home = (stack.account, stack.region)
                if place.stack != stack.name and (former.account, former.region) == home:
                    text = (
                        f"`{stack.show(usage.logical_id)}` configures {usage.feature} for the same"
                        f" resource as `{former.show(place.logical_id)}` in the stack"
                        f" `{former.name}`: deleting that stack disables it"
                    )
                    yield Change("OwnerShared", Verdict.WORSE, stack.name, usage.logical_id, text)


def _stack_orders(old: App, new: App) -> Iterator[Change]:
    for name, after in new.stacks.items():
        # a stack depends only on stacks of its stage, so the text is the same in every stage
        stage = f"{name.rpartition('/')[0]}/"
        before = old.stacks.get(name)
        if before is None:
            continue
        for other in before.depends_on:
            if other not in new.stacks or new.stack_is_before(other, name):
                continue
            if new.stack_is_before(name, other):
                text = (
                    f"the stack no longer depends on `{other.removeprefix(stage)}`: the dependency"
                    " is now reversed"
                )
                yield Change("StackOrderReversed", Verdict.WORSE, name, None, text)
            else:
                needed = not _imports(before.template, old.stacks[other].template)
                verdict = Verdict.WORSE if needed else Verdict.CHANGED
                text = f"the stack no longer depends on `{other.removeprefix(stage)}`"
                yield Change("StackOrderLost", verdict, name, None, text)
        for other in after.depends_on:
            if (
                other in old.stacks
                and not old.stack_is_before(other, name)
                and not old.stack_is_before(name, other)
            ):
                text = f"the stack now depends on `{other.removeprefix(stage)}`"
                yield Change("StackOrderGained", Verdict.CHANGED, name, None, text)


def _imports(template: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether a template imports a value that another template exports."""
    exports = [
        mapping(output["Export"]).get("Name")
        for output in map(mapping, mapping(other.get("Outputs")).values())
        if "Export" in output
    ]
    return any(each in exports for each in _imported(template))


def _imported(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of a template
    if isinstance(value, list):
        for each in value:
            yield from _imported(each)
    elif isinstance(value, dict):
        if "Fn::ImportValue" in value:
            yield value["Fn::ImportValue"]
        for each in value.values():
            yield from _imported(each)


def _former_orders(old: Stack, new: Stack) -> Iterator[tuple[str, str, bool]]:
    """Yield former dependencies: dependent, dependency, and whether only `DependsOn` declared it.

    Both resources still exist. If a resource between them was removed, the dependency through it
    counts too, unless that resource is related to a role, which has its own changes.
    """
    # a removed resource is replaced by its own dependencies, as far as they still exist
    left: dict[str, set[str]] = {}
    for logical_id in nx.topological_sort(old.graph.reverse(copy=False)):
        through = {each: left[each] for each in old.graph.successors(logical_id)}
        if logical_id in new.resources:
            left[logical_id] = {logical_id}
            for each, dependencies in through.items():
                labels = {edge["label"] for edge in old.graph[logical_id][each].values()}
                for dependency in sorted(dependencies):
                    yield logical_id, dependency, dependency == each and labels == {"DependsOn"}
        elif logical_id in old.marks:
            left[logical_id] = set()
        else:
            left[logical_id] = set().union(*through.values())


def _is_after_its_role(app: App, stack: Stack, usage: RoleUsage) -> bool | None:
    """Return whether a resource depends on a role that it uses; None without a declared role."""
    near = app.roles_near(stack, usage)
    place = Place(stack.name, usage.logical_id)
    return any(each == place or app.is_before(each, place) for each, _ in near) if near else None


def _cleaned_up(stack: Stack) -> dict[tuple[str, str], str]:
    """Return the clean-up resources by owner and feature."""
    return {
        (owner, usage.feature): usage.logical_id
        for usage in stack.usages.values()
        if usage.disables and not usage.retained
        for owner in usage.owners
    }


def _places(app: App) -> set[Place]:
    return {
        Place(stack.name, logical_id)
        for stack in app.stacks.values()
        for logical_id in stack.resources
    }
