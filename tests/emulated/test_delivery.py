"""Failed creates, deletes of resources that do not exist, and events that are delivered repeatedly.

Documented by AWS: a failed create is followed by a Delete with the id of the response, and Lambda
delivers an event at least once. Our model: the refusals of a service for a configuration, and that
the deliveries of one event start at the same moment.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from ministack.core.responses import request_scope
from ministack.services.cloudformation import custom_resource

from slr_constructs.handler.slr_handler.cloudformation import NOTHING_CREATED
from tests.emulated.emulator.behaviour import Refusal
from tests.emulated.emulator.custom_resources import ACTOR
from tests.emulated.recipes import changed, prepared
from tests.emulated.verdict import broken, left
from tests.fake_services import features
from tests.fake_services.wire import Call as ServiceCall
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.journal import Entry
    from tests.emulated.stacks import Account, Begun, Template
    from tests.fake_services.features import Kind
    from tests.fake_services.wire import Call

_REGION = "us-east-1"
_ROLE = "Custom::ServiceLinkedRole"
#: longer than a run and its two retries can take.
_LATER = 3600

#: for each recipe whose feature the function configures: the service's refusal.
_REFUSED = {
    "voice": ("BadRequestException", 400),
    "existing-voice": ("UnprocessableEntityException", 422),
    "chat": ("BadRequestException", 400),
    "existing-chat": ("ConflictException", 409),
    "existing-recording": ("ValidationException", 400),
    "existing-sessions": ("BadRequestException", 400),
    "existing-as-run": ("BadRequestException", 400),
    "existing-live": ("UnprocessableEntityException", 422),
    "existing-vod": ("UnprocessableEntityException", 422),
}

#: for each recipe whose feature CloudFormation configures: an existing resource with its name.
_TAKEN: dict[str, tuple[Kind, str]] = {
    "sessions": (features.PLAYBACK_CONFIGURATION, "ads"),
    "as-run": (features.LINEAR_CHANNEL, "linear"),
    "live": (features.LIVE_CHANNEL, "a"),
    "vod": (features.PACKAGING_GROUP, "a"),
}

#: the operation that deletes each kind of owner, in an order that the services allow.
_DELETIONS = {
    features.VOICE_CONNECTOR: ("chime-sdk-voice", "DeleteVoiceConnector"),
    features.APP_INSTANCE: ("chime-sdk-identity", "DeleteAppInstance"),
    features.IVS_CHANNEL: ("ivs", "DeleteChannel"),
    features.RECORDING_CONFIGURATION: ("ivs", "DeleteRecordingConfiguration"),
    features.PLAYBACK_CONFIGURATION: ("mediatailor", "DeletePlaybackConfiguration"),
    features.LINEAR_CHANNEL: ("mediatailor", "DeleteChannel"),
    features.LIVE_CHANNEL: ("mediapackage", "DeleteChannel"),
    features.PACKAGING_GROUP: ("mediapackage-vod", "DeletePackagingGroup"),
}


def _story(account: Account) -> str:
    entries = account.emulator.journal.of(
        account.id, "call", "response", "feature", "role", "ended"
    )
    return "\n".join(str(entry)[:300] for entry in entries)


def _of(account: Account, what: str, request: str = "") -> list[Entry]:
    return [
        entry
        for entry in account.emulator.journal.of(account.id, what)
        if request in {"", entry.action}
    ]


def _left(account: Account) -> list[str]:
    # ignore existing owners, and the role that IVS creates for itself
    others = ("(off)", "AWSServiceRoleForIVSRecordToS3")
    return [each for each in left(account) if not each.endswith(others)]


def _refuse(refusal: Refusal) -> Callable[[Run, Call], Fault | None]:
    """Refuse the calls that enable a feature."""

    def fault(run: Run, call: Call) -> Fault | None:
        creates = run.request == "Create" and run.type != _ROLE
        reads = call.operation.startswith(("Describe", "Get", "List"))
        return refusal if creates and not reads else None

    return fault


def _assert_delete_after_failed_create(account: Account, marks: str) -> None:
    """Check that a Delete with the response's id followed the only failed create."""
    (failed,) = (entry for entry in _of(account, "response") if entry.details["status"] == "FAILED")
    assert failed.action == "Create"
    assert failed.details["physical_id"].startswith(marks), _story(account)
    deletes = [
        entry.details["event"]["PhysicalResourceId"]
        for entry in _of(account, "event", "Delete")
        if entry.logical_id == failed.logical_id
    ]
    assert deletes == [failed.details["physical_id"]], _story(account)


@pytest.mark.parametrize("recipe", _REFUSED)
def test_a_refused_configuration_leaves_nothing(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """The stack reports the service's reason, and the Delete that follows makes no call."""
    template = prepared(account, recipe)
    code, status = _REFUSED[recipe]
    refusal = Refusal(code, "The service refuses.", status)
    account.emulator.behaviour.fault = _refuse(refusal)

    ended = account.deploy(template)

    assert ended.status == "ROLLBACK_COMPLETE", _story(account)
    assert any(f"{code}: The service refuses." in each for each in ended.reasons), ended
    _assert_delete_after_failed_create(account, NOTHING_CREATED)
    calls = [entry for entry in _of(account, "call") if entry.type != _ROLE]
    assert {entry.details["request"] for entry in calls} == {"Create"}, _story(account)
    assert _left(account) == []
    assert account.destroy(template).succeeded
    tally("delivery", failed_creates=1)


@pytest.mark.parametrize("recipe", _REFUSED)
def test_a_configuration_with_an_unknown_result_is_removed(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """The service fails until the timeout, so that the Delete removes the configuration."""
    template = prepared(account, recipe)
    account.emulator.behaviour.fault = _refuse(Refusal("InternalFailure", "Oops.", 500))

    ended = account.deploy(template)

    assert ended.status == "ROLLBACK_COMPLETE", _story(account)
    assert any("InternalFailure: Oops." in each for each in ended.reasons), ended
    _assert_delete_after_failed_create(account, "")
    calls = [entry for entry in _of(account, "call") if entry.type != _ROLE]
    assert {entry.details["request"] for entry in calls} == {"Create", "Delete"}, _story(account)
    assert _left(account) == []
    tally("delivery", failed_creates=1)


@pytest.mark.parametrize("recipe", [*_TAKEN, "recording"])
def test_an_owner_that_cannot_be_created_leaves_nothing(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """The owner's name exists, or its service cannot create the role: the role is deleted."""
    emulator = account.emulator
    if recipe in _TAKEN:
        kind, name = _TAKEN[recipe]
        emulator.features.add(kind, account.id, _REGION, name)
    else:
        emulator.features.makes_role[RECIPES[recipe].definition.role_name] = False

    template = prepared(account, recipe)
    ended = account.deploy(template)

    assert ended.status == "ROLLBACK_COMPLETE", _story(account)
    reason = "already exists" if recipe in _TAKEN else "Unable to create service linked role"
    assert any(reason in each for each in ended.reasons), ended
    assert [entry.type for entry in _of(account, "event", "Delete")] == [_ROLE]
    assert _left(account) == []
    assert emulator.roles.of(account.id) == []
    tally("delivery", failed_creates=1)


@pytest.mark.parametrize(
    ("recipe", "code"),
    [
        *((name, "LimitExceeded") for name in RECIPES),
        ("voice", "InvalidInput"),
        ("existing-recording", "InvalidInput"),
    ],
)
def test_a_role_that_cannot_be_created_leaves_nothing(
    recipe: str, code: str, account: Account, tally: Callable[..., None]
) -> None:
    """The stack reports IAM's reason. Only IVS's role may be one that IAM cannot create."""
    template = prepared(account, recipe)
    refusal = Refusal(code, "IAM refuses.", 400)
    account.emulator.behaviour.fault = lambda _, call: (
        refusal if call.operation == "CreateServiceLinkedRole" else None
    )

    ended = account.deploy(template)

    if code == "InvalidInput" and recipe == "existing-recording":
        assert ended.succeeded, _story(account)
        assert account.destroy(template).succeeded
    else:
        assert ended.status == "ROLLBACK_COMPLETE", _story(account)
        assert any(f"{code}: IAM refuses." in each for each in ended.reasons), ended
        _assert_delete_after_failed_create(account, NOTHING_CREATED)
    assert _left(account) == []
    tally("delivery", failed_creates=1)


def test_a_role_that_was_created_before_its_create_failed_is_deleted(
    account: Account, tally: Callable[..., None]
) -> None:
    """IAM fails between creation and tagging; the description still marks the role as ours."""

    def fault(run: Run, call: Call) -> Fault | None:
        created = account.emulator.roles.of(account.id) != []
        reads = run.request == "Create" and call.operation == "GetRole"
        return Refusal("ServiceFailure", "Oops.", 500) if created and reads else None

    account.emulator.behaviour.fault = fault

    ended = account.deploy(prepared(account, "voice"))

    assert ended.status == "ROLLBACK_COMPLETE", _story(account)
    _assert_delete_after_failed_create(account, RECIPES["voice"].definition.role_name)
    assert left(account) == [], _story(account)
    tally("delivery", failed_creates=1)


def _send_delete(account: Account, event: Mapping[str, Any], physical_id: str) -> None:
    """Send a Delete as CloudFormation does, with the properties of an earlier event."""
    with account.emulator.paused() as actor, request_scope(account.id, _REGION):
        token = ACTOR.set(actor)
        try:
            custom_resource.invoke_custom_resource(
                "Delete",
                event["LogicalResourceId"],
                event["ResourceProperties"],
                event["StackId"].split("/")[1],
                event["StackId"],
                event["ResourceType"],
                physical_id,
            )
        finally:
            ACTOR.reset(token)


@pytest.mark.parametrize("recipe", RECIPES)
def test_deletes_of_resources_that_never_existed_do_nothing(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """A Delete with the id of a failed create makes no call; a generated id matches nothing."""
    template = prepared(account, recipe)
    assert account.deploy(template).succeeded
    creates = [entry.details["event"] for entry in reversed(_of(account, "event", "Create"))]

    before = len(_of(account, "call"))
    for event in creates:
        _send_delete(account, event, NOTHING_CREATED + event["LogicalResourceId"])
    assert len(_of(account, "call")) == before, _story(account)

    # CloudFormation generates an id if no response came; the second Delete finds no resource
    for _ in range(2):
        for event in creates:
            _send_delete(account, event, f"{event['LogicalResourceId']}-1ABCDEFGHIJKL")
    assert {entry.details["status"] for entry in _of(account, "response")} == {"SUCCESS"}
    assert account.destroy(template).succeeded, _story(account)
    assert _left(account) == [], _story(account)
    tally("delivery", deletes_of_nothing=3 * len(creates))


def _delete_owners(account: Account) -> int:
    """Delete all owners of an account manually, even with enabled features; return the number."""
    emulator = account.emulator
    owners = [
        (kind, target)
        for kind in _DELETIONS
        for target in emulator.features._targets.values()
        if target.kind is kind and target.account == account.id
    ]
    for kind, target in owners:
        service, operation = _DELETIONS[kind]
        emulator.features.handle(
            ServiceCall(service, operation, {kind.id_member: target.id}, account.id, _REGION)
        )
    return len(owners)


@pytest.mark.parametrize("role_usage", ["ends", "stays"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_manually_deleted_owners_cause_no_error(
    recipe: str, role_usage: str, account: Account, tally: Callable[..., None]
) -> None:
    """The stack is deleted; so is the role if the service ends its usage with the owner."""
    template = prepared(account, recipe)
    assert account.deploy(template).succeeded
    deleted = _delete_owners(account)
    role_name = RECIPES[recipe].definition.role_name
    used = account.emulator.features.uses(account.id, role_name)
    # only IVS's recording configuration uses the role, and its deletion ends the usage
    assert bool(used) != ("recording" in recipe)
    if role_usage == "ends":
        for arn in used.pop(_REGION, []):
            account.emulator.features.remove_use(account.id, role_name, _REGION, arn)

    assert account.destroy(template).succeeded, _story(account)

    if not used:
        assert _left(account) == [], _story(account)
    else:
        (arn,) = used[_REGION]
        (response,) = (each for each in _of(account, "response", "Delete") if each.type == _ROLE)
        assert f"is kept: it is in use in {_REGION}: {arn}" in response.details["reason"]
        assert account.emulator.roles.of(account.id) == [role_name]
    tally("delivery", owners_deleted_manually=deleted)


def _run_to_the_end(account: Account, begin: Callable[[], list[Begun]]) -> None:
    """Begin operations, and wait until every delivery of every event has ended."""
    emulator = account.emulator
    with emulator.paused() as actor:
        begun = begin()
        emulator.clock.sleep(actor, _LATER)
    failed = [ended for ended in (each.end() for each in begun) if not ended.succeeded]
    assert failed == [], _story(account)


def _live(account: Account, stacks: list[Template]) -> None:
    _run_to_the_end(account, lambda: [account.begin_deploy(each) for each in stacks])
    _run_to_the_end(account, lambda: [account.begin_deploy(changed(each)) for each in stacks])
    _run_to_the_end(account, lambda: [account.begin_destroy(each) for each in stacks])


def _latencies(seed: int) -> Callable[[], float]:
    drawn = random.Random(seed)  # noqa: S311 - no secret: it must be the same in every run
    return lambda: drawn.choice((0.01, 0.1, 0.5, 1.0, 4.0))


def _broken(account: Account) -> list[str]:
    # the function's log group is deleted with the stack; later lines of a second run are lost
    entries = account.emulator.journal.of(account.id)
    return broken([entry for entry in entries if entry.what != "lost log"])


@pytest.mark.parametrize(
    ("recipe", "deliveries"),
    [(recipe, 3 if recipe.startswith("existing-") else 2) for recipe in RECIPES],
)
def test_repeated_events_cause_no_error(
    recipe: str, deliveries: int, account: Account, tally: Callable[..., None]
) -> None:
    """In deploy, update and destroy, the runs of every event are interleaved."""
    template = prepared(account, recipe)
    behaviour = account.emulator.behaviour
    behaviour.deliveries = deliveries
    behaviour.call_seconds = _latencies(deliveries)

    _live(account, [template])

    assert _broken(account) == [], _story(account)
    assert _left(account) == [], _story(account)
    events = len(_of(account, "event"))
    tally("delivery", events=events, deliveries=events * deliveries)


@pytest.mark.parametrize(("deliveries", "seed"), [(2, 0), (3, 1)])
def test_repeated_events_of_the_sample_app_cause_no_error(
    deliveries: int,
    seed: int,
    account: Account,
    sample_app: Mapping[str, Template],
    tally: Callable[..., None],
) -> None:
    """Five stacks run at the same time, with their resources and calls in random order."""
    behaviour = account.emulator.behaviour
    behaviour.deliveries = deliveries
    behaviour.call_seconds = _latencies(seed)
    behaviour.order_seed = str(seed)
    behaviour.creates_every_role = True

    _live(account, list(sample_app.values()))

    assert _broken(account) == [], _story(account)
    assert left(account) == [], _story(account)
    events = len(_of(account, "event"))
    tally("delivery", events=events, deliveries=events * deliveries)
