"""A restore: the state is as before the release, except for later changes of the user."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.account.changes import Change, Message, Outcome, Waiting
from slr_constructs.account.restore import Restore
from slr_constructs.account.state import State
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    DELETION_LOCK_TAG,
    KEPT_TAG,
    LEASE_TAG,
)
from tests.account.rehearsal import (
    OLD,
    REGIONS,
    KillableProcess,
    Rehearsal,
    add_role,
    changes_something,
    changing,
    few_regions,
    let_time_pass,
)
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.features import TargetResource
    from tests.fake_services.world import World

    Rehearse = Callable[[RoleDefinition], Rehearsal]

MEDIATAILOR, IVS = catalogue.MEDIATAILOR, catalogue.IVS_RECORD_TO_S3
LEGACY = catalogue.CHIME_MESSAGING_LEGACY
#: the roles that can be created again.
ROLES = [each for each in catalogue.ALL if each is not LEGACY]
every_role = pytest.mark.parametrize(
    "definition", [pytest.param(each, id=each.role_name) for each in ROLES]
)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Advance the clock instead of sleeping, and limit services to two regions."""
    few_regions(monkeypatch)
    return let_time_pass(monkeypatch)


@pytest.fixture
def account(world: World) -> FakeAccount:
    """Return the account."""
    return world.account(ACCOUNT)


@pytest.fixture
def released(world: World, tmp_path: Path) -> Rehearse:
    """Return a function that adds a role and its usages to an account, and releases the role."""

    def prepare(definition: RoleDefinition) -> Rehearsal:
        rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
        rehearsed.fill()
        assert rehearsed.release()
        world.calls.clear()
        return rehearsed

    return prepare


def _messages(rehearsed: Rehearsal) -> list[str]:
    return [event.text for event in rehearsed.events if isinstance(event, Message)]


def _texts(rehearsed: Rehearsal, outcome: Outcome) -> list[str]:
    changes = [event for event in rehearsed.events if isinstance(event, Change)]
    return [event.text for event in changes if event.outcome is outcome]


def _waits(rehearsed: Rehearsal) -> list[tuple[float, str]]:
    return [(each.seconds, each.reason) for each in rehearsed.events if isinstance(each, Waiting)]


def _of(world: World, kind: features.Kind) -> list[TargetResource]:
    return [
        target
        for target in world.features._targets.values()
        if target.kind is kind and "thing-99" not in target.arn and "000099" not in target.arn
    ]


def _remove(world: World, target: TargetResource) -> None:
    del world.features._targets[target.kind, ACCOUNT, target.region, target.id]
    del world.features._places[target.kind, ACCOUNT, target.region][target.id]


def _as_before(rehearsed: Rehearsal, before: dict[str, Any]) -> None:
    """Compare the current state with the state before."""
    assert rehearsed.picture() == before


# complete restore


@every_role
def test_everything_is_restored(
    world: World, tmp_path: Path, definition: RoleDefinition, account: FakeAccount
) -> None:
    """Settings, the role with its description and tags, and leases of existing stacks.

    Recording configurations have new ARNs, and their channels use these.
    """
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    before = rehearsed.fill()
    assert rehearsed.release()
    assert rehearsed.restore()
    _as_before(rehearsed, before)
    stacks = account.roles[definition.role_name].tags.values()
    assert not [each for each in stacks if f"/{OLD}/" in each]
    assert not rehearsed.state().disabled
    assert rehearsed.state().role is None
    assert not Restore(rehearsed.account, rehearsed.state(), 0, print).needed


@every_role
def test_changes_between_two_releases_are_restored(
    world: World, tmp_path: Path, definition: RoleDefinition
) -> None:
    """With the same file, and also without a restore between the releases."""
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    rehearsed.fill()
    assert rehearsed.release()
    assert rehearsed.restore()
    for target in [*world.features._targets.values()]:
        data = dict(target.data)
        if "StreamingConfiguration" in data:
            data["StreamingConfiguration"] |= {"DataRetentionInHours": 72}
        elif data.get("LogConfiguration", {}).get("PercentEnabled"):
            data["LogConfiguration"] |= {"PercentEnabled": 81}
        elif "IngressAccessLogs" in data:
            del data["IngressAccessLogs"]
        elif "StreamingConfigurations" in data:
            data["StreamingConfigurations"] = data["StreamingConfigurations"][1:]
        target.data = data
    role = rehearsed.role
    assert role is not None
    role.description, role.tags = "changed", {**role.tags, "team": "audio", "more": "1"}
    changed = rehearsed.picture()
    for _ in range(3):
        assert rehearsed.release()
        assert rehearsed.restore()
        _as_before(rehearsed, changed)


def test_the_role_precedes_recording_configurations_and_channels(
    world: World, released: Rehearse
) -> None:
    """In the reverse order of a release."""
    rehearsed = released(IVS)
    assert rehearsed.restore()
    assert changing(world) == [
        "CreateServiceLinkedRole",
        "CreateRecordingConfiguration",
        "CreateRecordingConfiguration",
        "UpdateChannel",
        "UpdateChannel",
        "TagRole",
        "UpdateRoleDescription",
    ]


# later changes of the user


def test_an_enabled_feature_is_not_changed(world: World, released: Rehearse) -> None:
    """With the same settings or with others. No call changes it."""
    rehearsed = released(MEDIATAILOR)
    add_role(world, MEDIATAILOR)
    first, second = _of(world, features.PLAYBACK_CONFIGURATION)
    known = rehearsed.state().disabled
    logs = known[first.arn].settings
    first.data = {**first.data, "LogConfiguration": logs}
    second.data = {**second.data, "LogConfiguration": {**(logs or {}), "PercentEnabled": 99}}
    assert rehearsed.restore()
    assert first.data["LogConfiguration"] == logs
    assert second.data["LogConfiguration"]["PercentEnabled"] == 99
    assert changing(world) == ["ConfigureLogsForChannel", "ConfigureLogsForChannel"]
    done = _texts(rehearsed, Outcome.DONE)
    assert f"{first.arn} is already enabled" in done
    assert f"{second.arn} is already enabled with other settings, which are kept" in done
    assert not rehearsed.state().disabled


def test_a_channel_with_another_recording_configuration_is_not_changed(
    world: World, released: Rehearse
) -> None:
    """It may be the previous one, which has another ARN now."""
    rehearsed = released(IVS)
    channel, _ = _of(world, features.IVS_CHANNEL)
    data = {"name": "mine", "destinationConfiguration": {"s3": {"bucketName": "mine"}}}
    kind = features.RECORDING_CONFIGURATION
    mine = world.features.add(kind, ACCOUNT, channel.region, "mine00000000", data)
    channel.data = {**channel.data, "recordingConfigurationArn": mine.arn}
    assert rehearsed.restore()
    assert channel.data["recordingConfigurationArn"] == mine.arn
    assert f"{channel.arn} is already enabled with other settings, which are kept" in _texts(
        rehearsed, Outcome.DONE
    )


def test_a_deleted_resource_is_reported_and_the_others_are_restored(
    world: World, released: Rehearse
) -> None:
    """A second restore with the same file tries it again."""
    rehearsed = released(MEDIATAILOR)
    deleted, there = _of(world, features.LINEAR_CHANNEL)
    _remove(world, deleted)
    for _ in range(2):
        assert rehearsed.restore() is False
        (text,) = _texts(rehearsed, Outcome.FAILED)
        assert "was not found" in text
        assert list(rehearsed.state().disabled) == [deleted.arn]
    assert there.data["LogConfiguration"] == {"LogTypes": ["AS_RUN"]}
    assert rehearsed.state().role is None


# the role


def test_an_existing_role_gets_its_missing_tags(
    world: World, account: FakeAccount, released: Rehearse
) -> None:
    """No tag is replaced. Only tags that still apply are restored, and none of AWS."""
    rehearsed = released(MEDIATAILOR)
    role = account.add_role(MEDIATAILOR, description="mine", tags={"team": "mine"})
    state = rehearsed.state()
    assert state.role is not None
    outdated = {f"{DELETION_LOCK_TAG}x": "1", KEPT_TAG: "it was in use"}
    tags = state.role["tags"] | outdated | {"aws:owner": "aws"}
    with rehearsed.path.open("a") as file:
        file.write(str({"role": {"description": "d", "tags": tags}}).replace("'", '"') + "\n")
    assert rehearsed.restore()
    assert role.description == "mine"
    assert role.tags["team"] == "mine"
    assert f"{LEASE_TAG}aa" in role.tags
    assert set(role.tags) == {"team", "slr-constructs:created", f"{LEASE_TAG}aa"}
    assert _waits(rehearsed) == []
    assert _messages(rehearsed) == [f"{MEDIATAILOR.role_name} exists as before the release"]
    assert "CreateServiceLinkedRole" not in changing(world)


def test_a_role_with_all_its_tags_is_not_tagged(world: World, released: Rehearse) -> None:
    """No call is needed."""
    rehearsed = released(MEDIATAILOR)
    add_role(world, MEDIATAILOR)
    assert rehearsed.restore()
    assert "TagRole" not in changing(world)


def test_the_lease_of_a_stack_that_cannot_be_read_is_restored(
    account: FakeAccount, released: Rehearse
) -> None:
    """The stack may exist."""
    rehearsed = released(MEDIATAILOR)
    account.denied.add("cloudformation:DescribeStacks")
    assert rehearsed.restore()
    assert {key for key in account.roles[MEDIATAILOR.role_name].tags if LEASE_TAG in key} == {
        f"{LEASE_TAG}aa",
        f"{LEASE_TAG}bb",
    }


def test_a_role_without_a_description_is_created_without_one(
    world: World, account: FakeAccount, tmp_path: Path
) -> None:
    """IAM refuses an empty description."""
    rehearsed = Rehearsal(world, MEDIATAILOR, tmp_path / "state.jsonl")
    account.add_role(MEDIATAILOR)
    assert rehearsed.release()
    assert rehearsed.restore()
    assert account.roles[MEDIATAILOR.role_name].description == ""
    (call,) = [each for each in world.calls if each.operation == "CreateServiceLinkedRole"]
    assert call.parameters == {"AWSServiceName": MEDIATAILOR.service_principal}


def test_the_next_resources_wait_until_a_new_role_is_visible(
    world: World, released: Rehearse, waits: list[float]
) -> None:
    """IAM returns it three times in a row, and services see it later, as in the function."""
    rehearsed = released(MEDIATAILOR)
    reads = iter([False, True, False, True, True])
    answers: list[bool] = []
    asked: list[float] = []

    def on_call(call: Call) -> None:
        if call.operation == "GetRole" and rehearsed.role is not None:
            answers.append(next(reads, True))
            if not answers[-1]:
                raise Refused("NoSuchEntity", "not yet", 404)
        if call.operation.startswith("Configure"):
            asked.append(sum(waits))

    world.on_call = on_call
    waits.clear()
    assert rehearsed.restore()
    assert answers == [False, True, False, True, True, True]
    assert waits[:5] == [2, 3, 3, 3, 3]
    ((seconds, why),) = _waits(rehearsed)
    assert why == "the role is new"
    # the clock of the function has whole seconds
    assert 0.5 < seconds < 2.5
    assert min(asked) == sum(waits)


def test_a_role_that_iam_does_not_return_is_reported(
    world: World, released: Rehearse, waits: list[float]
) -> None:
    """After a minute. The rest is restored anyway."""
    rehearsed = released(MEDIATAILOR)
    waits.clear()

    def on_call(call: Call) -> None:
        if call.operation == "GetRole":
            raise Refused("NoSuchEntity", "not yet", 404)

    world.on_call = on_call
    assert rehearsed.restore() is False
    name = MEDIATAILOR.role_name
    assert _messages(rehearsed) == [
        f"{name} was not restored: IAM created it but does not return it yet"
    ]
    assert 55 < sum(waits) <= 60
    assert not rehearsed.state().disabled


def test_a_role_that_another_restore_created_just_now_is_waited_for(
    account: FakeAccount, released: Rehearse, waits: list[float]
) -> None:
    """For the rest of the time that services need to see it."""
    rehearsed = released(MEDIATAILOR)
    account.add_role(MEDIATAILOR, created=datetime.now(UTC) - timedelta(seconds=4.5))
    waits.clear()
    assert rehearsed.restore()
    assert [why for _, why in _waits(rehearsed)] == ["the role is new"]
    assert waits == [seconds for seconds, _ in _waits(rehearsed)]
    assert 9.5 < waits[0] < 11.6


def test_a_wrong_clock_does_not_extend_the_wait(
    account: FakeAccount, released: Rehearse, waits: list[float]
) -> None:
    """A role that was created in the future counts as new."""
    rehearsed = released(MEDIATAILOR)
    account.add_role(MEDIATAILOR, created=datetime.now(UTC) + timedelta(hours=1))
    waits.clear()
    assert rehearsed.restore()
    assert waits == [15]


def test_only_waits_of_the_operation_are_reported(released: Rehearse) -> None:
    """Its other events are for the log of the function."""
    rehearsed = released(MEDIATAILOR)
    restore = Restore(rehearsed.account, rehearsed.state(), 0, rehearsed.events.append)
    rehearsed.events.clear()
    restore._on_operation_event("tags not changed", code="AccessDenied")
    restore._on_operation_event("waiting", seconds=3.5, reason="the role is new")
    assert rehearsed.events == [Waiting(3.5, "the role is new")]


def test_a_service_that_does_not_see_a_new_role_is_retried(
    world: World, tmp_path: Path, account: FakeAccount
) -> None:
    """Only if the role is new. Otherwise the error is final."""
    definition = catalogue.CHIME_VOICE_CONNECTOR
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    rehearsed.fill()
    refusals = [2]

    def on_call(call: Call) -> None:
        if call.operation.startswith("PutVoiceConnector") and refusals[0]:
            refusals[0] -= 1
            raise Refused("BadRequestException", "Unable to create service linked role", 400)

    assert rehearsed.release()
    world.on_call = on_call
    assert rehearsed.restore()
    assert [why for _, why in _waits(rehearsed)][1:] in (
        ["2 resources are busy"],
        ["1 resource is busy", "1 resource is busy"],
    )
    assert len(_texts(rehearsed, Outcome.BUSY)) == 2
    assert rehearsed.release()
    add_role(world, definition)
    refusals[0] = 1
    assert rehearsed.restore() is False
    (text,) = _texts(rehearsed, Outcome.FAILED)
    assert text == "BadRequestException: Unable to create service linked role"
    assert account.roles


def test_busy_resources_are_retried(world: World, released: Rehearse) -> None:
    """A channel that became live, until the wait ends. Everything else is restored."""
    rehearsed = released(IVS)
    live, other = _of(world, features.IVS_CHANNEL)
    world.features.live = {live.arn}
    assert rehearsed.restore(wait=30) is False
    assert [seconds for seconds, _ in _waits(rehearsed)] == [5, 7.5, 11.25]
    assert other.data["recordingConfigurationArn"]
    assert not live.data["recordingConfigurationArn"]
    world.features.live.clear()
    assert rehearsed.restore(wait=30)
    assert live.data["recordingConfigurationArn"]


def test_an_older_role_is_not_created_again_and_the_rest_is_restored(
    world: World, tmp_path: Path
) -> None:
    """IAM creates its successor for the principal, and app instances stream with this one."""
    rehearsed = Rehearsal(world, LEGACY, tmp_path / "state.jsonl")
    before = rehearsed.fill()
    assert rehearsed.release()
    assert rehearsed.restore() is False
    assert _messages(rehearsed) == [
        (
            f"{LEGACY.role_name} was not restored: {LEGACY.role_name} does not exist in account"
            f" {ACCOUNT}, and IAM now creates another role for chime.amazonaws.com. Declare the"
            " role that replaced it"
        )
    ]
    del before["role"]
    assert rehearsed.picture() == before
    assert not rehearsed.state().disabled


def test_a_role_that_only_its_service_creates_is_tagged_afterwards(
    released: Rehearse, account: FakeAccount
) -> None:
    """IVS creates its role with the first recording configuration."""
    rehearsed = released(IVS)
    assert rehearsed.restore()
    assert _messages(rehearsed) == [
        (
            f"{IVS.role_name} was not restored: only its service can create it, when the feature is"
            " configured"
        ),
        f"{IVS.role_name} exists as before the release",
    ]
    assert account.roles[IVS.role_name].tags["team"] == "video"


def test_a_role_that_its_service_did_not_create_is_not_restored(
    account: FakeAccount, world: World, tmp_path: Path
) -> None:
    """Without a usage, the service does not create it."""
    account.add_role(IVS)
    rehearsed = Rehearsal(world, IVS, tmp_path / "state.jsonl")
    assert rehearsed.release()
    assert rehearsed.restore() is False
    assert len(_messages(rehearsed)) == 1
    assert rehearsed.state().role is not None


def test_a_role_that_is_created_at_the_same_time_is_adopted(
    world: World, released: Rehearse, account: FakeAccount
) -> None:
    """IAM says that the name has been taken."""
    rehearsed = released(MEDIATAILOR)

    def on_call(call: Call) -> None:
        if call.operation == "CreateServiceLinkedRole":
            account.add_role(MEDIATAILOR)

    world.on_call = on_call
    assert rehearsed.restore()
    assert account.roles[MEDIATAILOR.role_name].tags["team"] == "video"


def test_a_principal_that_iam_refuses_is_reported(world: World, released: Rehearse) -> None:
    """For a role that IAM creates otherwise. The error may quote the request: one line is kept."""
    rehearsed = released(MEDIATAILOR)

    def on_call(call: Call) -> None:
        if call.operation == "CreateServiceLinkedRole":
            raise Refused("InvalidInput", "not that one\nx-amz-security-token: secret", 400)

    world.on_call = on_call
    assert rehearsed.restore() is False
    assert _messages(rehearsed) == [
        (
            f"{MEDIATAILOR.role_name} was not restored: iam:CreateServiceLinkedRole failed for"
            f" {MEDIATAILOR.role_name} (mediatailor.amazonaws.com) in account {ACCOUNT}:"
            " InvalidInput: not that one"
        )
    ]


def test_a_role_with_another_name_is_reported(
    account: FakeAccount, released: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IAM may create another role for the service, as it does for the older role of messaging."""
    rehearsed = released(MEDIATAILOR)
    other = dataclasses.replace(MEDIATAILOR, role_name="AWSServiceRoleForMediaTailorV2")
    create = account.create
    monkeypatch.setattr(account, "create", lambda _, *more, **named: create(other, *more, **named))
    assert rehearsed.restore() is False
    assert _messages(rehearsed) == [
        (
            f"{MEDIATAILOR.role_name} was not restored: IAM created {other.role_name} for"
            f" mediatailor.amazonaws.com, not {MEDIATAILOR.role_name}. Correct the role definition,"
            f" and delete {other.role_name} if it is not used"
        )
    ]
    assert rehearsed.state().role is not None


@pytest.mark.parametrize(
    ("definition", "action"),
    [
        pytest.param(definition, action, id=f"{definition.role_name} {action}")
        for definition, action in (
            (MEDIATAILOR, "iam:CreateServiceLinkedRole"),
            (MEDIATAILOR, "iam:TagRole"),
            (MEDIATAILOR, "iam:GetRole"),
            (MEDIATAILOR, "mediatailor:ConfigureLogsForChannel"),
            (MEDIATAILOR, "mediatailor:ConfigureLogsForPlaybackConfiguration"),
            (IVS, "ivs:CreateRecordingConfiguration"),
            (IVS, "ivs:UpdateChannel"),
            (IVS, "iam:TagRole"),
            (catalogue.CHIME_VOICE_CONNECTOR, "chime:PutVoiceConnectorStreamingConfiguration"),
            (catalogue.CHIME_MESSAGING, "chime:PutMessagingStreamingConfigurations"),
            (catalogue.MEDIAPACKAGE, "mediapackage:ConfigureLogs"),
            (catalogue.MEDIAPACKAGE, "mediapackage-vod:ConfigureLogs"),
        )
    ],
)
def test_a_denied_call_is_reported_and_a_second_restore_continues(
    world: World, tmp_path: Path, account: FakeAccount, definition: RoleDefinition, action: str
) -> None:
    """Everything else is restored."""
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    before = rehearsed.fill()
    assert rehearsed.release()
    account.denied.add(action)
    assert rehearsed.restore() is False
    texts = [*_messages(rehearsed), *_texts(rehearsed, Outcome.FAILED)]
    assert any("AccessDenied" in each or "Forbidden" in each for each in texts)
    account.denied.clear()
    assert rehearsed.restore()
    _as_before(rehearsed, before)


@every_role
def test_throttled_changes_are_retried(
    world: World, tmp_path: Path, definition: RoleDefinition
) -> None:
    """Each call is throttled once."""
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    before = rehearsed.fill()
    assert rehearsed.release()
    refused: set[str] = set()

    def on_call(call: Call) -> None:
        key = f"{call.service} {call.operation} {sorted(call.parameters.items())}"
        if changes_something(call) and key not in refused:
            refused.add(key)
            raise Refused("Throttling", "slowly", 400)

    world.on_call = on_call
    assert rehearsed.restore()
    assert refused
    _as_before(rehearsed, before)


# interruption at any call


@pytest.mark.parametrize(
    ("definition", "then", "carried_out"),
    [
        # a resource is created again only once; the other roles differ in the number of kinds
        pytest.param(IVS, "restore", False, id="recording, unasked", marks=pytest.mark.exhaustive),
        pytest.param(IVS, "restore", True, id="recording, unheard"),
        pytest.param(
            IVS, "release", True, id="recording, unheard and released", marks=pytest.mark.exhaustive
        ),
        pytest.param(
            MEDIATAILOR, "restore", True, id="logging, unheard", marks=pytest.mark.exhaustive
        ),
        pytest.param(catalogue.CHIME_MESSAGING, "release", True, id="messaging, released"),
    ],
)
def test_a_restore_that_was_killed_at_any_call_can_continue(
    world: World,
    tmp_path: Path,
    definition: RoleDefinition,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
    *,
    carried_out: bool,
) -> None:
    """A second restore with the same file restores everything, and creates nothing twice.

    Also with a second release before it.
    """
    few_regions(monkeypatch, REGIONS[0])
    process = KillableProcess(world)
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    number = 0
    while True:
        number += 1
        before = rehearsed.fill(regions=REGIONS[:1])
        assert rehearsed.release()
        process.kill_at(number, carried_out=carried_out)
        try:
            rehearsed.restore()
        except BaseException:  # noqa: BLE001 - whatever it is that dying looks like
            assert process.revive()
            if carried_out and not process.changed:
                # this is the same as a call that was not made
                continue
        else:
            process.revive()
            break
        if then == "release" and rehearsed.plan().needed:
            assert rehearsed.release(), rehearsed.events
        assert rehearsed.restore(), rehearsed.events
        _as_before(rehearsed, before)
    assert number > 5
    _as_before(rehearsed, before)


# recording configurations that were created but not recorded


def _twins(world: World, tmp_path: Path, number: int) -> Rehearsal:
    """Release channels, each with its own recording configuration. All have the same settings."""
    rehearsed = Rehearsal(world, IVS, tmp_path / "state.jsonl")
    data = {"name": "twin", "destinationConfiguration": {"s3": {"bucketName": "recordings"}}}
    for each in range(number):
        kind = features.RECORDING_CONFIGURATION
        added = world.features.add(kind, ACCOUNT, REGIONS[0], f"twin0000{each:04}", data)
        pointer = {"recordingConfigurationArn": added.arn, "name": f"c{each}"}
        world.features.add(features.IVS_CHANNEL, ACCOUNT, REGIONS[0], f"c{each:011}", pointer)
    assert rehearsed.release()
    return rehearsed


def _pointers(world: World) -> list[str]:
    return [each.data["recordingConfigurationArn"] for each in _of(world, features.IVS_CHANNEL)]


# with one on a page, there is a second page even if only one was created before the interruption
@pytest.mark.parametrize("page_size", [100, 1])
def test_each_created_twin_replaces_one_recording_configuration(
    world: World, tmp_path: Path, page_size: int
) -> None:
    """All were created before the interruption: none is created again, and each has its channel."""
    world.page_size = page_size
    rehearsed = _twins(world, tmp_path, 5)
    process = KillableProcess(world)
    created: list[str] = []

    def on_call(call: Call) -> None:
        if call.operation == "CreateRecordingConfiguration":
            created.append(call.operation)

    world.on_call = on_call
    real = State.record_enabled
    with pytest.MonkeyPatch.context() as patch:
        # created, but not recorded
        patch.setattr(State, "record_enabled", _is_killed)
        with pytest.raises(_Killed):
            rehearsed.restore()
        process.revive()
    assert State.record_enabled is real
    begun = len(created)
    assert begun >= 1
    other = {"name": "twin", "destinationConfiguration": {"s3": {"bucketName": "others"}}}
    kind = features.RECORDING_CONFIGURATION
    world.features.add(kind, ACCOUNT, REGIONS[0], "other0000000", other)
    world.calls.clear()
    assert rehearsed.restore()
    assert len(created) == 5
    assert len(set(_pointers(world))) == 5
    assert f"arn:aws:ivs:{REGIONS[0]}:{ACCOUNT}:recording-configuration/other0000000" not in (
        _pointers(world)
    )
    if page_size == 100:
        # one list, and one read for each candidate
        calls = [call.operation for call in world.calls]
        assert calls.count("ListRecordingConfigurations") == 1
        assert calls.count("GetRecordingConfiguration") == 5 + begun


class _Killed(BaseException):
    pass


def _is_killed(*_: object) -> None:
    raise _Killed


def test_a_candidate_with_other_settings_is_not_used(world: World, tmp_path: Path) -> None:
    """For example other thumbnails: a list has only the name and the destination."""
    rehearsed = _twins(world, tmp_path, 1)
    (target,) = [
        each for each in rehearsed.state().disabled.values() if each.kind.disabled_by_deletion
    ]
    rehearsed.state().record_creation(target)
    data = {**(target.settings or {}), "recordingReconnectWindowSeconds": 30}
    kind = features.RECORDING_CONFIGURATION
    other = world.features.add(kind, ACCOUNT, REGIONS[0], "other0000000", data)
    assert rehearsed.restore()
    assert other.arn not in _pointers(world)


def test_an_older_twin_is_not_mistaken_for_a_new_one(world: World, tmp_path: Path) -> None:
    """A twin that was never deleted, or that was restored already."""
    rehearsed = _twins(world, tmp_path, 1)
    (target,) = [
        each for each in rehearsed.state().disabled.values() if each.kind.disabled_by_deletion
    ]
    kind = features.RECORDING_CONFIGURATION
    twin = world.features.add(
        kind, ACCOUNT, REGIONS[0], "twin0000abcd", dict(target.settings or {})
    )
    state = rehearsed.state()
    known = target.kind.parse_item(REGIONS[0], {**twin.data, "arn": twin.arn})
    assert known is not None
    state.record_disabling(dataclasses.replace(known, settings=target.settings))
    state.record_enabled(known, twin.arn)
    state.record_creation(target)
    assert rehearsed.restore()
    assert _pointers(world) != [twin.arn]
    assert len(set(_of_recorders(world))) == 2


def _of_recorders(world: World) -> list[str]:
    return [each.arn for each in _of(world, features.RECORDING_CONFIGURATION)]


def test_nothing_is_created_while_candidates_cannot_be_read(
    world: World, tmp_path: Path, account: FakeAccount
) -> None:
    """It could be created twice. The reason is reported, and a second restore continues."""
    rehearsed = _twins(world, tmp_path, 2)
    targets = [
        each for each in rehearsed.state().disabled.values() if each.kind.disabled_by_deletion
    ]
    for target in targets:
        rehearsed.state().record_creation(target)
    account.denied.add("ivs:ListRecordingConfigurations")
    assert rehearsed.restore(wait=0) is False
    assert len([each for each in _texts(rehearsed, Outcome.FAILED) if "AccessDenied" in each]) == 2
    assert _of_recorders(world) == []
    account.denied.clear()
    assert rehearsed.restore()
    assert len(_of_recorders(world)) == 2


def test_a_channel_uses_a_recording_configuration_that_was_created_twice(
    world: World, tmp_path: Path
) -> None:
    """The channel was not restored the first time, so the file has the first ARN for it."""
    rehearsed = _twins(world, tmp_path, 1)
    (channel,) = _of(world, features.IVS_CHANNEL)
    world.features.live = {channel.arn}
    assert rehearsed.restore(wait=0) is False
    world.features.live.clear()
    assert rehearsed.release()
    assert rehearsed.restore()
    assert _pointers(world) == _of_recorders(world)
