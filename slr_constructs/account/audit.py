"""Read an account: its roles, their leases, and the resources that use them in every region.

Regions and pages are read concurrently. A list that cannot be read is reported as a failure, and
everything else is read. Resources that do not use a role are not kept, so memory grows only with
the number of usages.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from slr_constructs.account import stacks
from slr_constructs.account.access import CALL_ERRORS, AccountError, disabled_regions, reason
from slr_constructs.account.concurrency import Done, run_concurrently
from slr_constructs.account.iam_role import Lease, Role, read_role
from slr_constructs.account.usages import kinds_of, offered_regions
from slr_constructs.account.usages.kind import TargetResource
from slr_constructs.handler.slr_handler.aws import is_busy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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

    @property
    def group_key(self) -> tuple[str, str, str]:
        """The key by which similar failures are reported as one.

        The part of the reason after the first colon may name a single resource, so it is left out.
        """
        return self.region or "", self.resource, self.reason.partition(":")[0]


@dataclass(frozen=True, slots=True)
class RoleReport:
    """Everything that was read about a role."""

    definition: RoleDefinition
    #: None if the role does not exist or cannot be read.
    role: Role | None
    leases: Sequence[Lease]
    #: the resources that use the role, by region, kind and name.
    usages: Sequence[TargetResource]
    #: whether the role exists; None if it cannot be read.
    exists: bool | None
    #: whether every list of resources that can use the role was read.
    complete: bool

    @property
    def holders(self) -> list[Lease]:
        """The active leases."""
        return [lease for lease in self.leases if lease.is_active]

    @property
    def blocked(self) -> bool | None:
        """Whether a usage or a lease blocks the deletion; None if this is unknown."""
        if self.usages or self.holders:
            return True
        return False if self.complete and self.exists is not None else None


@dataclass(slots=True)
class Audit:
    """The result of reading an account."""

    account: str
    name: str = ""
    roles: list[RoleReport] = field(default_factory=list)
    #: regions that were read, completely or in part.
    regions: list[str] = field(default_factory=list)
    #: regions that are not enabled for the account. They are not read.
    disabled_regions: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    #: facts that are unknown, although the result is complete.
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything was read."""
        return not self.failures


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
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **more: int) -> None:
        """Add to counters. Safe to call from any thread."""
        with self._lock:
            for name, number in more.items():
                setattr(self, name, getattr(self, name) + number)


@dataclass(frozen=True, slots=True)
class _Lists:
    """The lists of resources to read."""

    regions: Sequence[str]
    disabled_regions: Sequence[str]
    count: int
    #: why the disabled regions are unknown.
    failure: str | None


@dataclass(frozen=True, slots=True)
class _Read:
    """The size of a page that was read."""

    targets: int
    last: bool


_Result = TypeVar("_Result")
_Events: TypeAlias = Role | Lease | TargetResource | Failure | _Lists | _Read


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

        definitions: The roles to read.

        regions: Read only these regions.
            Default: all regions in which the services are offered are read.

        at_once: The maximum number of concurrent calls.

        progress: Is updated during the audit.
            Default: progress is not reported.
    """
    progress = Progress() if progress is None else progress
    reading = _Reading(account, definitions, regions, progress)
    result = Audit(account.id, account.name)
    seen: dict[str, Role] = {}
    leases: list[Lease] = []
    usages: dict[tuple[str, str], TargetResource] = {}
    failures: dict[tuple[str, str, str], Failure] = {}
    for event in run_concurrently(reading.jobs(), at_once=at_once):
        match event:
            case Role():
                seen[event.definition.role_name] = event
            case Lease():
                leases.append(event)
            case TargetResource():
                # a resource that two lists return is one usage. A known stack is kept
                key = (event.kind.name, event.arn)
                progress.add(usages=key not in usages)
                if event.stack is not None or key not in usages:
                    usages[key] = event
            case Failure():
                progress.add(failures=event.group_key not in failures)
                first = failures.setdefault(event.group_key, event)
                failures[event.group_key] = min(first, event, key=lambda each: each.reason)
            case _Lists():
                result.regions = [*event.regions]
                result.disabled_regions = [*event.disabled_regions]
                if event.failure is not None:
                    result.notes.append(
                        "the list of enabled regions cannot be read, so every region is read, and a"
                        f" region that is not enabled is reported as a failure: {event.failure}"
                    )
                progress.add(lists=event.count)
            case _:
                progress.add(targets=event.targets, lists_read=event.last)
    result.failures = [failure for _, failure in sorted(failures.items())]
    by_kind = _sorted_by_kind(usages.values())
    for definition in definitions:
        name = definition.role_name
        role_leases = [lease for lease in leases if lease.role_name == name]
        report = _report(definition, seen.get(name), role_leases, by_kind, result.failures)
        result.roles.append(report)
    return result


def _report(
    definition: RoleDefinition,
    role: Role | None,
    leases: Iterable[Lease],
    by_kind: Mapping[str, list[TargetResource]],
    failures: Iterable[Failure],
) -> RoleReport:
    kinds = [kind.name for kind in kinds_of(definition)]
    failed = {each.role for each in failures} | {each.kind for each in failures}
    exists = None if definition.role_name in failed else role is not None
    # the role that replaces it has the same usages, and a role that does not exist has none
    replaced = exists is False and definition.superseded_by is not None
    return RoleReport(
        definition,
        role,
        sorted(leases, key=lambda lease: (lease.stack, lease.tag)),
        [] if replaced else [target for kind in kinds for target in by_kind.get(kind, ())],
        exists=exists,
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
    """Read several accounts concurrently, and yield each when it is read.

    Args:
        accounts: The id and name of each account, and a function that signs in to it.

        definitions: The roles to read.

        regions: Read only these regions.
            Default: all regions in which the services are offered are read.

        at_once: The maximum number of concurrent calls in all accounts together.

        accounts_at_once: The maximum number of accounts that are read at the same time.

        progress: Is updated during the audit, for all accounts together.
            Default: progress is not reported.
    """
    parallel = min(accounts_at_once, max(len(accounts), 1))

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
                        at_once=max(at_once // parallel, 1),
                        progress=progress,
                    )
                ]
            )

        return read

    yield from run_concurrently((job(*each) for each in accounts), at_once=parallel)


class _Reading:
    """The jobs that read one account."""

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
        #: by service and region: the error of a call without a response. Further calls fail at once
        #: instead of waiting for the timeout.
        self._unreachable: dict[tuple[str, str], Exception] = {}
        self._regions: list[str] = []

    def jobs(self) -> Iterator[Job[_Events]]:
        """Return the first jobs."""
        yield self._lists
        for definition in self._definitions:
            yield lambda definition=definition: self._role(definition)  # type: ignore[misc]

    def _role(self, definition: RoleDefinition) -> Done[_Events]:
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

    def _lease(self, lease: Lease) -> Done[_Events]:
        try:
            state = stacks.read_state(lease.stack, self._account)
        except CALL_ERRORS as error:
            # treated as an active lease
            resource = "the stacks that hold leases"
            return Done([lease, Failure(lease.region, resource, reason(error))])
        return Done([replace(lease, state=state)])

    def _lists(self) -> Done[_Events]:
        failure = None
        try:
            disabled = disabled_regions(self._account)
        except CALL_ERRORS as error:
            # calls in a disabled region fail, because it does not accept credentials
            disabled, failure = [], reason(error)
        wanted = dict.fromkeys(
            (kind, region)
            for definition in self._definitions
            for kind, regions in offered_regions(definition, self._account).items()
            for region in regions
            if not self._only or region in self._only
        )
        every = sorted({region for _, region in wanted})
        lists = [(kind, self._region(name)) for kind, name in wanted if name not in disabled]
        self._regions = [region for region in every if region not in disabled]
        event = _Lists(
            regions=self._regions,
            disabled_regions=[region for region in every if region in disabled],
            count=len(lists),
            failure=failure,
        )
        return Done([event], [self._page_job(kind, region, None) for kind, region in lists])

    def _region(self, name: str) -> Region:
        return self._account.region(name, self._report_event)

    def _report_event(self, event: str, **_details: object) -> None:
        self._progress.add(waits=event == "retry")

    def _page_job(self, kind: Kind, region: Region, next_token: str | None) -> Job[_Events]:
        def read() -> Done[_Events]:
            try:
                service = kind.listing.service
                page = self._call(service, region, lambda: kind.read_page(region, next_token))
            except CALL_ERRORS as error:
                return Done([_list_failure(region, kind, error), _Read(0, last=True)])
            events: list[_Events] = [_Read(page.item_count, last=page.next_token is None)]
            more: list[Job[_Events]] = []
            for target in page.targets:
                if target.region != region.name and (target.region in self._regions or self._only):
                    # the list of its own region has it too, or its region is not wanted
                    continue
                if target.settings is None:
                    more.append(self._settings_job(target))
                else:
                    events.append(target)
                    more += self._stack_jobs(target)
            if page.next_token is not None:
                more.append(self._page_job(kind, region, page.next_token))
            return Done(events, more)

        return read

    def _settings_job(self, target: TargetResource) -> Job[_Events]:
        def read() -> Done[_Events]:
            kind, region = target.kind, self._region(target.region)
            try:
                settings = self._call(
                    kind.service, region, lambda: kind.read_settings(region, target)
                )
            except CALL_ERRORS as error:
                return Done([_list_failure(region, kind, error)])
            if settings is None:
                return Done()
            usage = replace(target, settings=settings)
            return Done([usage], self._stack_jobs(usage))

        return read

    def _stack_jobs(self, usage: TargetResource) -> list[Job[_Events]]:
        """Return the job that finds the stack of a resource, if its tags do not name it."""

        def read() -> Done[_Events]:
            region = self._region(usage.region)
            try:
                stack = self._call(
                    "cloudformation", region, lambda: stacks.find_stack(usage, region)
                )
            except CALL_ERRORS as error:
                resource = "the stacks of role usages"
                return Done([Failure(region.name, resource, reason(error))])
            return Done() if stack is None else Done([replace(usage, stack=stack)])

        return [] if usage.stack is not None else [read]

    def _call(self, service: str, region: Region, read: Callable[[], _Result]) -> _Result:
        """Call `read`, unless an earlier call to the service in this region got no response."""
        unreachable = self._unreachable.get((service, region.name))
        if unreachable is None:
            try:
                return read()
            except CALL_ERRORS as error:
                # a response that cannot be parsed is a response: the next list may be readable
                if isinstance(error, ResponseParserError) or (
                    isinstance(error, ClientError) and not is_busy(error)
                ):
                    raise
                unreachable = self._unreachable.setdefault((service, region.name), error)
        # without this, the traceback grows with every place that raises the error
        raise unreachable.with_traceback(None)


def _list_failure(region: Region, kind: Kind, error: Exception) -> Failure:
    return Failure(region.name, f"{kind.name}s", reason(error), kind=kind.name)


def _sorted_by_kind(usages: Iterable[TargetResource]) -> dict[str, list[TargetResource]]:
    by_kind: dict[str, list[TargetResource]] = {}
    for usage in sorted(usages, key=lambda each: (each.region, each.name, each.arn)):
        by_kind.setdefault(usage.kind.name, []).append(usage)
    return by_kind
