"""Read an account: its roles, their leases, and the resources that use them in every region.

Regions and pages are read concurrently. A list that cannot be read is reported as a failure, and
everything else is read. Resources that do not use a role are not kept, so memory grows only with
the number of usages.
"""

from __future__ import annotations

import threading
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from slr_constructs.account import stacks
from slr_constructs.account.access import (
    CALL_ERRORS,
    AccountError,
    SignInAgainError,
    disabled_regions,
    reason,
    refuse_expired,
)
from slr_constructs.account.concurrency import Done, run_concurrently
from slr_constructs.account.iam_role import Lease, Role, list_roles, read_role
from slr_constructs.account.usages import kinds_of, offered_regions
from slr_constructs.account.usages.kind import Mark, TargetResource
from slr_constructs.handler.slr_handler.aws import code, is_busy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from slr_constructs.account.access import Account, Region
    from slr_constructs.account.concurrency import Job
    from slr_constructs.account.usages.kind import Kind
    from slr_constructs.catalogue import RoleDefinition


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that cannot be read, and the reason."""

    #: the region; None for a global service.
    region: str | None
    #: "MediaTailor channels", "the role AWSServiceRoleForX", ...
    resource: str
    reason: str
    #: the name of the role, or of the kind of resource, that is incomplete because of the failure.
    role: str = ""
    kind: str = ""
    #: the error code. The rest of the reason may name a single resource, account or region.
    code: str = ""

    @property
    def group_key(self) -> tuple[str, str, str]:
        """The key by which similar failures in a region are reported as one."""
        return self.region or "", self.resource, self.code


@dataclass(frozen=True, slots=True)
class RoleReport:
    """Everything that was read about a role."""

    definition: RoleDefinition
    #: None if the role does not exist or cannot be read.
    role: Role | None
    leases: Sequence[Lease]
    #: the resources that use the role, by region, kind and name.
    usages: Sequence[TargetResource]
    #: the marks of stacks on resources that can use the role.
    marks: Sequence[Mark]
    #: whether the role exists; None if it cannot be read.
    exists: bool | None
    #: whether every list of resources that can use the role was read, in the wanted regions.
    complete: bool
    #: whether all regions were wanted.
    all_regions: bool = True

    @property
    def holders(self) -> list[Lease]:
        """The active leases."""
        return [lease for lease in self.leases if lease.is_active]

    @property
    def knows_usages(self) -> bool:
        """Whether the catalogue has resource types that use the role."""
        return bool(kinds_of(self.definition))

    @property
    def blocked(self) -> bool | None:
        """Whether a usage or a lease blocks the deletion; None if this is unknown."""
        if self.usages or self.holders:
            return True
        known = self.knows_usages and self.complete and self.exists is not None
        return False if known else None

    @property
    def used_by_unknown(self) -> bool | None:
        """Whether the role was used recently, and no usage explains it.

        None if a usage that was not read may explain it.
        """
        if self.role is None or not self.role.was_used_recently or self.usages:
            return False
        return True if self.complete and self.all_regions else None


@dataclass(slots=True)
class Audit:
    """The result of reading an account."""

    account: str
    name: str = ""
    roles: list[RoleReport] = field(default_factory=list)
    #: lists that were read, completely or in part: each is of a kind in a region.
    lists: Sequence[tuple[Kind, str]] = ()
    #: regions that are not enabled for the account. They are not read.
    disabled_regions: Sequence[str] = ()
    failures: list[Failure] = field(default_factory=list)
    #: facts that are unknown, although the result is complete.
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything was read."""
        return not self.failures

    @property
    def regions(self) -> list[str]:
        """The regions that were read, completely or in part."""
        return sorted({region for _, region in self.lists})

    def regions_of(self, definition: RoleDefinition) -> list[str]:
        """Return the regions that were read for a role."""
        kinds = kinds_of(definition)
        return sorted({region for kind, region in self.lists if kind in kinds})


@dataclass(slots=True)
class Progress:
    """The progress of an audit."""

    #: lists of resources. Each list is in one region.
    lists: int = 0
    lists_read: int = 0
    targets: int = 0
    usages: int = 0
    failures: int = 0
    #: calls that a service throttled, so that they waited.
    waits: int = 0
    #: by account id: what was found so far.
    found: dict[str, Found] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **more: int) -> None:
        """Add to counters. Safe to call from any thread."""
        with self._lock:
            for name, number in more.items():
                setattr(self, name, getattr(self, name) + number)


@dataclass(frozen=True, slots=True)
class _Lists:
    """The lists of resources to read, by kind and region."""

    lists: Sequence[tuple[Kind, str]]
    #: whether they are those of all regions.
    all_regions: bool
    disabled_regions: Sequence[str]
    #: why the disabled regions are unknown.
    failure: str | None


@dataclass(frozen=True, slots=True)
class _Read:
    """The size of a page that was read."""

    targets: int
    last: bool


_Result = TypeVar("_Result")
_Event: TypeAlias = Role | Lease | Mark | TargetResource | Failure | _Lists | _Read


def audit(
    account: Account,
    definitions: Sequence[RoleDefinition],
    *,
    other_roles: bool = False,
    regions: Sequence[str] = (),
    at_once: int = 32,
    progress: Progress | None = None,
) -> Audit:
    """Read an account.

    Args:
        account: The account.

        definitions: The roles to read.

        other_roles: Whether to read all other roles that slr-constructs created or has tags on.
            Default: they are not read.

        regions: Read only these regions.
            Default: all regions in which the services are offered are read.

        at_once: The maximum number of concurrent calls.

        progress: Is updated during the audit.
            Default: progress is not reported.

    Raises:
        SignInAgainError: The credentials have expired.
    """
    progress = Progress() if progress is None else progress
    reading = _Reading(account, definitions, regions, progress, other_roles=other_roles)
    found = progress.found[account.id] = Found(account.id, account.name, definitions)
    for event in run_concurrently(reading.jobs(), at_once=at_once):
        found.add(event, progress)
    return found.audit()


@dataclass(slots=True)
class Found:
    """What was found in an account so far. Safe to use from any thread."""

    account: str
    name: str
    definitions: Sequence[RoleDefinition] = ()
    _roles: dict[str, Role] = field(default_factory=dict)
    #: roles that were found in the account, in addition to those that were asked for.
    _others: list[RoleDefinition] = field(default_factory=list)
    _tags: list[Lease | Mark] = field(default_factory=list)
    _usages: dict[tuple[str, str], TargetResource] = field(default_factory=dict)
    _failures: dict[tuple[str, str, str], Failure] = field(default_factory=dict)
    _lists: _Lists | None = None
    _result: Audit | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, event: _Event, progress: Progress) -> None:
        """Add what a job has found."""
        with self._lock:
            match event:
                case Role():
                    if event.definition not in self.definitions:
                        self._others.append(event.definition)
                    self._roles[event.definition.role_name] = event
                case Lease() | Mark():
                    self._tags.append(event)
                case TargetResource():
                    # a resource that two lists return is one usage. A known stack is kept
                    key = (event.kind.name, event.arn)
                    progress.add(usages=key not in self._usages)
                    if event.stack is not None or key not in self._usages:
                        self._usages[key] = event
                case Failure():
                    progress.add(failures=event.group_key not in self._failures)
                    first = self._failures.setdefault(event.group_key, event)
                    self._failures[event.group_key] = min(
                        first, event, key=lambda each: each.reason
                    )
                case _Lists():
                    self._lists = event
                    progress.add(lists=len(event.lists))
                case _:
                    progress.add(targets=event.targets, lists_read=event.last)

    def audit(self, stopped: str = "") -> Audit:
        """Return the result.

        Args:
            stopped: Why the audit of the account ends before everything was read.
                Default: everything was read, except what failed.
        """
        with self._lock:
            if self._result is not None:
                return self._result
            failures = [failure for _, failure in sorted(self._failures.items())]
            if stopped:
                failures.append(Failure(None, "the rest of the account", stopped))
            self._result = result = Audit(self.account, self.name, failures=failures)
            if self._lists is not None:
                result.lists = self._lists.lists
                result.disabled_regions = self._lists.disabled_regions
                if self._lists.failure is not None:
                    result.notes.append(
                        "the list of enabled regions cannot be read, so every region is read, and"
                        " a region that is not enabled is reported as a failure:"
                        f" {self._lists.failure}"
                    )
            result.roles = [
                _report(
                    each,
                    self._roles.get(each.role_name),
                    self._tags,
                    self._usages.values(),
                    failures,
                    stopped=bool(stopped),
                    all_regions=self._lists is None or self._lists.all_regions,
                )
                for each in (
                    *self.definitions,
                    *sorted(self._others, key=lambda each: each.role_name),
                )
            ]
            return result


def _report(
    definition: RoleDefinition,
    role: Role | None,
    tags: Sequence[Lease | Mark],
    usages: Iterable[TargetResource],
    failures: Iterable[Failure],
    *,
    stopped: bool,
    all_regions: bool,
) -> RoleReport:
    kinds = kinds_of(definition)
    failed = {each.role for each in failures} | {each.kind for each in failures}
    unknown = definition.role_name in failed or (stopped and role is None)
    exists = None if unknown else role is not None
    # the role that replaces it has the same usages, and a role that does not exist has none
    replaced = exists is False and definition.superseded_by is not None
    return RoleReport(
        definition,
        role,
        sorted(
            (
                each
                for each in tags
                if isinstance(each, Lease) and each.role_name == definition.role_name
            ),
            key=lambda lease: (lease.stack, lease.tag),
        ),
        sorted(
            (target for target in usages if target.kind in kinds and not replaced),
            key=lambda each: (kinds.index(each.kind), each.region, each.name, each.arn),
        ),
        sorted(
            (
                each
                for each in tags
                if isinstance(each, Mark) and each.target.kind in kinds and not replaced
            ),
            key=lambda each: (each.target.region, each.target.arn, each.stack, each.tags),
        ),
        exists=exists,
        complete=not stopped and failed.isdisjoint(kind.name for kind in kinds),
        all_regions=all_regions,
    )


def audit_all(
    accounts: Sequence[tuple[str, str, Callable[[], Account]]],
    definitions: Sequence[RoleDefinition],
    *,
    other_roles: bool = False,
    regions: Sequence[str] = (),
    at_once: int = 32,
    accounts_at_once: int = 4,
    progress: Progress | None = None,
) -> Iterator[Audit]:
    """Read several accounts concurrently, and yield each when it is read.

    Args:
        accounts: The id and name of each account, and a function that signs in to it.

        definitions: The roles to read.

        other_roles: As for `audit`.

        regions: Read only these regions.
            Default: all regions in which the services are offered are read.

        at_once: The maximum number of concurrent calls in all accounts together.

        accounts_at_once: The maximum number of accounts that are read at the same time.

        progress: Is updated during the audit, for all accounts together.
            Default: progress is not reported.

    Raises:
        SignInAgainError: The credentials have expired.
    """
    progress = Progress() if progress is None else progress
    parallel = min(accounts_at_once, max(len(accounts), 1))

    def read(id: str, name: str, enter: Callable[[], Account]) -> Done[Audit]:
        try:
            account = enter()
        except SignInAgainError:
            raise
        except AccountError as error:
            found = progress.found[id] = Found(id, name)
            found.add(Failure(None, "the account", str(error), code=error.code), progress)
            return Done([found.audit()])
        account.name = name
        share = max(at_once // parallel, 1)
        return Done(
            [
                audit(
                    account,
                    definitions,
                    other_roles=other_roles,
                    regions=regions,
                    at_once=share,
                    progress=progress,
                )
            ]
        )

    yield from run_concurrently((partial(read, *each) for each in accounts), at_once=parallel)


def role_jobs(
    account: Account, definitions: Sequence[RoleDefinition], *, other_roles: bool
) -> list[Job[_Event]]:
    """Return the first jobs to read roles, and the other roles of slr-constructs if wanted."""
    jobs: list[Job[_Event]] = [partial(_read_role, account, each) for each in definitions]
    return [*jobs, partial(_find_other_roles, account, definitions)] if other_roles else jobs


def _find_other_roles(account: Account, known: Sequence[RoleDefinition]) -> Done[_Event]:
    """List the service-linked roles, and read those that are not known yet. This is a job."""
    try:
        found = list_roles(account)
    except CALL_ERRORS as error:
        return Done([_failure(None, "the other service-linked roles", error)])
    others = [each for each in found if each not in known]
    return Done([], [partial(_read_role, account, each, only_managed=True) for each in others])


def _read_role(
    account: Account, definition: RoleDefinition, *, only_managed: bool = False
) -> Done[_Event]:
    """Read a role, and then the state of each stack that has a lease on it. This is a job."""
    name = definition.role_name
    try:
        role = read_role(account, definition, only_managed=only_managed)
    except CALL_ERRORS as error:
        return Done([_failure(None, f"the role {name}", error, role=name)])
    except AccountError as error:
        return Done([Failure(None, f"the role {name}", str(error), role=name)])
    if role is None:
        return Done()
    return Done([role], [partial(_read_state, account, lease) for lease in role.leases()])


def _read_state(account: Account, tag: Lease | Mark) -> Done[_Event]:
    try:
        state = stacks.read_state(tag.stack, account)
    except CALL_ERRORS as error:
        # treated as an existing stack
        return Done([tag, _failure(tag.region, f"the stacks with {tag.noun}s", error)])
    return Done([replace(tag, state=state)])


@dataclass(slots=True)
class _Reading:
    """The jobs that read one account."""

    account: Account
    definitions: Sequence[RoleDefinition]
    #: read only these regions. Default when empty: all regions.
    only: Sequence[str]
    progress: Progress
    _: KW_ONLY
    #: whether to read all other roles of slr-constructs.
    other_roles: bool
    #: the regions to read.
    regions: list[str] = field(default_factory=list)
    #: by service and region: the error of a call without a response. Further calls fail at once
    #: instead of waiting for the timeout.
    unreachable: dict[tuple[str, str], Exception] = field(default_factory=dict)

    def jobs(self) -> list[Job[_Event]]:
        """Return the first jobs."""
        roles = role_jobs(self.account, self.definitions, other_roles=self.other_roles)
        # without kinds of resources, no region is read
        return [self._lists, *roles] if any(map(kinds_of, self.definitions)) else roles

    def _lists(self) -> Done[_Event]:
        failure = None
        try:
            disabled = disabled_regions(self.account)
        except CALL_ERRORS as error:
            refuse_expired(error)
            # calls in a disabled region fail, because it does not accept credentials
            disabled, failure = [], reason(error)
        wanted = dict.fromkeys(
            (kind, region)
            for definition in self.definitions
            for kind, regions in offered_regions(definition, self.account).items()
            for region in regions
            if not self.only or region in self.only
        )
        every = sorted({region for _, region in wanted})
        self.regions = [region for region in every if region not in disabled]
        event = _Lists(
            lists=[each for each in wanted if each[1] in self.regions],
            all_regions=not self.only,
            disabled_regions=[region for region in every if region in disabled],
            failure=failure,
        )
        pages = [partial(self._page, kind, self._region(name), None) for kind, name in event.lists]
        return Done([event], pages)

    def _region(self, name: str) -> Region:
        return self.account.region(name, self._report_event)

    def _report_event(self, event: str, **_details: object) -> None:
        self.progress.add(waits=event == "retry")

    def _page(self, kind: Kind, region: Region, next_token: str | None) -> Done[_Event]:
        try:
            page = self._call(kind.list_service, region, lambda: kind.read_page(region, next_token))
        except CALL_ERRORS as error:
            return Done([_list_failure(region, kind, error), _Read(0, last=True)])
        events: list[_Event] = [_Read(page.item_count, last=page.next_token is None)]
        more: list[Job[_Event]] = [
            partial(_read_state, self.account, mark)
            for mark in page.marks
            if mark.target.region == region.name
        ]
        for target in page.targets:
            if target.region != region.name and (target.region in self.regions or self.only):
                # the list of its own region has it too, or its region is not wanted
                continue
            if target.settings is None:
                more.append(partial(self._settings, target))
            else:
                events.append(target)
                more += self._stack_jobs(target)
        if page.next_token is not None:
            more.append(partial(self._page, kind, region, page.next_token))
        return Done(events, more)

    def _settings(self, target: TargetResource) -> Done[_Event]:
        kind, region = target.kind, self._region(target.region)
        try:
            usage = self._call(kind.service, region, lambda: kind.read_usage(region, target))
        except CALL_ERRORS as error:
            return Done([_list_failure(region, kind, error)])
        # the list has no tags either
        marks = [partial(self._marks, target)] * len(kind.tag_lists)
        return (
            Done([], marks) if usage is None else Done([usage], [*marks, *self._stack_jobs(usage)])
        )

    def _marks(self, target: TargetResource) -> Done[_Event]:
        kind, region = target.kind, self._region(target.region)
        service = kind.tag_lists[0].partition(":")[0]
        try:
            marks = self._call(service, region, lambda: kind.read_marks(region, target))
        except CALL_ERRORS as error:
            return Done([_failure(region.name, f"the marks on {kind.name}s", error)])
        return Done([], [partial(_read_state, self.account, mark) for mark in marks])

    def _stack_jobs(self, usage: TargetResource) -> list[Job[_Event]]:
        """Return the job that finds the stack of a resource, if its tags do not name it."""
        return [] if usage.stack is not None else [partial(self._stack, usage)]

    def _stack(self, usage: TargetResource) -> Done[_Event]:
        region = self._region(usage.region)
        try:
            stack = self._call("cloudformation", region, lambda: stacks.find_stack(usage, region))
        except CALL_ERRORS as error:
            return Done([_failure(region.name, "the stacks of role usages", error)])
        return Done() if stack is None else Done([replace(usage, stack=stack)])

    def _call(self, service: str, region: Region, read: Callable[[], _Result]) -> _Result:
        """Call `read`, unless an earlier call to the service in this region got no response."""
        unreachable = self.unreachable.get((service, region.name))
        if unreachable is None:
            try:
                return read()
            except CALL_ERRORS as error:
                # a response that cannot be parsed is a response: the next list may be readable
                if isinstance(error, ResponseParserError) or (
                    isinstance(error, ClientError) and not is_busy(error)
                ):
                    raise
                unreachable = self.unreachable.setdefault((service, region.name), error)
        # without this, the traceback grows with every place that raises the error
        raise unreachable.with_traceback(None)


def _list_failure(region: Region, kind: Kind, error: Exception) -> Failure:
    return _failure(region.name, f"{kind.name}s", error, kind=kind.name)


def _failure(
    region: str | None, resource: str, error: Exception, *, role: str = "", kind: str = ""
) -> Failure:
    """Return the failure of a call.

    Raises:
        SignInAgainError: The credentials have expired, so all further calls fail too.
    """
    refuse_expired(error)
    return Failure(region, resource, reason(error), role=role, kind=kind, code=code(error))
