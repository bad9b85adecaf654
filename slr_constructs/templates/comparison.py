"""What a change of templates does to order and to roles, in sentences.

Two apps are compared by what they promise: which resource waits for which, what is switched off
before its owner is deleted, what becomes of a role. A promise that is broken is worse, one that is
new is better, and what only has consequences is said as changed. Resources are the same if stack
and logical id are, as they are for CloudFormation.

A reference that is gone took the need for its order with it; a `DependsOn` is there for its order
alone, and so is any order between what has to do with a role. Those must not get lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import networkx as nx

from slr_constructs.templates.app import Place, Stack
from slr_constructs.templates.lifecycle import NATIVE_ROLE_TYPE, Removal, acts_on
from slr_constructs.templates.reading import StackTemplate
from slr_constructs.templates.replacement import replacements
from slr_constructs.templates.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from slr_constructs.templates.app import App
    from slr_constructs.templates.lifecycle import Role, User


class Verdict(Enum):
    """Whether a change is for the better."""

    WORSE = "worse"
    CHANGED = "changed"
    BETTER = "better"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a change of templates does."""

    #: stable; renaming one is a breaking change.
    code: str
    verdict: Verdict
    stack: str
    #: the logical id of the resource that it is about; None if it is the stack.
    resource: str | None
    #: a sentence, with names between backquotes.
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that a change of templates does to order and to roles."""

    #: the worse first, and then in the order of deployment.
    changes: tuple[Change, ...]
    #: how many resources come and go, in all stacks together.
    added: int
    removed: int

    @property
    def is_worse(self) -> bool:
        """Whether something got worse."""
        return any(each.verdict is Verdict.WORSE for each in self.changes)


def compare(old: App, new: App) -> Comparison:
    """Compare two apps, or two versions of a template that go by one name."""
    changes: list[Change] = []
    for name, stack in new.stacks.items():
        former = old.stacks.get(name)
        if former is None:
            changes.append(
                Change("StackAdded", Verdict.CHANGED, name, None, "the stack is new in the app")
            )
            former = Stack(StackTemplate(name, {}))
        changes += _Pair(old, former, new, stack).changes()
    changes += (_gone(old, name) for name in old.stacks if name not in new.stacks)
    changes += _stack_orders(old, new)
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
        """Yield what has changed in the stack."""
        yield from self._roles()
        yield from self._role_orders()
        yield from self._releases()
        yield from self._features()
        yield from self._identities()
        yield from self._lost_orders()
        yield from self._new_orders()

    # roles

    def _roles(self) -> Iterator[Change]:
        before = {each.name: each for each in self._old.roles.values()}
        after = {each.name: each for each in self._new.roles.values()}
        for name, role in after.items():
            if name in before:
                yield from self._role(before[name], role)
            else:
                yield self._say(
                    "RoleAdded",
                    Verdict.CHANGED,
                    role.logical_id,
                    f"`{name}` is declared now: {_ON_DESTROY[role.removal]}",
                )
        for name, role in before.items():
            if name not in after and not self._left_alone(role):
                yield self._say(
                    "RoleRemoved",
                    Verdict.CHANGED,
                    role.logical_id,
                    f"`{name}` is no longer declared: deploying this lets go of it"
                    f" ({_ON_REMOVAL[role.removal]})",
                )

    def _role(self, before: Role, after: Role) -> Iterator[Change]:
        name = after.name
        if before.logical_id != after.logical_id:
            yield self._renamed(before.logical_id, after.logical_id, f"`{name}`")
        if after.removal > before.removal:
            yield self._say(
                "RemovalMoreDestructive",
                Verdict.WORSE,
                after.logical_id,
                f"destroying this stack would now delete `{name}`{_MORE[after.removal]}",
            )
        elif after.removal < before.removal:
            yield self._say(
                "RemovalLessDestructive",
                Verdict.BETTER,
                after.logical_id,
                f"destroying this stack would now {_LESS[after.removal].format(name=name)}",
            )

    def _left_alone(self, role: Role) -> list[str]:
        """Return what still uses a role that is no longer declared where it is waited for."""
        return [
            each.logical_id
            for each in self._new.users.values()
            if each.logical_id in self._old.users
            and role.principal in each.principals
            and _is_after_its_role(self._new_app, self._new, each) is None
        ]

    def _role_orders(self) -> Iterator[Change]:
        for role in self._old.roles.values():
            users = self._left_alone(role)
            if users:
                yield self._say(
                    "RoleLost",
                    Verdict.WORSE,
                    role.logical_id,
                    f"`{role.name}` is no longer declared, and nothing makes or keeps it for"
                    f" {self._names(users)}",
                )
        for user in self._new.users.values():
            former = self._old.users.get(user.logical_id)
            before = former and _is_after_its_role(self._old_app, self._old, former)
            after = _is_after_its_role(self._new_app, self._new, user)
            near = self._new_app.roles_near(self._new, user)
            names = " or ".join(sorted({f"`{role.name}`" for _, role in near}))
            name = self._name(user.logical_id)
            if after is False and before:
                yield self._say(
                    "RoleOrderLost",
                    Verdict.WORSE,
                    user.logical_id,
                    f"{names} is no longer created before {name}, nor deleted after it",
                )
            elif after is False and before is None:
                yield self._say(
                    "RoleOrderMissing",
                    Verdict.WORSE,
                    user.logical_id,
                    f"{name} uses {names} and does not wait for it: the role may be created later,"
                    " and deleted earlier",
                )
            elif after and before is False:
                yield self._say(
                    "RoleOrderGained",
                    Verdict.BETTER,
                    user.logical_id,
                    f"{names} is created before {name} now, and deleted after it",
                )

    # features

    def _releases(self) -> Iterator[Change]:
        before, after = _released(self._old), _released(self._new)
        for owner, feature in sorted(before.keys() - after.keys()):
            user = self._new.users.get(owner)
            if user is not None and user.feature == feature:
                yield self._say(
                    "ReleaseLost",
                    Verdict.WORSE,
                    before[owner, feature],
                    f"nothing switches {feature} off any more before {self._name(owner)} is deleted"
                    f" ({self._fate(before[owner, feature])})",
                )
        for owner, feature in sorted(after.keys() - before.keys()):
            former = self._old.users.get(owner)
            if former is not None and former.feature == feature:
                yield self._say(
                    "ReleaseGained",
                    Verdict.BETTER,
                    after[owner, feature],
                    f"{feature} is switched off now before {self._name(owner)} is deleted",
                )
        for user in self._new.users.values():
            former = self._old.users.get(user.logical_id)
            if user.retained and not user.is_release and former and not former.retained:
                yield self._say(
                    "FeatureRetained",
                    Verdict.WORSE,
                    user.logical_id,
                    f"{self._name(user.logical_id)} is retained now: destroying this stack would"
                    f" leave {user.feature} on, and the role in use",
                )

    def _fate(self, release: str) -> str:
        """Return what became of a release."""
        user = self._new.users.get(release)
        if user is None:
            return f"`{self._old.show(release)}` is gone"
        name = self._name(release)
        return f"{name} is retained" if user.retained else f"{name} is for something else"

    def _features(self) -> Iterator[Change]:
        before = {each: user for each, user in self._old.users.items() if not user.is_release}
        after = {each: user for each, user in self._new.users.items() if not user.is_release}
        for logical_id, user in after.items():
            if logical_id not in before:
                yield self._say(
                    "FeatureAdded",
                    Verdict.CHANGED,
                    logical_id,
                    f"{user.feature} is switched on by {self._name(logical_id)}",
                )
        for logical_id, user in before.items():
            if logical_id not in after:
                stays = logical_id in self._new.resources
                yield self._say(
                    "FeatureRemoved",
                    Verdict.CHANGED,
                    logical_id,
                    f"{user.feature} is no longer switched on by `{self._old.show(logical_id)}`"
                    + (", which stays" if stays else ", which goes"),
                )

    # what CloudFormation makes of a resource

    def _identities(self) -> Iterator[Change]:
        replaced = replacements(self._old, self._new)
        for logical_id, body in self._new.resources.items():
            former = self._old.resources.get(logical_id)
            if former is None or not self._concerns_roles(logical_id):
                continue
            name, kind = self._name(logical_id), self._new.type_of(logical_id)
            if former["Type"] != body["Type"]:
                yield self._say(
                    "TypeChanged",
                    Verdict.WORSE,
                    logical_id,
                    f"{name} was {self._old.type_of(logical_id)} and is {kind}: CloudFormation"
                    " refuses to change a type; give it another construct id",
                )
            elif logical_id in replaced:
                why = replaced[logical_id]
                properties = listed(f"`{each}`" for each in why.properties)
                changes = "changes" if len(why.properties) == 1 else "change"
                cause = (
                    f"{properties} {changes}"
                    if why.because_of is None
                    else f"{properties} refers to {self._name(why.because_of)}, which is replaced"
                )
                rule = f"{kind} cannot be updated, and " if why.never_updated else ""
                yield self._say(
                    "Replaced",
                    Verdict.CHANGED,
                    logical_id,
                    f"{name} will be replaced: {rule}{cause}",
                )
        yield from self._renames()

    def _renames(self) -> Iterator[Change]:
        gone = [
            (logical_id, body)
            for logical_id, body in self._old.resources.items()
            if logical_id not in self._new.resources and logical_id in self._old.users
        ]
        for logical_id, body in self._new.resources.items():
            if logical_id in self._old.resources or acts_on(body) is None:
                continue
            for former_id, former in gone:
                if former["Type"] == body["Type"] and acts_on(former) == acts_on(body):
                    what = self._new.users[logical_id].feature
                    yield self._renamed(former_id, logical_id, what)

    def _renamed(self, before: str, after: str, what: str) -> Change:
        native = self._new.type_of(after) == NATIVE_ROLE_TYPE
        consequence = (
            "which fails while the old one is there"
            if native
            else "which then undoes what the new one did, unless CloudFormation refuses it"
        )
        return self._say(
            "Renamed",
            Verdict.WORSE,
            after,
            f"{what} moves from `{self._old.show(before)}` to {self._name(after)} in one"
            f" deployment: CloudFormation creates the new resource before it deletes the old one,"
            f" {consequence}; take it out in one deployment and put it in with the next",
        )

    # order

    def _lost_orders(self) -> Iterator[Change]:
        lost: dict[tuple[str, str, Verdict], list[str]] = {}
        for dependent, dependency, by_order_alone in _former_orders(self._old, self._new):
            if self._new.is_before(dependency, dependent) or self._is_role_order(
                self._old, dependent, dependency
            ):
                continue
            if self._new.is_before(dependent, dependency):
                code, verdict = "OrderReversed", Verdict.WORSE
            else:
                marked = self._concerns_roles(dependent) and self._concerns_roles(dependency)
                code = "OrderLost"
                verdict = Verdict.WORSE if marked or by_order_alone else Verdict.CHANGED
            lost.setdefault((dependent, code, verdict), []).append(dependency)
        for (dependent, code, verdict), dependencies in lost.items():
            names, name = self._names(dependencies), self._name(dependent)
            yield self._say(
                code,
                verdict,
                dependent,
                f"{name} no longer waits for {names}"
                + (": it is the other way round now" if code == "OrderReversed" else ""),
            )

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
                marked = self._concerns_roles(dependent) and self._concerns_roles(dependency)
                verdict = Verdict.BETTER if marked else Verdict.CHANGED
                gained.setdefault((dependent, verdict), []).append(dependency)
        for (dependent, verdict), dependencies in gained.items():
            yield self._say(
                "OrderGained",
                verdict,
                dependent,
                f"{self._name(dependent)} waits for {self._names(dependencies)} now",
            )

    def _is_role_order(self, stack: Stack, dependent: str, dependency: str) -> bool:
        """Tell whether an order is that of a role and what uses it, of which more is said."""
        user, role = stack.users.get(dependent), stack.roles.get(dependency)
        return user is not None and role is not None and role.principal in user.principals

    # words

    def _concerns_roles(self, logical_id: str) -> bool:
        return logical_id in self._old.marks or logical_id in self._new.marks

    def _name(self, logical_id: str) -> str:
        return f"`{self._new.show(logical_id)}`"

    def _names(self, logical_ids: Iterable[str]) -> str:
        return listed(map(self._name, logical_ids))

    def _say(self, code: str, verdict: Verdict, logical_id: str, text: str) -> Change:
        return Change(code, verdict, self._new.name, logical_id, text)


_ON_DESTROY = {
    Removal.KEPT: "destroying this stack leaves it in the account",
    Removal.WHEN_UNUSED: "destroying this stack deletes it if nobody else needs it",
    Removal.DELETED: "destroying this stack deletes it, or fails while anything uses it",
}
_ON_REMOVAL = {
    Removal.KEPT: "it stays in the account",
    Removal.WHEN_UNUSED: "it is deleted if nobody else needs it",
    Removal.DELETED: "it is deleted, and the deployment fails while anything uses it",
}
_MORE = {
    Removal.WHEN_UNUSED: " if nobody else needs it",
    Removal.DELETED: ", or fail while anything else holds or uses it",
}
_LESS = {
    Removal.KEPT: "leave `{name}` in the account",
    Removal.WHEN_UNUSED: "delete `{name}` only if nobody else needs it",
}


def _gone(app: App, name: str) -> Change:
    stack = app.stacks[name]
    roles = [f"`{each.name}`" for each in stack.roles.values()]
    holds = f", with its hold on {listed(roles)}," if roles else ""
    fate = (
        "it is deleted when its parent is deployed"
        if stack.nested_in
        else f"it stays in the account{holds} until somebody destroys it"
    )
    text = f"the stack is no longer in the app: {fate}"
    return Change("StackRemoved", Verdict.CHANGED, name, None, text)


def _stack_orders(old: App, new: App) -> Iterator[Change]:
    for name, after in new.stacks.items():
        before = old.stacks.get(name)
        if before is None:
            continue
        for other in before.waits_for:
            if other not in new.stacks or new.stack_is_before(other, name):
                continue
            if new.stack_is_before(name, other):
                text = f"the stack no longer waits for `{other}`: it is the other way round now"
                yield Change("StackOrderReversed", Verdict.WORSE, name, None, text)
            else:
                needed = not _imports(before.template, old.stacks[other].template)
                verdict = Verdict.WORSE if needed else Verdict.CHANGED
                text = f"the stack no longer waits for `{other}`"
                yield Change("StackOrderLost", verdict, name, None, text)
        for other in after.waits_for:
            if (
                other in old.stacks
                and not old.stack_is_before(other, name)
                and not old.stack_is_before(name, other)
            ):
                text = f"the stack waits for `{other}` now"
                yield Change("StackOrderGained", Verdict.CHANGED, name, None, text)


def _imports(template: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether a template imports what another exports, and waits for it because of that."""
    outputs = other.get("Outputs")
    exports = [
        each["Export"].get("Name")
        for each in (outputs.values() if isinstance(outputs, dict) else ())
        if isinstance(each, dict) and isinstance(each.get("Export"), dict)
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
    """Yield which resources waited for which, and whether that was for the order alone.

    Both are there still; where one between them is not, they waited through it, unless it has to do
    with a role: of that, more is said.
    """
    # what is left of a resource is what it waited for, as far as that is there
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


def _is_after_its_role(app: App, stack: Stack, user: User) -> bool | None:
    """Tell whether a resource waits for a role that it uses; None if no role is declared."""
    near = app.roles_near(stack, user)
    place = Place(stack.name, user.logical_id)
    return any(app.is_before(each, place) for each, _ in near) if near else None


def _released(stack: Stack) -> dict[tuple[str, str], str]:
    """Return the releases by owner and feature."""
    return {
        (owner, user.feature): user.logical_id
        for user in stack.users.values()
        if user.is_release and not user.retained
        for owner in user.owners
    }


def _places(app: App) -> set[Place]:
    return {
        Place(stack.name, logical_id)
        for stack in app.stacks.values()
        for logical_id in stack.resources
    }
