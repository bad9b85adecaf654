"""Read an account: its roles, who holds them, and all that uses them, in every region.

Regions and pages are read side by side. A region, or a part of one, that cannot be read is told of
as a failure, and all the rest is read. Of what uses no role nothing is kept, so memory grows with
what does.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from slr_constructs.account import stacks
from slr_constructs.account.access import CALL_ERRORS, AccountError, disabled_regions, reason
from slr_constructs.account.roles import Lease, Role, read_role
from slr_constructs.account.side_by_side import Done, side_by_side
from slr_constructs.account.uses import kinds_of, offered
from slr_constructs.account.uses.kind import Thing
from slr_constructs.handler.slr_handler.aws import busy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from slr_constructs.account.access import Account, Region
    from slr_constructs.account.side_by_side import Job
    from slr_constructs.account.uses.kind import Kind
    from slr_constructs.catalogue import RoleDefinition


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be read, and why."""

    #: a region, or none for what has no region.
    region: str | None
    #: "MediaTailor channels", "the role AWSServiceRoleForX", ...
    what: str
    why: str
    #: the name of the role, or of the kind of things, that is known in part or not at all by this.
    role: str = ""
    kind: str = ""

    @property
    def alike(self) -> tuple[str, str, str]:
        """What it has in common with others that one sentence is enough for.

        The rest of why names the thing, where AWS or the way to it says which.
        """
        return self.region or "", self.what, self.why.partition(":")[0]


@dataclass(frozen=True, slots=True)
class RoleReport:
    """All there is to say of a role."""

    definition: RoleDefinition
    #: None if it is not there, or could not be read.
    role: Role | None
    leases: Sequence[Lease]
    #: what uses it, by region, kind and name.
    users: Sequence[Thing]
    #: whether it is there; None if it could not be read.
    there: bool | None
    #: whether all that may use it was read.
    complete: bool

    @property
    def holders(self) -> list[Lease]:
        """The leases that hold it."""
        return [lease for lease in self.leases if lease.holds]

    @property
    def blocked(self) -> bool | None:
        """Whether something stands against its deletion; None if nobody could tell."""
        if self.users or self.holders:
            return True
        return False if self.complete and self.there is not None else None


@dataclass(slots=True)
class Audit:
    """What was read of an account."""

    account: str
    name: str = ""
    roles: list[RoleReport] = field(default_factory=list)
    #: regions that were read, wholly or in part.
    regions: list[str] = field(default_factory=list)
    #: regions that are not enabled for the account, and so were not read.
    disabled: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    #: what was not known, and cost nothing of what was asked.
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all was read."""
        return not self.failures


@dataclass(slots=True)
class Progress:
    """How far the reading is."""

    #: lists of things, each in one region.
    lists: int = 0
    lists_read: int = 0
    things: int = 0
    users: int = 0
    failures: int = 0
    #: calls that were refused because a service is busy, and waited.
    waits: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **more: int) -> None:
        """Count more of this and that, whichever thread it is that counts."""
        with self._lock:
            for name, number in more.items():
                setattr(self, name, getattr(self, name) + number)


@dataclass(frozen=True, slots=True)
class _Lists:
    """The lists of things that there are to read."""

    regions: Sequence[str]
    disabled: Sequence[str]
    wanted: int
    #: why nobody knows which are disabled.
    untold: str | None


@dataclass(frozen=True, slots=True)
class _Read:
    """So much more was read."""

    things: int
    last: bool


_Answer = TypeVar("_Answer")
_Told: TypeAlias = Role | Lease | Thing | Failure | _Lists | _Read


def audit(
    account: Account,
    definitions: Sequence[RoleDefinition],
    *,
    regions: Sequence[str] = (),
    at_once: int = 32,
    progress: Progress | None = None,
) -> Audit:
    """Read an account.

    Args:
        account: The account.

        definitions: The roles that are asked about.

        regions: Read these alone.
            Default: all in which the services are offered.

        at_once: How many calls are under way at the same time, at most.

        progress: Is kept up to date.
    """
    progress = Progress() if progress is None else progress
    reading = _Reading(account, definitions, regions, progress)
    result = Audit(account.id, account.name)
    seen: dict[str, Role] = {}
    leases: list[Lease] = []
    users: dict[tuple[str, str], Thing] = {}
    failures: dict[tuple[str, str, str], Failure] = {}
    for told in side_by_side(reading.jobs(), at_once=at_once):
        match told:
            case Role():
                seen[told.definition.role_name] = told
            case Lease():
                leases.append(told)
            case Thing():
                # one that two lists have is one, and what is known of its stack stays
                known = (told.kind.name, told.arn)
                progress.add(users=known not in users)
                if told.stack is not None or known not in users:
                    users[known] = told
            case Failure():
                progress.add(failures=told.alike not in failures)
                first = failures.setdefault(told.alike, told)
                failures[told.alike] = min(first, told, key=lambda each: each.why)
            case _Lists():
                result.regions, result.disabled = [*told.regions], [*told.disabled]
                if told.untold is not None:
                    result.notes.append(
                        "which regions are enabled was not read, so all are asked, and one that is"
                        f" not is a failure: {told.untold}"
                    )
                progress.add(lists=told.wanted)
            case _:
                progress.add(things=told.things, lists_read=told.last)
    result.failures = [failure for _, failure in sorted(failures.items())]
    by_kind = _sorted_by_kind(users.values())
    for definition in definitions:
        name = definition.role_name
        held = [lease for lease in leases if lease.role_name == name]
        report = _report(definition, seen.get(name), held, by_kind, result.failures)
        result.roles.append(report)
    return result


def _report(
    definition: RoleDefinition,
    role: Role | None,
    leases: Iterable[Lease],
    by_kind: Mapping[str, list[Thing]],
    failures: Iterable[Failure],
) -> RoleReport:
    kinds = [kind.name for kind in kinds_of(definition)]
    failed = {each.role for each in failures} | {each.kind for each in failures}
    there = None if definition.role_name in failed else role is not None
    # the role that took its place has the same ones, and what is not there has none
    replaced = there is False and definition.superseded_by is not None
    return RoleReport(
        definition,
        role,
        sorted(leases, key=lambda lease: (lease.stack, lease.tag)),
        [] if replaced else [thing for kind in kinds for thing in by_kind.get(kind, ())],
        there=there,
        complete=failed.isdisjoint(kinds),
    )


def audit_all(
    accounts: Sequence[tuple[str, str, Callable[[], Account]]],
    definitions: Sequence[RoleDefinition],
    *,
    regions: Sequence[str] = (),
    at_once: int = 32,
    accounts_at_once: int = 4,
    progress: Progress | None = None,
) -> Iterator[Audit]:
    """Read several accounts side by side, and yield each as soon as it is read.

    Args:
        accounts: Their ids and names, and the way into each.

        definitions: The roles that are asked about.

        regions: As of `audit`.

        at_once: How many calls are under way at the same time, over all of them.

        accounts_at_once: How many accounts are being read at the same time.

        progress: Is kept up to date, over all of them.
    """
    side = min(accounts_at_once, max(len(accounts), 1))

    def job(id: str, name: str, enter: Callable[[], Account]) -> Job[Audit]:
        def read() -> Done[Audit]:
            try:
                account = enter()
            except AccountError as error:
                failure = Failure(None, "the account", str(error))
                return Done([Audit(id, name, failures=[failure])])
            account.name = name
            return Done(
                [
                    audit(
                        account,
                        definitions,
                        regions=regions,
                        at_once=max(at_once // side, 1),
                        progress=progress,
                    )
                ]
            )

        return read

    yield from side_by_side((job(*each) for each in accounts), at_once=side)


class _Reading:
    """The work that reading one account is."""

    def __init__(
        self,
        account: Account,
        definitions: Sequence[RoleDefinition],
        regions: Sequence[str],
        progress: Progress,
    ) -> None:
        self._account = account
        self._definitions = definitions
        self._only = regions
        self._progress = progress
        #: by service and region: why a call got no answer, so that no other waits for one.
        self._silent: dict[tuple[str, str], Exception] = {}
        self._regions: list[str] = []

    def jobs(self) -> Iterator[Job[_Told]]:
        """Return what there is to do at first."""
        yield self._lists
        for definition in self._definitions:
            yield lambda definition=definition: self._role(definition)  # type: ignore[misc]

    def _role(self, definition: RoleDefinition) -> Done[_Told]:
        try:
            role = read_role(self._account, definition)
        except CALL_ERRORS as error:
            name = definition.role_name
            return Done([Failure(None, f"the role {name}", reason(error), role=name)])
        if role is None:
            return Done()
        return Done(
            [role],
            [lambda lease=lease: self._lease(lease) for lease in role.leases()],  # type: ignore[misc]
        )

    def _lease(self, lease: Lease) -> Done[_Told]:
        try:
            state = stacks.read_state(lease.stack, self._account)
        except CALL_ERRORS as error:
            # as one that is there
            what = "the stacks that hold roles"
            return Done([lease, Failure(lease.region, what, reason(error))])
        return Done([replace(lease, state=state)])

    def _lists(self) -> Done[_Told]:
        untold = None
        try:
            disabled = disabled_regions(self._account)
        except CALL_ERRORS as error:
            # who may not know finds out: such a region takes no credentials
            disabled, untold = [], reason(error)
        wanted = dict.fromkeys(
            (kind, region)
            for definition in self._definitions
            for kind, regions in offered(definition, self._account).items()
            for region in regions
            if not self._only or region in self._only
        )
        every = sorted({region for _, region in wanted})
        lists = [(kind, self._region(name)) for kind, name in wanted if name not in disabled]
        self._regions = [region for region in every if region not in disabled]
        told = _Lists(
            regions=self._regions,
            disabled=[region for region in every if region in disabled],
            wanted=len(lists),
            untold=untold,
        )
        return Done([told], [self._page_of(kind, region, None) for kind, region in lists])

    def _region(self, name: str) -> Region:
        return self._account.region(name, self._tell)

    def _tell(self, event: str, **_details: object) -> None:
        self._progress.add(waits=event == "waiting")

    def _page_of(self, kind: Kind, region: Region, next: str | None) -> Job[_Told]:
        def read() -> Done[_Told]:
            try:
                where = kind.listing.service
                page = self._answered(where, region, lambda: kind.page(region, next))
            except CALL_ERRORS as error:
                return Done([_unlisted(region, kind, error), _Read(0, last=True)])
            told: list[_Told] = [_Read(page.listed, last=page.next is None)]
            more: list[Job[_Told]] = []
            for thing in page.things:
                if thing.region != region.name and (thing.region in self._regions or self._only):
                    # its own region's list has it too, or nobody asks for it
                    continue
                if thing.settings is None:
                    more.append(self._look_at(thing))
                else:
                    told.append(thing)
                    more += self._ownership_of(thing)
            if page.next is not None:
                more.append(self._page_of(kind, region, page.next))
            return Done(told, more)

        return read

    def _look_at(self, thing: Thing) -> Job[_Told]:
        def read() -> Done[_Told]:
            kind, region = thing.kind, self._region(thing.region)
            try:
                settings = self._answered(kind.service, region, lambda: kind.look(region, thing))
            except CALL_ERRORS as error:
                return Done([_unlisted(region, kind, error)])
            if settings is None:
                return Done()
            user = replace(thing, settings=settings)
            return Done([user], self._ownership_of(user))

        return read

    def _ownership_of(self, user: Thing) -> list[Job[_Told]]:
        """Return the work of finding out whose something is, where its tags do not say."""

        def read() -> Done[_Told]:
            region = self._region(user.region)
            try:
                stack = self._answered(
                    "cloudformation", region, lambda: stacks.stack_of(user, region)
                )
            except CALL_ERRORS as error:
                what = "the stacks of what uses roles"
                return Done([Failure(region.name, what, reason(error))])
            return Done() if stack is None else Done([replace(user, stack=stack)])

        return [] if user.stack is not None else [read]

    def _answered(self, service: str, region: Region, read: Callable[[], _Answer]) -> _Answer:
        """Read something, unless its service in that region has let somebody wait in vain."""
        silent = self._silent.get((service, region.name))
        if silent is None:
            try:
                return read()
            except CALL_ERRORS as error:
                # an answer that cannot be parsed is an answer: the next list may be read
                if isinstance(error, ResponseParserError) or (
                    isinstance(error, ClientError) and not busy(error)
                ):
                    raise
                silent = self._silent.setdefault((service, region.name), error)
        # or it would keep what every place has that it is raised in
        raise silent.with_traceback(None)


def _unlisted(region: Region, kind: Kind, error: Exception) -> Failure:
    return Failure(region.name, f"{kind.name}s", reason(error), kind=kind.name)


def _sorted_by_kind(users: Iterable[Thing]) -> dict[str, list[Thing]]:
    by_kind: dict[str, list[Thing]] = {}
    for user in sorted(users, key=lambda each: (each.region, each.name, each.arn)):
        by_kind.setdefault(user.kind.name, []).append(user)
    return by_kind
