"""The audit of an account: each usage of a role once, and a failure for what cannot be read."""

from __future__ import annotations

import functools
import gc
import threading
import tracemalloc
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from slr_constructs import catalogue
from slr_constructs.account import audit as audits
from slr_constructs.account import usages
from slr_constructs.account.access import Account, AccountError
from slr_constructs.account.audit import (
    Audit,
    Failure,
    Progress,
    audit,
    audit_all,
)
from slr_constructs.account.iam_role import Lease
from slr_constructs.account.leases import drop_orphaned_mark, read_marks
from slr_constructs.account.stacks import StackState
from slr_constructs.account.usages.kind import TargetResource
from slr_constructs.catalogue import with_superseded_roles
from slr_constructs.catalogue.resource_type import action_of
from slr_constructs.handler.slr_handler.marks import MARK_TAG
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG
from tests.account import specimens
from tests.account.conftest import ACCOUNT
from tests.account.specimens import REGION
from tests.fake_services import features
from tests.fake_services.seeded import seeded
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slr_constructs.account.audit import RoleReport
    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.wire import Response
    from tests.fake_services.world import World

ROLES = with_superseded_roles(catalogue.ALL)
#: all kinds are offered in both regions.
OTHER_REGION = "eu-central-1"
REGIONS = (REGION, OTHER_REGION)
KINDS = tuple(usages.KINDS)

#: the throttling error of each service.
_BUSY = {
    **dict.fromkeys(
        ("chime-sdk-voice", "chime-sdk-identity", "chime-sdk-messaging"),
        ("ThrottledClientException", 429),
    ),
    "ivs": ("ThrottlingException", 429),
    **dict.fromkeys(
        ("mediatailor", "mediapackage", "mediapackage-vod"), ("TooManyRequestsException", 429)
    ),
    **dict.fromkeys(("iam", "cloudformation"), ("Throttling", 400)),
    "account": ("TooManyRequestsException", 429),
}
#: every call of an audit, and what cannot be read without it.
_NEEDED_FOR = {
    action_of(operation): (f"{each.name}s",)
    for each in catalogue.RESOURCE_TYPES
    for operation in (
        each.calls.list.operation,
        *(() if each.calls.list.has_settings else (each.calls.describe,)),
    )
} | {"cloudformation:DescribeStackResources": ("the stacks of role usages",)}
#: one call that lists, one that reads a resource, and one that finds a stack.
_ONE_OF_EACH_KIND = (
    "chime:GetVoiceConnectorStreamingConfiguration",
    "mediatailor:ListPlaybackConfigurations",
    "cloudformation:DescribeStackResources",
)
_OF_ROLES = ("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies")
_FOR_MARKS = "chime:ListTagsForResource"
#: without these calls the result has fewer facts, but it is complete.
_NOT_NEEDED = ("cloudformation:DescribeStacks", "account:ListRegions")


@pytest.fixture
def full(world: World) -> World:
    """Add a resource of each kind to one region, enabled and disabled, and some stacks."""
    account = world.account(ACCOUNT)
    specimens.add_roles(world)
    there = account.add_stack("there", REGION)
    deleted = account.add_stack("deleted", REGION, status="DELETE_COMPLETE")
    account.roles[catalogue.MEDIATAILOR.role_name].tags = {
        f"{LEASE_TAG}a": there,
        f"{LEASE_TAG}b": deleted,
    }
    _fill(world, REGION)
    return world


@pytest.fixture
def two_regions(full: World) -> World:
    """Add the same resources to a second region."""
    _fill(full, OTHER_REGION)
    return full


def _fill(world: World, region: str) -> None:
    for specimen in specimens.ALL:
        specimen.add(world, 1, region=region)
        specimen.add(world, 2, on=False, region=region)


def _audit(regions: Sequence[str] = (REGION,), **more: Any) -> Audit:  # noqa: ANN401 - as audit's
    return audit(specimens.signed_in(), ROLES, regions=regions, at_once=4, **more)


def _users(read: Audit) -> list[tuple[str, str]]:
    """Return the region and ARN of each usage. A usage that was found twice is here twice."""
    return sorted(
        (usage.region, usage.arn)
        for report in read.roles
        if report.definition.superseded_by is None
        for usage in report.usages
    )


def _expected(world: World) -> list[tuple[str, str]]:
    """Return the same from the fake services. A recorded channel counts, too."""
    used = [
        (region, arn)
        for definition in catalogue.ALL
        for region, arns in world.features.uses(ACCOUNT, definition.role_name).items()
        for arn in arns
    ]
    recorded = [
        (target.region, target.arn)
        for target in world.features._targets.values()
        if target.kind is features.IVS_CHANNEL and target.data["recordingConfigurationArn"]
    ]
    return sorted(used + recorded)


def _slowly(_call: Call) -> None:
    """Yield the interpreter, so that other threads can call."""
    threading.Event().wait(0.001)


def _report(read: Audit, definition: RoleDefinition) -> RoleReport:
    (found,) = (each for each in read.roles if each.definition is definition)
    return found


def _where(failures: Sequence[Failure]) -> list[tuple[str | None, str]]:
    return [(each.region, each.resource) for each in failures]


# results


def test_finds_all_usages_and_leases(two_regions: World) -> None:
    """Each role with its leases and usages, in order."""
    read = _audit(REGIONS)

    assert read.complete
    assert (read.account, read.regions, read.disabled_regions) == (ACCOUNT, sorted(REGIONS), [])
    assert [report.definition for report in read.roles] == ROLES
    assert _users(read) == _expected(two_regions)
    mediatailor = _report(read, catalogue.MEDIATAILOR)
    assert mediatailor.role is not None
    assert [(lease.stack_name, lease.state) for lease in mediatailor.leases] == sorted(
        [("there", StackState.EXISTS), ("deleted", StackState.DELETED)],
        key=lambda each: {lease.stack_name: lease.stack for lease in mediatailor.leases}[each[0]],
    )
    assert [(usage.kind.name, usage.region) for usage in mediatailor.usages] == [
        (name, region)
        for name in ("playback configuration", "MediaTailor channel")
        for region in sorted(REGIONS)
    ]


def test_an_empty_account_is_complete(world: World) -> None:
    """No role, no usage, and nothing blocks a deletion."""
    read = _audit()

    assert read.complete
    assert all(report.role is None and not report.blocked for report in read.roles)
    assert world.calls


def test_the_settings_are_the_current_ones(full: World) -> None:
    """From a list or from a second call."""
    read = _audit()

    seen = {usage.kind.name: usage.settings for report in read.roles for usage in report.usages}
    for specimen in specimens.ALL:
        if specimen is specimens.RECORDING_CONFIGURATION:
            # the list has only a part of the settings, so a second call must follow
            assert (seen[specimen.name] or {}).items() < specimen.settings.items()
        else:
            assert seen[specimen.name] == specimen.settings
    assert full.calls


@pytest.mark.parametrize(
    ("state", "uses_it", "blocked"),
    [
        (StackState.EXISTS, False, True),
        (StackState.UNKNOWN, False, True),
        (StackState.DELETED, False, False),
        (StackState.DELETED, True, True),
    ],
)
def test_usages_and_active_leases_block_a_role(
    state: StackState, *, uses_it: bool, blocked: bool
) -> None:
    """The lease of a deleted stack does not."""
    lease = Lease("", "", "", state)
    usage = TargetResource(specimens.LIVE_CHANNEL.kind, "", "", "", "")

    report = audits.RoleReport(
        catalogue.MEDIAPACKAGE, None, [lease], [usage] * uses_it, [], exists=True, complete=True
    )

    assert report.blocked is blocked


def test_a_full_account_is_read_completely_and_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5,000 resources of all kinds in more than 20 regions, with usages at any position."""
    _put(world, seeded(5000, 250), monkeypatch)
    world.calls.clear()
    progress = Progress()

    read = audit(specimens.signed_in(), ROLES, at_once=8, progress=progress)

    assert read.complete
    assert len(read.regions) >= 20
    expected = _expected(world)
    assert len(expected) == 250
    assert _users(read) == expected
    assert (progress.targets, progress.usages, progress.failures) == (5000, 250, 0)
    assert progress.lists == progress.lists_read > 100
    assert progress.waits == 0
    # a call for each page, two more for settings and tags that are not listed, and up to two for
    # the stack
    assert len(world.calls) < 200 + 2 * 1250 + 2 * 250
    # the stack is known from the tags, or else from CloudFormation
    named = {
        (stack.id, stack.region, resource_type, physical_id)
        for stack in world.account(ACCOUNT).stacks.values()
        for _, resource_type, physical_id in stack.resources
    }
    owned = [usage for report in read.roles for usage in report.usages if usage.stack is not None]
    assert len(owned) > 60
    for usage in owned:
        called = usage.kind.physical_ids(usage)[0]
        assert (usage.stack, usage.region, usage.kind.resource_types[0], called) in named


def _put(world: World, other: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy everything from another world."""
    for name in ("accounts", "features", "_operations"):
        monkeypatch.setattr(world, name, getattr(other, name))


@pytest.mark.parametrize("at_once", [1, 3])
def test_at_once_limits_the_concurrent_calls(at_once: int, full: World) -> None:
    """With any number of resources."""
    full.on_call = _slowly

    read = audit(specimens.signed_in(), ROLES, regions=[REGION], at_once=at_once)

    assert _users(read) == _expected(full)
    assert full.most_at_once == at_once


def test_memory_does_not_grow_with_resources_that_do_not_use_a_role(world: World) -> None:
    """Ten times as many disabled resources do not need more memory."""
    specimens.add_roles(world)
    # the memory of the fake does not count
    world.on_call = lambda _call: world.calls.clear()
    account = specimens.signed_in()
    audit(account, ROLES, regions=[REGION], at_once=1)
    number = 0

    def peak(unused: int) -> int:
        nonlocal number
        while number < unused:
            number += 1
            specimens.PLAYBACK_CONFIGURATION.add(world, number, on=False)
            if number % 200 == 0:
                specimens.VOICE_CONNECTOR.add(world, number, on=False)
        gc.collect()
        tracemalloc.start()
        progress = Progress()
        audit(account, ROLES, regions=[REGION], at_once=1, progress=progress)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert progress.targets == unused + unused // 200
        return most

    few, many = peak(1000), peak(10000)

    # garbage that Python has not collected yet is accepted, ten times as much is not
    assert many < 3 * few


def test_resources_that_do_not_use_a_role_are_not_kept(world: World) -> None:
    """At most one page of resources that are being read, and none at the end."""
    before = {*threading.enumerate()}
    # threads of earlier tests may keep some; this list keeps them until the end, so that a thread
    # that ends meanwhile does not change the number
    of_others = _targets()
    specimens.add_roles(world)
    for number in range(100):
        specimens.VOICE_CONNECTOR.add(world, number, on=number == 0)
    world.page_size = 20
    kept: list[int] = []

    def on_call(call: Call) -> None:
        if call.operation == "ListVoiceConnectors":
            kept.append(len(_targets()) - len(of_others))

    world.on_call = on_call

    read = audit(specimens.signed_in(), ROLES, regions=[REGION], at_once=1)
    # a thread keeps its last job until it ends
    for thread in {*threading.enumerate()} - before:
        thread.join(10)

    assert len(kept) == 5
    assert max(kept) < 50
    assert len(_users(read)) == len(_targets()) - len(of_others) == 1


def _targets() -> list[TargetResource]:
    gc.collect()
    # a proxy object of another library may raise when its class is read
    return [each for each in gc.get_objects() if type(each) is TargetResource]


# regions


def test_reads_only_the_requested_regions(two_regions: World) -> None:
    """And all roles, which have no region."""
    read = _audit(["eu-central-1"])

    assert read.regions == ["eu-central-1"]
    assert _users(read) == [each for each in _expected(two_regions) if each[0] == "eu-central-1"]
    assert sum(report.role is not None for report in read.roles) == len(catalogue.ALL) - 1
    elsewhere = {call.service for call in two_regions.calls if call.region != "eu-central-1"}
    # IAM and Account Management are global, and a lease may be of a stack in any region
    assert elsewhere <= {"iam", "account", "cloudformation"}


@pytest.mark.usefixtures("full")
def test_a_region_without_the_services_is_not_read() -> None:
    """It is not in the list of regions."""
    read = _audit(["mars-north-1", REGION])

    assert read.regions == [REGION]
    assert read.complete


def test_reads_all_regions_of_the_services(world: World) -> None:
    """No others."""
    account = specimens.signed_in()

    read = audit(account, ROLES, at_once=8)

    kinds = usages.KINDS.values()
    assert read.regions == sorted(
        {each for kind in kinds for each in account.regions(kind.service)}
    )
    lists = [
        (call.service, call.operation, call.region)
        for call in world.calls
        if call.service not in {"iam", "account"}
    ]
    assert len(lists) == len({*lists}) == sum(len(account.regions(each.service)) for each in kinds)


def test_a_disabled_region_is_reported_and_not_read(two_regions: World) -> None:
    """It is not a failure."""
    two_regions.account(ACCOUNT).disabled_regions.add("eu-central-1")

    read = _audit(REGIONS)

    assert read.complete
    assert (read.regions, read.disabled_regions) == ([REGION], ["eu-central-1"])
    assert _users(read) == [each for each in _expected(two_regions) if each[0] == REGION]
    assert not [call for call in two_regions.calls if call.region == "eu-central-1"]


@pytest.mark.parametrize(
    "error",
    [
        Refused("AccessDeniedException", "you may not", 403),
        EndpointConnectionError(endpoint_url="https://account.us-east-1.amazonaws.com/"),
    ],
    ids=["denied", "silent"],
)
def test_an_unknown_disabled_region_is_a_failure(error: Exception, two_regions: World) -> None:
    """It refuses credentials, so every list fails. Everything else is read."""
    two_regions.account(ACCOUNT).disabled_regions.add("eu-central-1")

    def on_call(call: Call) -> None:
        if call.service == "account":
            raise error

    two_regions.on_call = on_call

    read = _audit(REGIONS)

    assert (read.regions, read.disabled_regions) == (sorted(REGIONS), [])
    assert _users(read) == [each for each in _expected(two_regions) if each[0] == REGION]
    assert _where(read.failures) == sorted(("eu-central-1", f"{each}s") for each in KINDS)
    assert {each.reason.partition(":")[0] for each in read.failures} == {
        "UnrecognizedClientException"
    }


# busy services


def test_a_busy_service_is_retried(two_regions: World, waits: list[float]) -> None:
    """Each call is throttled three times, and everything is read."""
    before = _audit(REGIONS)
    refused: Counter[str] = Counter()
    lock = threading.Lock()

    def on_call(call: Call) -> None:
        key = repr((call.service, call.operation, call.region, sorted(call.parameters.items())))
        with lock:
            refused[key] += 1
            if refused[key] > 3:
                return
        code, status = _BUSY[call.service]
        raise Refused(code, "Rate exceeded", status)

    two_regions.on_call = on_call
    progress = Progress()

    read = _audit(REGIONS, progress=progress)

    assert read == before
    assert read.complete
    # the same physical id is requested several times
    assert all(number > 3 for number in refused.values())
    # some of the three attempts are those of botocore
    assert progress.waits >= len(refused)
    assert waits


def test_only_a_region_that_stays_busy_fails(two_regions: World) -> None:
    """After two minutes each. Everything else is read."""

    def on_call(call: Call) -> None:
        if call.region == "eu-central-1" and call.service != "cloudformation":
            code, status = _BUSY[call.service]
            raise Refused(code, "Rate exceeded", status)

    two_regions.on_call = on_call

    read = _audit(REGIONS)

    assert _users(read) == [each for each in _expected(two_regions) if each[0] == REGION]
    assert _where(read.failures) == sorted(("eu-central-1", f"{each}s") for each in KINDS)
    assert {each.reason.partition(": ")[2] for each in read.failures} == {"Rate exceeded"}


# regions and services without responses

_SILENCES = {
    "read-timeout": lambda: ReadTimeoutError(endpoint_url="https://a/1"),
    "connect-timeout": lambda: ConnectTimeoutError(endpoint_url="https://a/1"),
    "unreachable": lambda: EndpointConnectionError(endpoint_url="https://a/1"),
}


@pytest.mark.parametrize("silence", _SILENCES.values(), ids=_SILENCES)
def test_only_a_region_without_responses_fails(
    silence: Callable[[], Exception], two_regions: World
) -> None:
    """Everything else is read."""
    silent: list[str] = []

    def on_call(call: Call) -> None:
        if call.region == "eu-central-1":
            silent.append(call.service)
            raise silence()

    two_regions.on_call = on_call

    read = _audit(REGIONS)

    assert _users(read) == [each for each in _expected(two_regions) if each[0] == REGION]
    assert _where(read.failures) == sorted(("eu-central-1", f"{each}s") for each in KINDS)
    # each list is requested twice at most, because botocore retries once
    assert len(silent) <= 2 * len(KINDS)


@pytest.mark.parametrize(
    ("operation", "specimen"),
    [
        pytest.param(
            "GetVoiceConnectorStreamingConfiguration", specimens.VOICE_CONNECTOR, id="voice"
        ),
        pytest.param("GetMessagingStreamingConfigurations", specimens.APP_INSTANCE, id="messaging"),
    ],
)
def test_one_timeout_is_enough(operation: str, specimen: specimens.Specimen, full: World) -> None:
    """Of 300 resources, only the concurrent calls wait. There is one failure for all."""
    for number in range(3, 300):
        specimen.add(full, number)
    errors: list[ReadTimeoutError] = []

    def on_call(call: Call) -> None:
        if (call.operation, call.region) == (operation, REGION):
            (called,) = call.parameters.values()
            errors.append(ReadTimeoutError(endpoint_url=f"https://a/{called}"))
            raise errors[-1]

    full.on_call = on_call

    read = _audit()

    assert len(errors) <= 2 * 4
    assert _where(read.failures) == [(REGION, f"{specimen.name}s")]
    assert read.failures[0].reason.startswith("Read timeout on endpoint URL")
    rest = _expected(full)
    prefix = specimen.fake.arn(ACCOUNT, REGION, "")
    assert _users(read) == [each for each in rest if not each[1].startswith(prefix)]
    # the error that was raised for the others has not kept their tracebacks
    assert max(map(_length_of_traceback, errors)) < 100


def _length_of_traceback(error: BaseException) -> int:
    length, place = 0, error.__traceback__
    while place is not None:
        length, place = length + 1, place.tb_next
    return length


def test_the_services_that_list_and_that_stream_app_instances_differ(full: World) -> None:
    """If one does not respond, the list of the other is still read to its end."""
    for number in range(3, 10):
        specimens.APP_INSTANCE.add(full, number)
    full.page_size = 2

    def on_call(call: Call) -> None:
        if call.service == "chime-sdk-messaging":
            raise ReadTimeoutError(endpoint_url="https://a")

    full.on_call = on_call

    read = audit(specimens.signed_in(), ROLES, regions=[REGION], at_once=1)

    assert _where(read.failures) == [(REGION, "app instances")]
    listed = [call for call in full.calls if call.service == "chime-sdk-identity"]
    assert len(listed) == 5


#: what a proxy may send instead of the response of AWS.
_PAGES = {
    "page": (200, {"content-type": "text/html"}, b"<html><p>Blocked<br></html>"),
    "JSON": (200, {"content-type": "application/json"}, b"{}"),
    "XML": (200, {"content-type": "text/xml"}, b"<Blocked/>"),
    "not found": (404, {"content-type": "text/html"}, b"<html></html>"),
}
#: headers of AWS, with something else behind them.
_DAMAGED = {
    "cut JSON": ("application/json", b'{"Items": [{"Name": "a"'),
    "list": ("application/json", b"[]"),
    "text": ("application/json", b'"blocked"'),
    "wrong types": ("application/json", b'{"Items": [5], "channels": {"a": 1}}'),
    "cut XML": ("text/xml", b"<GetRoleResponse><GetRoleResult>"),
    "other XML": ("text/xml", b"<Blocked/>"),
    "nothing": ("text/html", b""),
}


@pytest.mark.parametrize("response", _PAGES.values(), ids=_PAGES)
def test_the_response_of_a_proxy_is_a_failure(
    full: World, response: Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every list, and of every role: no list counts as empty, and no role as deleted."""
    _respond_instead(full, monkeypatch, response)

    read = _audit()

    assert _where(read.failures) == _every_list_and_role(read)
    assert all("the response is not from AWS" in each.reason for each in read.failures)
    assert [each.blocked for each in read.roles] == [None] * len(ROLES)


@pytest.mark.parametrize(("kind", "body"), _DAMAGED.values(), ids=_DAMAGED)
def test_a_damaged_response_is_a_failure(
    full: World, kind: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the request id of AWS, too. The content type of the other protocol is one, too."""
    response = (200, {"content-type": kind, "x-amzn-requestid": "1"}, body)
    _respond_instead(full, monkeypatch, response)

    read = _audit()

    failed = {what for _, what in _where(read.failures)}
    whats = {f"the role {each.role_name}" for each in ROLES}
    lists = {f"{kind.name}s" for kind, _ in read.lists}
    # JSON with wrong types has no members of the lists that have other names
    assert failed >= whats | ({"playback configurations"} if b"Items" in body else lists)
    assert not any("Blocked" in each.reason or "blocked" in each.reason for each in read.failures)


@pytest.mark.parametrize("status", [407, 503])
def test_the_error_of_a_proxy_has_a_reason(
    full: World, status: int, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    """And not its page. It is retried if the status says so."""
    page = (status, {"content-type": "text/html"}, b"<!doctype html><p>Sign in")
    _respond_instead(full, monkeypatch, page)

    read = _audit()

    assert {each.reason for each in read.failures} == {
        f"{status}: the response is not from AWS: it has no request id. A proxy may have sent it"
    }
    assert bool(waits) is (status == 503)


def test_a_response_without_a_list_is_an_empty_list(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it has the request id and the content type of AWS."""
    headers = {"content-type": "application/json", "x-amzn-requestid": "1"}
    _respond_instead(full, monkeypatch, (200, headers, b"{}"), but=("iam.", "cloudformation."))

    read = _audit()

    assert read.complete
    assert not any(each.usages for each in read.roles)


def _respond_instead(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    response: Response,
    but: tuple[str, ...] = (),
) -> None:
    """Respond in this way to all calls from now on, except STS and lists of regions."""
    respond = world.respond

    def instead(method: str, url: str, headers: Any, body: bytes) -> Response:  # noqa: ANN401 - as botocore passes them
        host = url.split("/")[2]
        if host.startswith(("sts.", "account.", *but)):
            return respond(method, url, headers, body)
        return response

    monkeypatch.setattr(world, "respond", instead)


def _every_list_and_role(read: Audit) -> list[tuple[str | None, str]]:
    lists: list[tuple[str | None, str]] = [(region, f"{kind.name}s") for kind, region in read.lists]
    roles = [(None, f"the role {each.role_name}") for each in ROLES]
    return sorted([*lists, *roles], key=lambda each: (each[0] or "", each[1]))


# denied calls


def test_the_actions_of_an_audit_are_known_here(full: World) -> None:
    """An audit needs these actions and no others."""
    _audit()

    assert {full.features.action_and_resource(call)[0] for call in full.calls} == {
        *_NEEDED_FOR,
        *_OF_ROLES,
        *_NOT_NEEDED,
        _FOR_MARKS,
    }


def test_without_the_permission_to_read_tags_only_marks_are_missing(full: World) -> None:
    """The usages and the leases are read."""
    full.account(ACCOUNT).denied.add(_FOR_MARKS)

    read = _audit()

    assert _where(read.failures) == [
        (REGION, "the marks on Voice Connectors"),
        (REGION, "the marks on app instances"),
    ]
    assert _users(read) == _expected(full)


@pytest.mark.parametrize(
    "specimen",
    [each for each in specimens.ALL if each.kind.resource_type.calls.tags],
    ids=lambda each: each.name,
)
def test_marks_are_read_and_those_of_deleted_stacks_dropped(
    specimen: specimens.Specimen, world: World
) -> None:
    """With their settings before, whether the feature is enabled or not."""
    account = world.account(ACCOUNT)
    specimens.add_roles(world)
    live = account.add_stack("live", REGION)
    gone = account.add_stack("gone", REGION, status="DELETE_COMPLETE")
    target = specimen.add(world, 1)
    target.set_tags(
        {
            f"{MARK_TAG}a": live,
            f"{MARK_TAG}b": gone,
            "slr-constructs:before:b:0": "x",
            "team": "video",
        }
    )

    read = read_marks(specimens.signed_in(), [specimen.fake.definition])

    assert [(each.stack_name, each.state.value, each.target.arn) for each in read.marks] == [
        ("gone", "deleted", target.arn),
        ("live", "exists", target.arn),
    ]
    dropped = [drop_orphaned_mark(specimens.signed_in(), each) for each in read.marks]
    assert dropped == [True, False]
    assert target.tags == {f"{MARK_TAG}a": live, "team": "video"}


def test_a_mark_that_cannot_be_dropped_is_reported(world: World) -> None:
    """The reason names the stack and the resource."""
    account = world.account(ACCOUNT)
    specimens.add_roles(world)
    gone = account.add_stack("gone", REGION, status="DELETE_COMPLETE")
    specimens.LIVE_CHANNEL.add(world, 1).set_tags({f"{MARK_TAG}b": gone})
    (mark,) = read_marks(specimens.signed_in(), [catalogue.MEDIAPACKAGE]).marks
    account.denied.add("mediapackage:UntagResource")

    with pytest.raises(AccountError) as refused:
        drop_orphaned_mark(specimens.signed_in(), mark)

    assert str(refused.value).startswith("the mark of gone on MediaPackage channel")
    account.denied.clear()
    world.features.forget(ACCOUNT)
    assert drop_orphaned_mark(specimens.signed_in(), mark)


@pytest.mark.parametrize("action", _NEEDED_FOR)
def test_a_denied_action_is_a_failure_of_what_needs_it(
    action: str, full: World, waits: list[float]
) -> None:
    """Immediately, and the text names the missing permission. Everything else is read."""
    full.account(ACCOUNT).denied.add(action)

    read = _audit()

    (what,) = _NEEDED_FOR[action]
    assert _where(read.failures) == [(REGION, what)]
    assert all(
        f"is not authorized to perform: {action} on" in each.reason for each in read.failures
    )
    missing = tuple(
        specimen.fake.arn(ACCOUNT, REGION, "")
        for specimen in specimens.ALL
        if f"{specimen.name}s" == what
    )
    assert _users(read) == [each for each in _expected(full) if not each[1].startswith(missing)]
    assert not waits


@pytest.mark.parametrize(
    "action",
    [
        action
        if action in _ONE_OF_EACH_KIND
        else pytest.param(action, marks=pytest.mark.exhaustive)
        for action in _NEEDED_FOR
    ],
)
def test_an_action_that_one_region_denies_is_a_failure_there(
    action: str, two_regions: World
) -> None:
    """It succeeds in the other regions."""
    two_regions.account(ACCOUNT).denied.add(f"{action}@{REGION}")

    read = _audit(REGIONS)

    assert _where(read.failures) == [(REGION, *_NEEDED_FOR[action])]
    elsewhere = [each for each in _expected(two_regions) if each[0] != REGION]
    assert {*elsewhere} <= {*_users(read)}


@pytest.mark.parametrize("action", _OF_ROLES)
def test_a_role_that_cannot_be_read_is_a_failure(action: str, full: World) -> None:
    """Only of this role. Its usages are found."""
    full.account(ACCOUNT).denied.add(action)

    read = _audit()

    # the policies are requested only for roles that exist
    asked = ROLES if action == "iam:GetRole" else [each for each in ROLES if not each.superseded_by]
    assert _where(read.failures) == sorted((None, f"the role {each.role_name}") for each in asked)
    assert all(report.role is None and not report.leases for report in read.roles)
    assert _users(read) == _expected(full)


def test_leases_of_stacks_that_cannot_be_read_are_active(full: World) -> None:
    """The failure says that the stacks cannot be read."""
    full.account(ACCOUNT).denied.add("cloudformation:DescribeStacks")

    read = _audit()

    leases = _report(read, catalogue.MEDIATAILOR).leases
    assert {each.resource for each in read.failures} == {"the stacks with leases"}
    assert [lease.state for lease in leases] == [StackState.UNKNOWN] * 2
    assert all(lease.is_active for lease in leases)


def test_usages_whose_stacks_cannot_be_read_are_found(full: World) -> None:
    """Some lists contain the tags anyway."""
    full.account(ACCOUNT).denied.add("cloudformation:DescribeStackResources")
    tags = {"aws:cloudformation:stack-id": "arn:of:the:stack"}
    specimens.PLAYBACK_CONFIGURATION.add(full, 3, Tags=tags)

    read = _audit()

    assert {usage.stack for report in read.roles for usage in report.usages} == {
        None,
        "arn:of:the:stack",
    }
    assert _users(read) == _expected(full)


def test_all_regions_are_read_if_they_cannot_be_listed(full: World) -> None:
    """If all regions are enabled, nothing is missing."""
    full.account(ACCOUNT).denied.add("account:ListRegions")

    read = _audit()

    assert read.complete
    assert _users(read) == _expected(full)


def test_similar_failures_are_reported_once(full: World) -> None:
    """The error text of AWS names each resource that cannot be read."""
    for number in range(3, 60):
        specimens.VOICE_CONNECTOR.add(full, number)
    progress = Progress()

    def on_call(call: Call) -> None:
        if call.operation == "GetVoiceConnectorStreamingConfiguration":
            called = call.parameters["VoiceConnectorId"]
            code = "ForbiddenException" if called.endswith("7") else "AccessDeniedException"
            raise Refused(code, f"no right on resource: {called}", 403)

    full.on_call = on_call

    read = _audit(progress=progress)

    assert [(each.region, each.resource, each.reason) for each in read.failures] == [
        (REGION, "Voice Connectors", f"{code}: no right on resource: {number:022}")
        for code, number in (("AccessDeniedException", 1), ("ForbiddenException", 7))
    ]
    assert progress.failures == 2


# resources that appear and disappear


def _once(operation: str, act: Callable[[Call], None]) -> Callable[[Call], None]:
    """Return a callback that acts at the first call of an operation, and never again."""
    lock = threading.Lock()
    left = [act]

    def on_call(call: Call) -> None:
        if call.operation == operation and call.region == REGION:
            with lock:
                now = left.pop() if left else None
            if now is not None:
                now(call)

    return on_call


def _forget(world: World, target: features.TargetResource) -> None:
    """Delete a resource as its service does. A deleted resource does not use a role here."""
    key = (target.kind, target.account, target.region)
    with world.features.lock:
        del world.features._targets[*key, target.id]
        del world.features._places[key][target.id]
        world.features.remove_use(
            target.account, target.kind.definition.role_name, target.region, target.arn
        )


@pytest.mark.parametrize(
    ("operation", "specimen"),
    [
        pytest.param(
            "GetVoiceConnectorStreamingConfiguration", specimens.VOICE_CONNECTOR, id="voice"
        ),
        pytest.param("GetMessagingStreamingConfigurations", specimens.APP_INSTANCE, id="messaging"),
    ],
)
def test_a_resource_deleted_between_list_and_read_is_not_found(
    operation: str, specimen: specimens.Specimen, full: World
) -> None:
    """It is not a failure."""
    targets = [specimen.add(full, number) for number in range(3, 9)]

    def delete(_call: Call) -> None:
        for target in targets:
            _forget(full, target)

    full.on_call = _once(operation, delete)

    read = _audit()

    assert read.complete
    assert _users(read) == _expected(full)


def test_a_resource_deleted_before_its_stack_is_found_is_reported(full: World) -> None:
    """As listed."""
    target = specimens.LIVE_CHANNEL.add(full, 3)

    def on_call(call: Call) -> None:
        # other resources may be looked up before this one is listed
        if call.parameters.get("PhysicalResourceId") == "thing-3":
            _forget(full, target)

    full.on_call = on_call

    read = _audit()

    assert target not in full.features._targets.values()
    assert read.complete
    assert (REGION, target.arn) in _users(read)


@pytest.mark.parametrize("specimen", [pytest.param(each, id=each.name) for each in specimens.ALL])
def test_a_resource_that_is_listed_twice_is_found_once(
    specimen: specimens.Specimen, full: World
) -> None:
    """A new resource shifts the pages, so that the next page repeats the last one of this page."""
    targets = [specimen.add(full, number) for number in range(3, 9)]
    full.page_size = 2
    operation = specimen.kind.resource_type.calls.list.operation.partition(":")[2]
    pages = iter(range(10))
    key = (specimen.fake, ACCOUNT, REGION)

    def on_call(call: Call) -> None:
        listed = (call.operation, call.service, call.region)
        if listed != (operation, specimen.kind.list_service, REGION) or next(pages) != 1:
            return
        with full.features.lock:
            new = specimen.add(full, 100)
            place = full.features._places[key]
            others = dict(place)
            place.clear()
            place.update({new.id: new, **others})

    full.on_call = on_call
    progress = Progress()

    read = _audit(progress=progress)

    assert read.complete
    found = _users(read)
    assert len(found) == len({*found}) == progress.usages
    assert {(REGION, target.arn) for target in targets} <= {*found}


@pytest.mark.parametrize("specimen", [pytest.param(each, id=each.name) for each in specimens.ALL])
def test_a_resource_deleted_between_two_pages_is_not_a_failure(
    specimen: specimens.Specimen, full: World
) -> None:
    """The next page may then miss an existing resource. This cannot be avoided."""
    targets = [specimen.add(full, number) for number in range(3, 9)]
    full.page_size = 2
    pages = iter(range(10))
    operation = specimen.kind.resource_type.calls.list.operation.partition(":")[2]

    def on_call(call: Call) -> None:
        listed = (call.operation, call.service, call.region)
        if listed == (operation, specimen.kind.list_service, REGION) and next(pages) == 2:
            _forget(full, targets[0])

    full.on_call = on_call

    read = _audit()

    assert read.complete
    found = _users(read)
    assert len(found) == len({*found})
    left = {(REGION, target.arn) for target in targets[1:]}
    assert len(left - {*found}) <= 1


# Voice Connectors have their own region


def _in_lists(world: World, target: features.TargetResource, *regions: str) -> None:
    for region in regions:
        world.features._places[target.kind, ACCOUNT, region][target.id] = target


def test_a_voice_connector_on_two_lists_is_one_usage(full: World) -> None:
    """It is read in its own region, and counted once."""
    target = specimens.VOICE_CONNECTOR.add(full, 3, AwsRegion=REGION)
    _in_lists(full, target, "eu-central-1", "us-west-2")
    progress = Progress()

    read = _audit(REGIONS, progress=progress)

    assert read.complete
    assert _users(read) == _expected(full)
    assert progress.usages == len(_expected(full))
    looks = [
        call.region
        for call in full.calls
        if call.operation == "GetVoiceConnectorStreamingConfiguration"
        and call.parameters["VoiceConnectorId"] == target.id
    ]
    assert looks == [REGION]


def test_a_voice_connector_of_a_region_that_is_not_requested_is_left_out(full: World) -> None:
    """Even if another region lists it."""
    target = specimens.VOICE_CONNECTOR.add(full, 3, AwsRegion=REGION)
    _in_lists(full, target, "eu-central-1")

    read = _audit(["eu-central-1"])

    assert (REGION, target.arn) not in _users(read)
    assert read.complete


def test_a_voice_connector_of_an_unknown_region_is_found_once(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The installed botocore may be older than a region, and two lists may have the connector."""
    target = specimens.VOICE_CONNECTOR.add(full, 3, AwsRegion="us-west-2", region="us-west-2")
    resource = ("It", "AWS::Chime::VoiceConnector", target.arn)
    stack = full.account(ACCOUNT).add_stack("app", "us-west-2", resources=[resource])
    _in_lists(full, target, *REGIONS)
    monkeypatch.setattr(Account, "regions", lambda *_: [*REGIONS])

    # the second read is in progress when the stack of the first one is found
    read = audit(specimens.signed_in(), ROLES, at_once=1)

    usages = _report(read, catalogue.CHIME_VOICE_CONNECTOR).usages
    assert [(usage.region, usage.stack) for usage in usages if usage.arn == target.arn] == [
        ("us-west-2", stack)
    ]
    assert read.complete


def test_the_stack_of_a_resource_that_is_listed_twice_is_kept(full: World) -> None:
    """Even if CloudFormation does not return it the second time."""
    target = specimens.LIVE_CHANNEL.add(full, 3)
    resource = ("It", "AWS::MediaPackage::Channel", target.id)
    stack = full.account(ACCOUNT).add_stack("app", REGION, resources=[resource])
    other = {**target.data, "Description": "the same"}
    full.features._places[target.kind, ACCOUNT, REGION]["again"] = features.TargetResource(
        target.kind, ACCOUNT, REGION, target.id, target.arn, other
    )
    asked = iter(range(100))

    def on_call(call: Call) -> None:
        named = call.parameters.get("PhysicalResourceId") == target.id
        if call.operation == "DescribeStackResources" and named and next(asked) > 0:
            raise Refused("AccessDenied", "no more", 403)

    full.on_call = on_call
    full.page_size = 3

    read = audit(specimens.signed_in(), ROLES, regions=[REGION], at_once=1)

    usages = _report(read, catalogue.MEDIAPACKAGE).usages
    assert [usage.stack for usage in usages if usage.arn == target.arn] == [stack]
    assert _where(read.failures) == [(REGION, "the stacks of role usages")]


# stacks


def test_resources_have_their_stacks_by_tags_or_ids_or_have_none(full: World) -> None:
    """CloudFormation is called only for resources whose tags do not name the stack."""
    tags = {"aws:cloudformation:stack-id": "arn:of:the:stack"}
    tagged = specimens.PLAYBACK_CONFIGURATION.add(full, 3, Tags=tags)
    owned = specimens.PACKAGING_GROUP.add(full, 4)
    switched = specimens.LIVE_CHANNEL.add(full, 5)
    kind = specimens.LIVE_CHANNEL.kind
    ours = kind.custom_resource_ids(TargetResource(kind, REGION, switched.id, switched.arn, ""))[0]
    stack = full.account(ACCOUNT).add_stack(
        "app",
        REGION,
        resources=[
            ("Group", "AWS::MediaPackage::PackagingGroup", owned.id),
            ("Switch", kind.resource_types[1], ours),
        ],
    )

    read = _audit()

    stacks = {usage.arn: usage.stack for report in read.roles for usage in report.usages}
    assert (stacks.pop(tagged.arn), stacks.pop(owned.arn), stacks.pop(switched.arn)) == (
        "arn:of:the:stack",
        stack,
        stack,
    )
    assert {*stacks.values()} == {None}
    asked = [
        call.parameters["PhysicalResourceId"]
        for call in full.calls
        if call.operation == "DescribeStackResources"
    ]
    assert tagged.id not in asked


# several accounts


def _accounts(
    world: World, number: int, *, broken: int | None = None
) -> list[tuple[str, str, Callable[[], Account]]]:
    def way_in(id: str, place: int) -> Callable[[], Account]:
        def enter() -> Account:
            if place == broken:
                raise AccountError("the role cannot be assumed")
            return specimens.signed_in(id)

        return enter

    ids = [f"44445555{place:04}" for place in range(number)]
    for each in ids:
        world.account(each).add_role(catalogue.MEDIATAILOR)
        world.features.add(
            features.PLAYBACK_CONFIGURATION,
            each,
            REGION,
            f"of-{each}",
            {"LogConfiguration": {"PercentEnabled": 1}},
        )
    return [(each, f"team {place}", way_in(each, place)) for place, each in enumerate(ids)]


def test_all_accounts_are_read(world: World) -> None:
    """Each with its own credentials. The limit of concurrent calls is for all of them together."""
    accounts = _accounts(world, 5)
    progress = Progress()
    world.on_call = _slowly

    read = {
        each.account: each
        for each in audit_all(
            accounts,
            ROLES,
            regions=[REGION],
            at_once=6,
            accounts_at_once=3,
            progress=progress,
        )
    }

    assert sorted((each.account, each.name) for each in read.values()) == [
        each[:2] for each in accounts
    ]
    for each in read.values():
        assert each.complete
        (usage,) = _report(each, catalogue.MEDIATAILOR).usages
        assert usage.name == f"of-{each.account}"
    assert progress.usages == 5
    assert 3 < world.most_at_once <= 6


def test_an_account_without_access_does_not_stop_the_others(world: World) -> None:
    """It is reported with its id and name."""
    accounts = _accounts(world, 4, broken=1)

    read = [*audit_all(accounts, ROLES, regions=[REGION])]

    failed = [each for each in read if not each.complete]
    assert failed == [
        Audit(
            accounts[1][0],
            "team 1",
            failures=[Failure(None, "the account", "the role cannot be assumed")],
        )
    ]
    assert len(read) == 4


def test_an_account_that_denies_everything_does_not_stop_the_others(world: World) -> None:
    """Its failures are its own."""
    accounts = _accounts(world, 3)
    account = world.account(accounts[0][0])
    account.denied |= {*_NEEDED_FOR, *_OF_ROLES, *_NOT_NEEDED}

    read = {each.account: each for each in audit_all(accounts, ROLES, regions=[REGION])}

    assert [read[known].complete for known, _, _ in accounts] == [False, True, True]
    assert len(read[account.id].failures) == len(KINDS) + len(ROLES)


@pytest.mark.parametrize(
    ("number", "at_once", "each", "together"),
    [(5, 32, 8, 4), (2, 32, 16, 2), (5, 2, 1, 4), (1, 32, 32, 1)],
)
def test_accounts_share_the_concurrent_calls(
    number: int,
    at_once: int,
    each: int,
    together: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With fewer accounts, each has more calls. Each has at least one."""
    lock = threading.Lock()
    meet = threading.Barrier(together)
    shares: list[int] = []
    now = [0]
    most = [0]

    def read(account: Account, *_args: object, at_once: int, **_more: object) -> Audit:
        with lock:
            shares.append(at_once)
            now[0] += 1
            most[0] = max(most[0], now[0])
            meets = len(shares) <= together
        if meets:
            meet.wait(10)
        with lock:
            now[0] -= 1
        return Audit(account.id)

    monkeypatch.setattr(audits, "audit", read)
    ids = [f"44445555{place:04}" for place in range(number)]
    accounts = [(each, "", functools.partial(specimens.signed_in, each)) for each in ids]

    results = audit_all(accounts, ROLES, at_once=at_once, accounts_at_once=4)

    assert sorted(result.account for result in results) == ids
    assert {*shares} == {each}
    assert most[0] == together


def test_no_accounts_give_no_results() -> None:
    """The iteration ends at once."""
    assert [*audit_all([], ROLES)] == []


def test_a_role_that_cannot_be_read_does_not_hide_marks(full: World) -> None:
    """The failure names the role."""
    full.account(ACCOUNT).denied.add("iam:GetRole")

    read = read_marks(specimens.signed_in(), [catalogue.MEDIATAILOR])

    assert [each.role for each in read.failures] == [catalogue.MEDIATAILOR.role_name]
    assert read.marks == []


def test_a_resource_that_is_deleted_before_its_tags_are_read_has_no_marks(full: World) -> None:
    """It is not a failure."""

    def on_call(call: Call) -> None:
        if call.operation == "ListTagsForResource":
            raise Refused("NotFoundException", "deleted", 404)

    full.on_call = on_call

    assert _audit().complete
