"""The audit of an account: all that uses a role, once, and a word of whatever was not read."""

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
from botocore.parsers import ResponseParserError

from slr_constructs import catalogue
from slr_constructs.account import audit as audits
from slr_constructs.account import uses
from slr_constructs.account.access import Account, AccountError
from slr_constructs.account.audit import (
    Audit,
    Failure,
    Progress,
    audit,
    audit_all,
)
from slr_constructs.account.roles import Lease
from slr_constructs.account.stacks import StackState
from slr_constructs.account.uses.kind import Thing
from slr_constructs.catalogue import with_older_names
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
    from tests.fake_services.world import World

ROLES = with_older_names(catalogue.ALL)
#: all kinds are offered in both.
OTHER_REGION = "eu-central-1"
REGIONS = (REGION, OTHER_REGION)
KINDS = tuple(uses.KINDS)
OTHER = "444455556666"

#: what each service says when it is asked too often.
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
    "chime:ListVoiceConnectors": ("Voice Connectors",),
    "chime:GetVoiceConnectorStreamingConfiguration": ("Voice Connectors",),
    "chime:ListAppInstances": ("app instances",),
    "chime:GetMessagingStreamingConfigurations": ("app instances",),
    "ivs:ListChannels": ("IVS channels",),
    "ivs:ListRecordingConfigurations": ("IVS recording configurations",),
    "mediatailor:ListPlaybackConfigurations": ("playback configurations",),
    "mediatailor:ListChannels": ("MediaTailor channels",),
    "mediapackage:ListChannels": ("MediaPackage channels",),
    "mediapackage-vod:ListPackagingGroups": ("packaging groups",),
    "cloudformation:DescribeStackResources": ("the stacks of what uses roles",),
}
#: one that lists, one that reads a resource, and one that finds a stack.
_ONE_OF_EACH_KIND = (
    "chime:GetVoiceConnectorStreamingConfiguration",
    "mediatailor:ListPlaybackConfigurations",
    "cloudformation:DescribeStackResources",
)
_OF_ROLES = ("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies")
#: without these less is known, and nothing is missing.
_NOT_NEEDED = ("cloudformation:DescribeStacks", "account:ListRegions")


@pytest.fixture
def full(world: World) -> World:
    """Fill one region with a resource of each kind, enabled and not, and some stacks."""
    account = world.account(ACCOUNT)
    specimens.add_roles(world)
    there = account.add_stack("there", REGION)
    gone = account.add_stack("gone", REGION, status="DELETE_COMPLETE")
    account.roles[catalogue.MEDIATAILOR.role_name].tags = {
        f"{LEASE_TAG}a": there,
        f"{LEASE_TAG}b": gone,
    }
    _fill(world, REGION)
    return world


@pytest.fixture
def two_regions(full: World) -> World:
    """Fill a second region like the first one."""
    _fill(full, OTHER_REGION)
    return full


def _fill(world: World, region: str) -> None:
    for specimen in specimens.ALL:
        specimen.add(world, 1, region=region)
        specimen.add(world, 2, on=False, region=region)


def _audit(regions: Sequence[str] = (REGION,), **more: Any) -> Audit:  # noqa: ANN401 - as audit's
    return audit(specimens.signed_in(), ROLES, regions=regions, at_once=4, **more)


def _users(read: Audit) -> list[tuple[str, str]]:
    """Return the region and ARN of what uses the roles: once each, or it is here twice."""
    return sorted(
        (user.region, user.arn)
        for report in read.roles
        if report.definition.superseded_by is None
        for user in report.users
    )


def _expected(world: World) -> list[tuple[str, str]]:
    """Return the same as the services know it: a recorded channel uses no role, but counts."""
    used = [
        (region, arn)
        for definition in catalogue.ALL
        for region, arns in world.features.uses(ACCOUNT, definition.role_name).items()
        for arn in arns
    ]
    recorded = [
        (thing.region, thing.arn)
        for thing in world.features._things.values()
        if thing.kind is features.IVS_CHANNEL and thing.data["recordingConfigurationArn"]
    ]
    return sorted(used + recorded)


def _slowly(_call: Call) -> None:
    """Let go of the interpreter, so that whoever may call does."""
    threading.Event().wait(0.001)


def _report(read: Audit, definition: RoleDefinition) -> RoleReport:
    (found,) = (each for each in read.roles if each.definition is definition)
    return found


def _where(failures: Sequence[Failure]) -> list[tuple[str | None, str]]:
    return [(each.region, each.what) for each in failures]


# what is found


def test_finds_all_there_is(two_regions: World) -> None:
    """Each role with who holds it and what uses it, in order."""
    read = _audit(REGIONS)

    assert read.complete
    assert (read.account, read.regions, read.disabled) == (ACCOUNT, sorted(REGIONS), [])
    assert [report.definition for report in read.roles] == ROLES
    assert _users(read) == _expected(two_regions)
    mediatailor = _report(read, catalogue.MEDIATAILOR)
    assert mediatailor.role is not None
    assert [(lease.stack_name, lease.state) for lease in mediatailor.leases] == sorted(
        [("there", StackState.EXISTS), ("gone", StackState.GONE)],
        key=lambda each: {lease.stack_name: lease.stack for lease in mediatailor.leases}[each[0]],
    )
    assert [(user.kind.name, user.region) for user in mediatailor.users] == [
        (name, region)
        for name in ("playback configuration", "MediaTailor channel")
        for region in sorted(REGIONS)
    ]


def test_an_empty_account_is_complete(world: World) -> None:
    """No role, nothing that uses one, and nothing stands against anything."""
    read = _audit()

    assert read.complete
    assert all(report.role is None and not report.blocked for report in read.roles)
    assert world.calls


def test_settings_are_those_that_are_on(full: World) -> None:
    """Whether a list told them or a look."""
    read = _audit()

    seen = {user.kind.name: user.settings for report in read.roles for user in report.users}
    for specimen in specimens.ALL:
        if specimen is specimens.RECORDING_CONFIGURATION:
            # its list has a part of what it takes to make one again, so that a look has to follow
            assert (seen[specimen.name] or {}).items() < specimen.settings.items()
        else:
            assert seen[specimen.name] == specimen.settings
    assert full.calls


@pytest.mark.parametrize(
    ("state", "uses_it", "blocked"),
    [
        (StackState.EXISTS, False, True),
        (StackState.UNKNOWN, False, True),
        (StackState.GONE, False, False),
        (StackState.GONE, True, True),
    ],
)
def test_what_uses_or_holds_a_role_blocks_it(
    state: StackState, *, uses_it: bool, blocked: bool
) -> None:
    """A lease of a stack that is gone does not."""
    lease = Lease("", "", "", state)
    user = Thing(specimens.LIVE_CHANNEL.kind, "", "", "", "")

    report = audits.RoleReport(
        catalogue.MEDIAPACKAGE, None, [lease], [user] * uses_it, there=True, complete=True
    )

    assert report.blocked is blocked


def test_nobody_knows_that_nothing_blocks_a_role_if_not_all_was_read() -> None:
    """Neither where it could not be read itself, nor where what uses it could not."""
    for there, complete in ((None, True), (True, False)):
        report = audits.RoleReport(
            catalogue.MEDIAPACKAGE, None, [], [], there=there, complete=complete
        )

        assert report.blocked is None


def test_a_role_that_another_took_the_place_of_has_users_only_while_it_is_there(
    world: World,
) -> None:
    """The same as the other one; and so nothing is switched off for a role that is not there."""
    world.account(ACCOUNT).add_role(catalogue.CHIME_MESSAGING)
    specimens.APP_INSTANCE.add(world, 1)
    new, old = catalogue.CHIME_MESSAGING, catalogue.CHIME_MESSAGING_LEGACY

    before = audit(specimens.signed_in(), [new, old])
    world.account(ACCOUNT).add_role(old)
    after = audit(specimens.signed_in(), [new, old])

    assert [len(each.users) for each in before.roles] == [1, 0]
    assert [len(each.users) for each in after.roles] == [1, 1]


def test_a_full_account_is_read_wholly_and_everything_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5,000 things of all kinds in 20 regions and more, those that are on among them anywhere."""
    _put(world, seeded(5000, 250), monkeypatch)
    world.calls.clear()
    progress = Progress()

    read = audit(specimens.signed_in(), ROLES, at_once=8, progress=progress)

    assert read.complete
    assert len(read.regions) >= 20
    expected = _expected(world)
    assert len(expected) == 250
    assert _users(read) == expected
    assert (progress.things, progress.users, progress.failures) == (5000, 250, 0)
    assert progress.lists == progress.lists_read > 100
    assert progress.waits == 0
    # a call for each page, one more for what no list tells, and two for whose it is at most
    assert len(world.calls) < 200 + 1250 + 2 * 250
    # whose they are is told by tags, or else by CloudFormation
    named = {
        (stack.id, stack.region, resource_type, physical_id)
        for stack in world.account(ACCOUNT).stacks.values()
        for _, resource_type, physical_id in stack.resources
    }
    owned = [user for report in read.roles for user in report.users if user.stack is not None]
    assert len(owned) > 60
    for user in owned:
        called = user.kind.physical_ids(user)[0]
        assert (user.stack, user.region, user.kind.resource_types[0], called) in named


def _put(world: World, other: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a world all that is in another."""
    for name in ("accounts", "features", "_operations"):
        monkeypatch.setattr(world, name, getattr(other, name))


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_calls_are_under_way_than_may_be(at_once: int, full: World) -> None:
    """Whatever there is to read."""
    full.on_call = _slowly

    read = audit(specimens.signed_in(), ROLES, regions=[REGION], at_once=at_once)

    assert _users(read) == _expected(full)
    assert full.most_at_once == at_once


def test_small_pages_are_read_to_the_end(full: World) -> None:
    """As many as it takes."""
    for number in range(3, 20):
        for specimen in specimens.ALL:
            specimen.add(full, number, on=number % 3 == 0)
    full.page_size = 4

    read = _audit()

    assert read.complete
    assert _users(read) == _expected(full)


def test_progress_counts_what_is_read(full: World) -> None:
    """Lists, what is on them, and what of that uses a role; what is there twice counts once."""
    progress = Progress()
    read = _audit(progress=progress)

    assert progress.lists == progress.lists_read
    assert progress.things == len(full.features._things)
    assert progress.users == len(_users(read))
    assert (progress.failures, progress.waits) == (0, 0)


def test_memory_does_not_grow_with_what_uses_no_role(world: World) -> None:
    """Ten times as many things that are off take no more of it."""
    specimens.add_roles(world)
    # what the fake remembers is not the audit's
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
        assert progress.things == unused + unused // 200
        return most

    few, many = peak(1000), peak(10000)

    # garbage that Python has not picked up yet is no reason to fail, ten times as much is
    assert many < 3 * few


def test_nothing_is_kept_of_what_uses_no_role(world: World) -> None:
    """A page of what has to be looked at, at most, and in the end nothing of it."""
    before = {*threading.enumerate()}
    specimens.add_roles(world)
    for number in range(100):
        specimens.VOICE_CONNECTOR.add(world, number, on=number == 0)
    world.page_size = 20
    kept: list[int] = []

    def on_call(call: Call) -> None:
        if call.operation == "ListVoiceConnectors":
            kept.append(_things())

    world.on_call = on_call

    read = audit(specimens.signed_in(), ROLES, regions=[REGION], at_once=1)
    # a thread that ends has the last of its work until then
    for thread in {*threading.enumerate()} - before:
        thread.join(10)

    assert len(kept) == 5
    assert max(kept) < 50
    assert len(_users(read)) == _things() == 1


def _things() -> int:
    gc.collect()
    # a proxy of another library may raise at whoever asks for its class
    return sum(type(each) is Thing for each in gc.get_objects())


# regions


def test_reads_the_regions_that_are_asked_for_alone(two_regions: World) -> None:
    """And of roles, which have no region, all."""
    read = _audit(["eu-central-1"])

    assert read.regions == ["eu-central-1"]
    assert _users(read) == [each for each in _expected(two_regions) if each[0] == "eu-central-1"]
    assert sum(report.role is not None for report in read.roles) == len(catalogue.ALL) - 1
    elsewhere = {call.service for call in two_regions.calls if call.region != "eu-central-1"}
    # IAM and Account Management have no regions, and leases may be of a stack anywhere
    assert elsewhere <= {"iam", "account", "cloudformation"}


@pytest.mark.usefixtures("full")
def test_a_region_where_nothing_is_offered_has_nothing_to_read() -> None:
    """It is not among those that were read."""
    read = _audit(["mars-north-1", REGION])

    assert read.regions == [REGION]
    assert read.complete


def test_reads_where_the_services_are_offered(world: World) -> None:
    """All of those regions, and no other."""
    account = specimens.signed_in()

    read = audit(account, ROLES, at_once=8)

    kinds = uses.KINDS.values()
    assert read.regions == sorted(
        {each for kind in kinds for each in account.regions(kind.service)}
    )
    lists = [
        (call.service, call.operation, call.region)
        for call in world.calls
        if call.service not in {"iam", "account"}
    ]
    assert len(lists) == len({*lists}) == sum(len(account.regions(each.service)) for each in kinds)


def test_a_disabled_region_is_known_and_not_read(two_regions: World) -> None:
    """It is told of, and is no failure."""
    two_regions.account(ACCOUNT).disabled_regions.add("eu-central-1")

    read = _audit(REGIONS)

    assert read.complete
    assert (read.regions, read.disabled) == ([REGION], ["eu-central-1"])
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
def test_a_disabled_region_that_nobody_knows_of_fails(error: Exception, two_regions: World) -> None:
    """It takes no credentials, and says so for every list; all else is read."""
    two_regions.account(ACCOUNT).disabled_regions.add("eu-central-1")

    def on_call(call: Call) -> None:
        if call.service == "account":
            raise error

    two_regions.on_call = on_call

    read = _audit(REGIONS)

    assert (read.regions, read.disabled) == (sorted(REGIONS), [])
    assert _users(read) == [each for each in _expected(two_regions) if each[0] == REGION]
    assert _where(read.failures) == sorted(("eu-central-1", f"{each}s") for each in KINDS)
    assert {each.why.partition(":")[0] for each in read.failures} == {"UnrecognizedClientException"}


# busy services


def test_a_busy_service_is_waited_for(two_regions: World, waits: list[float]) -> None:
    """Each call is refused three times, in the words of its service, and all is read."""
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
    # what things of the same name are called by is asked for several times
    assert all(number > 3 for number in refused.values())
    # botocore's own tries are some of the three
    assert progress.waits >= len(refused)
    assert waits


def test_a_region_that_stays_busy_fails_alone(two_regions: World) -> None:
    """After two minutes each; all else is read."""

    def on_call(call: Call) -> None:
        if call.region == "eu-central-1" and call.service != "cloudformation":
            code, status = _BUSY[call.service]
            raise Refused(code, "Rate exceeded", status)

    two_regions.on_call = on_call

    read = _audit(REGIONS)

    assert _users(read) == [each for each in _expected(two_regions) if each[0] == REGION]
    assert _where(read.failures) == sorted(("eu-central-1", f"{each}s") for each in KINDS)
    assert {each.why.partition(": ")[2] for each in read.failures} == {"Rate exceeded"}


# regions and services that say nothing

_SILENCES = {
    "read-timeout": lambda: ReadTimeoutError(endpoint_url="https://a/1"),
    "connect-timeout": lambda: ConnectTimeoutError(endpoint_url="https://a/1"),
    "unreachable": lambda: EndpointConnectionError(endpoint_url="https://a/1"),
}


@pytest.mark.parametrize("silence", _SILENCES.values(), ids=_SILENCES)
def test_a_region_that_says_nothing_fails_alone(
    silence: Callable[[], Exception], two_regions: World
) -> None:
    """All else is read."""
    silent: list[str] = []

    def on_call(call: Call) -> None:
        if call.region == "eu-central-1":
            silent.append(call.service)
            raise silence()

    two_regions.on_call = on_call

    read = _audit(REGIONS)

    assert _users(read) == [each for each in _expected(two_regions) if each[0] == REGION]
    assert _where(read.failures) == sorted(("eu-central-1", f"{each}s") for each in KINDS)
    # each list is asked for twice at most, as botocore tries again
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
def test_one_silence_is_enough(operation: str, specimen: specimens.Specimen, full: World) -> None:
    """Of 300 things, no more are waited for than there are calls at once; one failure says all."""
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
    assert read.failures[0].why.startswith("Read timeout on endpoint URL")
    rest = _expected(full)
    prefix = specimen.fake.arn(ACCOUNT, REGION, "")
    assert _users(read) == [each for each in rest if not each[1].startswith(prefix)]
    # what was raised again for each of the others has not kept the places where it was
    assert max(map(_length_of_traceback, errors)) < 100


def _length_of_traceback(error: BaseException) -> int:
    length, place = 0, error.__traceback__
    while place is not None:
        length, place = length + 1, place.tb_next
    return length


def test_the_service_that_lists_app_instances_is_not_the_one_that_streams(full: World) -> None:
    """The silence of one is none of the other: the list is read to its end."""
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


def test_a_page_of_a_proxy_is_a_failure(full: World) -> None:
    """Not the end of it all."""

    def on_call(call: Call) -> None:
        if call.operation in {"GetRole", "ListPlaybackConfigurations"}:
            raise ResponseParserError("Unable to parse response\nnot well-formed")

    full.on_call = on_call

    read = _audit()

    whats = [f"the role {each.role_name}" for each in ROLES]
    assert _where(read.failures) == sorted(
        [*((None, what) for what in whats), (REGION, "playback configurations")],
        key=lambda each: (each[0] or "", each[1]),
    )
    assert {each.why for each in read.failures} == {"Unable to parse response not well-formed"}


# denials


def test_every_action_of_an_audit_is_known_here(full: World) -> None:
    """Whoever reads an account needs these, and no other."""
    _audit()

    assert {full.features.action_and_resource(call)[0] for call in full.calls} == {
        *_NEEDED_FOR,
        *_OF_ROLES,
        *_NOT_NEEDED,
    }


@pytest.mark.parametrize("action", _NEEDED_FOR)
def test_a_denied_action_is_a_failure_wherever_it_is_needed(
    action: str, full: World, waits: list[float]
) -> None:
    """At once, with the right to ask for in its words; all else is read."""
    full.account(ACCOUNT).denied.add(action)

    read = _audit()

    (what,) = _NEEDED_FOR[action]
    assert _where(read.failures) == [(REGION, what)]
    assert all(f"is not authorized to perform: {action} on" in each.why for each in read.failures)
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
    """And is done in the others."""
    two_regions.account(ACCOUNT).denied.add(f"{action}@{REGION}")

    read = _audit(REGIONS)

    assert _where(read.failures) == [(REGION, *_NEEDED_FOR[action])]
    elsewhere = [each for each in _expected(two_regions) if each[0] != REGION]
    assert {*elsewhere} <= {*_users(read)}


@pytest.mark.parametrize("action", _OF_ROLES)
def test_a_role_that_may_not_be_read_is_a_failure(action: str, full: World) -> None:
    """Of that role; what uses it is found."""
    full.account(ACCOUNT).denied.add(action)

    read = _audit()

    # IAM is asked for the policies of roles alone that are there
    asked = ROLES if action == "iam:GetRole" else [each for each in ROLES if not each.superseded_by]
    assert _where(read.failures) == sorted((None, f"the role {each.role_name}") for each in asked)
    assert all(report.role is None and not report.leases for report in read.roles)
    assert _users(read) == _expected(full)


def test_who_may_not_see_stacks_takes_every_lease_for_held(full: World) -> None:
    """And is told that it is not known whether the stacks are there."""
    full.account(ACCOUNT).denied.add("cloudformation:DescribeStacks")

    read = _audit()

    leases = _report(read, catalogue.MEDIATAILOR).leases
    assert {each.what for each in read.failures} == {"the stacks that hold roles"}
    assert [lease.state for lease in leases] == [StackState.UNKNOWN] * 2
    assert all(lease.holds for lease in leases)


def test_who_may_not_see_whose_a_thing_is_still_finds_it(full: World) -> None:
    """Its tags are on some lists anyway."""
    full.account(ACCOUNT).denied.add("cloudformation:DescribeStackResources")
    tags = {"aws:cloudformation:stack-id": "arn:of:the:stack"}
    specimens.PLAYBACK_CONFIGURATION.add(full, 3, Tags=tags)

    read = _audit()

    assert {user.stack for report in read.roles for user in report.users} == {
        None,
        "arn:of:the:stack",
    }
    assert _users(read) == _expected(full)


def test_who_may_not_list_regions_reads_all(full: World) -> None:
    """Where all are enabled, nothing is missing."""
    full.account(ACCOUNT).denied.add("account:ListRegions")

    read = _audit()

    assert read.complete
    assert _users(read) == _expected(full)


def test_what_fails_alike_is_told_of_once(full: World) -> None:
    """AWS's own sentence names each thing that may not be looked at."""
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

    assert [(each.region, each.what, each.why) for each in read.failures] == [
        (REGION, "Voice Connectors", f"{code}: no right on resource: {number:022}")
        for code, number in (("AccessDeniedException", 1), ("ForbiddenException", 7))
    ]
    assert progress.failures == 2


# things that come and go


def _once(operation: str, act: Callable[[Call], None]) -> Callable[[Call], None]:
    """Return what does something at the first call of an operation, and never again."""
    lock = threading.Lock()
    left = [act]

    def on_call(call: Call) -> None:
        if call.operation == operation and call.region == REGION:
            with lock:
                now = left.pop() if left else None
            if now is not None:
                now(call)

    return on_call


def _forget(world: World, thing: features.Thing) -> None:
    """Delete a thing as its service does: what is deleted uses no role here."""
    key = (thing.kind, thing.account, thing.region)
    with world.features.lock:
        del world.features._things[*key, thing.id]
        del world.features._places[key][thing.id]
        world.features.remove_use(
            thing.account, thing.kind.definition.role_name, thing.region, thing.arn
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
def test_what_goes_between_list_and_look_is_gone(
    operation: str, specimen: specimens.Specimen, full: World
) -> None:
    """Which is no failure."""
    things = [specimen.add(full, number) for number in range(3, 9)]

    def delete(_call: Call) -> None:
        for thing in things:
            _forget(full, thing)

    full.on_call = _once(operation, delete)

    read = _audit()

    assert read.complete
    assert _users(read) == _expected(full)


def test_what_goes_before_its_stack_is_found_was_there(full: World) -> None:
    """As the list said."""
    thing = specimens.LIVE_CHANNEL.add(full, 3)
    full.on_call = _once("DescribeStackResources", lambda _call: _forget(full, thing))

    read = _audit()

    assert read.complete
    assert (REGION, thing.arn) in _users(read)


@pytest.mark.parametrize("specimen", [pytest.param(each, id=each.name) for each in specimens.ALL])
def test_what_is_listed_twice_is_found_once(specimen: specimens.Specimen, full: World) -> None:
    """A thing that appears shifts the next page, which has the last one of this page again."""
    things = [specimen.add(full, number) for number in range(3, 9)]
    full.page_size = 2
    operation = "".join(map(str.capitalize, specimen.kind.listing.method.split("_")))
    pages = iter(range(10))
    key = (specimen.fake, ACCOUNT, REGION)

    def on_call(call: Call) -> None:
        listed = (call.operation, call.service, call.region)
        if listed != (operation, specimen.kind.listing.service, REGION) or next(pages) != 1:
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
    assert len(found) == len({*found}) == progress.users
    assert {(REGION, thing.arn) for thing in things} <= {*found}


@pytest.mark.parametrize("specimen", [pytest.param(each, id=each.name) for each in specimens.ALL])
def test_what_goes_between_two_pages_is_no_failure(
    specimen: specimens.Specimen, full: World
) -> None:
    """The next page may then lack one that is there, which nobody can help."""
    things = [specimen.add(full, number) for number in range(3, 9)]
    full.page_size = 2
    pages = iter(range(10))
    operation = "".join(map(str.capitalize, specimen.kind.listing.method.split("_")))

    def on_call(call: Call) -> None:
        listed = (call.operation, call.service, call.region)
        if listed == (operation, specimen.kind.listing.service, REGION) and next(pages) == 2:
            _forget(full, things[0])

    full.on_call = on_call

    read = _audit()

    assert read.complete
    found = _users(read)
    assert len(found) == len({*found})
    left = {(REGION, thing.arn) for thing in things[1:]}
    assert len(left - {*found}) <= 1


def test_a_role_that_goes_while_it_is_read_is_none(full: World) -> None:
    """Which is no failure."""
    full.on_call = _once("ListRolePolicies", lambda _call: full.account(ACCOUNT).roles.clear())

    read = _audit()

    assert read.complete
    assert any(report.role is None for report in read.roles)


# Voice Connectors, which have a region of their own


def _in_lists(world: World, thing: features.Thing, *regions: str) -> None:
    for region in regions:
        world.features._places[thing.kind, ACCOUNT, region][thing.id] = thing


def test_a_voice_connector_on_two_lists_is_one(full: World) -> None:
    """It is looked at where it is, and counted once."""
    thing = specimens.VOICE_CONNECTOR.add(full, 3, AwsRegion=REGION)
    _in_lists(full, thing, "eu-central-1", "us-west-2")
    progress = Progress()

    read = _audit(REGIONS, progress=progress)

    assert read.complete
    assert _users(read) == _expected(full)
    assert progress.users == len(_expected(full))
    looks = [
        call.region
        for call in full.calls
        if call.operation == "GetVoiceConnectorStreamingConfiguration"
        and call.parameters["VoiceConnectorId"] == thing.id
    ]
    assert looks == [REGION]


def test_a_voice_connector_of_a_region_that_nobody_asks_for_is_left_out(full: World) -> None:
    """Whichever list has it."""
    thing = specimens.VOICE_CONNECTOR.add(full, 3, AwsRegion=REGION)
    _in_lists(full, thing, "eu-central-1")

    read = _audit(["eu-central-1"])

    assert (REGION, thing.arn) not in _users(read)
    assert read.complete


def test_a_voice_connector_of_a_region_that_is_not_known_is_found_once(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore may not know of a region yet, and two lists may have what is there."""
    thing = specimens.VOICE_CONNECTOR.add(full, 3, AwsRegion="us-west-2", region="us-west-2")
    resource = ("It", "AWS::Chime::VoiceConnector", thing.arn)
    stack = full.account(ACCOUNT).add_stack("app", "us-west-2", resources=[resource])
    _in_lists(full, thing, *REGIONS)
    monkeypatch.setattr(Account, "regions", lambda *_: [*REGIONS])

    # the second look is in progress when the first one's stack is known
    read = audit(specimens.signed_in(), ROLES, at_once=1)

    users = _report(read, catalogue.CHIME_VOICE_CONNECTOR).users
    assert [(user.region, user.stack) for user in users if user.arn == thing.arn] == [
        ("us-west-2", stack)
    ]
    assert read.complete


def test_the_stack_of_what_is_listed_twice_stays_known(full: World) -> None:
    """Though CloudFormation does not say it a second time."""
    thing = specimens.LIVE_CHANNEL.add(full, 3)
    resource = ("It", "AWS::MediaPackage::Channel", thing.id)
    stack = full.account(ACCOUNT).add_stack("app", REGION, resources=[resource])
    other = {**thing.data, "Description": "the same"}
    full.features._places[thing.kind, ACCOUNT, REGION]["again"] = features.Thing(
        thing.kind, ACCOUNT, REGION, thing.id, thing.arn, other
    )
    asked = iter(range(100))

    def on_call(call: Call) -> None:
        named = call.parameters.get("PhysicalResourceId") == thing.id
        if call.operation == "DescribeStackResources" and named and next(asked) > 0:
            raise Refused("AccessDenied", "no more", 403)

    full.on_call = on_call
    full.page_size = 3

    read = audit(specimens.signed_in(), ROLES, regions=[REGION], at_once=1)

    users = _report(read, catalogue.MEDIAPACKAGE).users
    assert [user.stack for user in users if user.arn == thing.arn] == [stack]
    assert _where(read.failures) == [(REGION, "the stacks of what uses roles")]


# whose things are


def test_things_have_their_stacks_by_tags_or_by_their_ids_or_have_none(full: World) -> None:
    """CloudFormation is asked for those alone whose tags do not say."""
    tags = {"aws:cloudformation:stack-id": "arn:of:the:stack"}
    tagged = specimens.PLAYBACK_CONFIGURATION.add(full, 3, Tags=tags)
    owned = specimens.PACKAGING_GROUP.add(full, 4)
    switched = specimens.LIVE_CHANNEL.add(full, 5)
    kind = specimens.LIVE_CHANNEL.kind
    ours = kind.switched_by(Thing(kind, REGION, switched.id, switched.arn, ""))[0]
    stack = full.account(ACCOUNT).add_stack(
        "app",
        REGION,
        resources=[
            ("Group", "AWS::MediaPackage::PackagingGroup", owned.id),
            ("Switch", kind.resource_types[1], ours),
        ],
    )

    read = _audit()

    stacks = {user.arn: user.stack for report in read.roles for user in report.users}
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
    """Each as itself, so many calls at once over all of them."""
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
        (user,) = _report(each, catalogue.MEDIATAILOR).users
        assert user.name == f"of-{each.account}"
    assert progress.users == 5
    assert 3 < world.most_at_once <= 6


def test_an_account_that_cannot_be_entered_does_not_stop_the_others(world: World) -> None:
    """It is told of, with what is known of it."""
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
def test_accounts_share_the_calls_that_may_be_under_way(
    number: int,
    at_once: int,
    each: int,
    together: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Few accounts have more of them, and no account has none."""
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


def test_no_accounts_are_read_at_once() -> None:
    """There is nothing to wait for."""
    assert [*audit_all([], ROLES)] == []
