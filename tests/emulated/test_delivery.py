"""Creates that fail, deletes of what never was or is gone, and events that come more than once.

AWS's word: a failed create is followed by a Delete with the id of the answer, and Lambda delivers
an event at least once. Our model: which refusals a service has for a put, and that the deliveries
of one event start at the same moment.
"""

from __future__ import annotations

import copy
import dataclasses
import random
from typing import TYPE_CHECKING, Any

import pytest
from ministack.core.responses import request_scope
from ministack.services.cloudformation import custom_resource

from slr_constructs.handler.slr_handler.lifecycle import NOTHING_MADE
from tests.emulated.emulator.behaviour import Refusal
from tests.emulated.emulator.custom_resources import ACTOR
from tests.emulated.recipes import prepared
from tests.emulated.verdict import broken, left
from tests.fake_services import features
from tests.fake_services.wire import Call as Asked
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.emulator.journal import Entry
    from tests.emulated.stacks import Account, Begun, Template
    from tests.fake_services.features import Kind
    from tests.fake_services.wire import Call

_REGION = "us-east-1"
_ROLE = "Custom::ServiceLinkedRole"
#: longer than any run may take, and its two further tries.
_LATER = 3600

#: for each recipe whose feature the function puts: what the service says to the put.
_PUT_REFUSED = {
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

#: for each recipe whose owner is given its feature by CloudFormation: what has its name already.
_TAKEN: dict[str, tuple[Kind, str]] = {
    "sessions": (features.PLAYBACK_CONFIGURATION, "ads"),
    "as-run": (features.LINEAR_CHANNEL, "linear"),
    "live": (features.LIVE_CHANNEL, "a"),
    "vod": (features.PACKAGING_GROUP, "a"),
}

#: what deletes an owner, in the order in which its service allows it.
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
    told = account.emulator.journal.of(account.id, "call", "answer", "switch", "role", "ended")
    return "\n".join(str(entry)[:300] for entry in told)


def _of(account: Account, what: str, request: str = "") -> list[Entry]:
    return [
        entry
        for entry in account.emulator.journal.of(account.id, what)
        if request in {"", entry.action}
    ]


def _left(account: Account) -> list[str]:
    # the things that were there before the stack, and the role that IVS makes for itself
    theirs = ("(off)", "AWSServiceRoleForIVSRecordToS3")
    return [each for each in left(account) if not each.endswith(theirs)]


def _put_refused(refusal: Refusal) -> Callable[[Run, Call], Fault | None]:
    """Refuse what switches a feature on."""

    def fault(run: Run, call: Call) -> Fault | None:
        creates = run.request == "Create" and run.type != _ROLE
        return refusal if creates and not call.operation.startswith("Get") else None

    return fault


def _take_back_is_asked_for(account: Account, marks: str) -> None:
    """Hold that the one create that failed was followed by a Delete with its answer's id."""
    (failed,) = (entry for entry in _of(account, "answer") if entry.details["status"] == "FAILED")
    assert failed.action == "Create"
    assert failed.details["physical_id"].startswith(marks), _story(account)
    deletes = [
        entry.details["event"]["PhysicalResourceId"]
        for entry in _of(account, "event", "Delete")
        if entry.logical_id == failed.logical_id
    ]
    assert deletes == [failed.details["physical_id"]], _story(account)


@pytest.mark.parametrize("recipe", _PUT_REFUSED)
def test_a_put_that_the_service_refuses_leaves_nothing(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """The reason is the service's, and the Delete that follows is for nothing: no call is made."""
    template = prepared(account, recipe)
    code, status = _PUT_REFUSED[recipe]
    refusal = Refusal(code, "The service has its reasons.", status)
    account.emulator.behaviour.fault = _put_refused(refusal)

    ended = account.deploy(template)

    assert ended.status == "ROLLBACK_COMPLETE", _story(account)
    assert any(f"{code}: The service has its reasons." in each for each in ended.reasons), ended
    _take_back_is_asked_for(account, NOTHING_MADE)
    calls = [entry for entry in _of(account, "call") if entry.type != _ROLE]
    assert {entry.details["request"] for entry in calls} == {"Create"}, _story(account)
    assert _left(account) == []
    assert account.destroy(template).well
    tally("delivery", failed_creates=1)


@pytest.mark.parametrize("recipe", _PUT_REFUSED)
def test_a_put_that_may_have_been_done_is_taken_back(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """The service fails for as long as anybody waits: the Delete is for the thing itself."""
    template = prepared(account, recipe)
    account.emulator.behaviour.fault = _put_refused(Refusal("InternalFailure", "Oops.", 500))

    ended = account.deploy(template)

    assert ended.status == "ROLLBACK_COMPLETE", _story(account)
    assert any("InternalFailure: Oops." in each for each in ended.reasons), ended
    _take_back_is_asked_for(account, "")
    calls = [entry for entry in _of(account, "call") if entry.type != _ROLE]
    assert {entry.details["request"] for entry in calls} == {"Create", "Delete"}, _story(account)
    assert _left(account) == []
    tally("delivery", failed_creates=1)


@pytest.mark.parametrize("recipe", [*_TAKEN, "recording"])
def test_an_owner_that_cannot_be_made_leaves_nothing(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """The owner's name is taken, or its service cannot make the role: the role goes again."""
    emulator = account.emulator
    if recipe in _TAKEN:
        kind, name = _TAKEN[recipe]
        emulator.features.add(kind, account.id, _REGION, name)
    else:
        emulator.features.makes_role[RECIPES[recipe].definition.role_name] = False

    template = prepared(account, recipe)
    ended = account.deploy(template)

    assert ended.status == "ROLLBACK_COMPLETE", _story(account)
    why = "already exists" if recipe in _TAKEN else "Unable to create service linked role"
    assert any(why in each for each in ended.reasons), ended
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
def test_a_role_that_cannot_be_made_leaves_nothing(
    recipe: str, code: str, account: Account, tally: Callable[..., None]
) -> None:
    """IAM has its reasons too; of IVS's role it is known that IAM may not make it."""
    template = prepared(account, recipe)
    refusal = Refusal(code, "IAM has its reasons.", 400)
    account.emulator.behaviour.fault = lambda _, call: (
        refusal if call.operation == "CreateServiceLinkedRole" else None
    )

    ended = account.deploy(template)

    if code == "InvalidInput" and recipe == "existing-recording":
        assert ended.well, _story(account)
        assert account.destroy(template).well
    else:
        assert ended.status == "ROLLBACK_COMPLETE", _story(account)
        assert any(f"{code}: IAM has its reasons." in each for each in ended.reasons), ended
        _take_back_is_asked_for(account, NOTHING_MADE)
    assert _left(account) == []
    tally("delivery", failed_creates=1)


def test_a_role_that_was_made_before_its_create_failed_goes_again(
    account: Account, tally: Callable[..., None]
) -> None:
    """IAM fails between making the role and tagging it; its description still tells whose it is."""

    def fault(run: Run, call: Call) -> Fault | None:
        made = account.emulator.roles.of(account.id) != []
        reads = run.request == "Create" and call.operation == "GetRole"
        return Refusal("ServiceFailure", "Oops.", 500) if made and reads else None

    account.emulator.behaviour.fault = fault

    ended = account.deploy(prepared(account, "voice"))

    assert ended.status == "ROLLBACK_COMPLETE", _story(account)
    _take_back_is_asked_for(account, RECIPES["voice"].definition.role_name)
    assert left(account) == [], _story(account)
    tally("delivery", failed_creates=1)


def _ask_delete(account: Account, event: Mapping[str, Any], physical_id: str) -> None:
    """Send a Delete as CloudFormation does, with the properties of an event that was sent."""
    with account.emulator.standing_still() as actor, request_scope(account.id, _REGION):
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
def test_deletes_of_what_never_was_do_nothing(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """A Delete with the mark of nothing calls nobody; one with a made-up id finds nothing."""
    template = prepared(account, recipe)
    assert account.deploy(template).well
    creates = [entry.details["event"] for entry in reversed(_of(account, "event", "Create"))]

    before = len(_of(account, "call"))
    for event in creates:
        _ask_delete(account, event, NOTHING_MADE + event["LogicalResourceId"])
    assert len(_of(account, "call")) == before, _story(account)

    # CloudFormation makes up an id where no answer came; the second one is for what is not there
    for _ in range(2):
        for event in creates:
            _ask_delete(account, event, f"{event['LogicalResourceId']}-1ABCDEFGHIJKL")
    assert {entry.details["status"] for entry in _of(account, "answer")} == {"SUCCESS"}
    assert account.destroy(template).well, _story(account)
    assert _left(account) == [], _story(account)
    tally("delivery", deletes_of_nothing=3 * len(creates))


def _delete_owners(account: Account) -> int:
    """Delete every thing of an account by hand, whatever of it is on; return how many."""
    emulator = account.emulator
    owners = [
        (kind, thing)
        for kind in _DELETIONS
        for thing in emulator.features._things.values()
        if thing.kind is kind and thing.account == account.id
    ]
    for kind, thing in owners:
        service, operation = _DELETIONS[kind]
        emulator.features.handle(
            Asked(service, operation, {kind.id_member: thing.id}, account.id, _REGION)
        )
    return len(owners)


@pytest.mark.parametrize("service", ["lets go", "does not let go"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_owners_deleted_by_hand_are_no_error(
    recipe: str, service: str, account: Account, tally: Callable[..., None]
) -> None:
    """The stack goes all the same; the role too, if the service lets go of it with its thing."""
    template = prepared(account, recipe)
    assert account.deploy(template).well
    deleted = _delete_owners(account)
    role_name = RECIPES[recipe].definition.role_name
    used = account.emulator.features.uses(account.id, role_name)
    # IVS's recording configuration is all that uses the role, and lets go of it
    assert bool(used) != ("recording" in recipe)
    if service == "lets go":
        for arn in used.pop(_REGION, []):
            account.emulator.features.remove_use(account.id, role_name, _REGION, arn)

    assert account.destroy(template).well, _story(account)

    if not used:
        assert _left(account) == [], _story(account)
    else:
        (arn,) = used[_REGION]
        (answer,) = (each for each in _of(account, "answer", "Delete") if each.type == _ROLE)
        assert f"is kept: it is in use in {_REGION}: {arn}" in answer.details["reason"]
        assert account.emulator.roles.of(account.id) == [role_name]
    tally("delivery", owners_deleted_by_hand=deleted)


#: what an update changes, by type.
_CHANGES = {
    _ROLE: {"Description": "Another one"},
    "Custom::VoiceConnectorStreaming": {"DataRetentionInHours": 48},
    "AWS::IVS::RecordingConfiguration": {"Name": "another"},
    "Custom::MediaTailorSessionLogging": {"PercentEnabled": 50},
    "Custom::MediaPackageChannelLogging": {"Ingress": "OFF"},
    "Custom::MediaPackagePackagingGroupLogging": {"Egress": "/aws/MediaPackage/another"},
    "Custom::MediaTailorLogRetention": {"RetentionInDays": 7},
}


def _changed(template: Template) -> Template:
    body = copy.deepcopy(dict(template.body))
    for resource in body["Resources"].values():
        resource.setdefault("Properties", {}).update(_CHANGES.get(resource["Type"], {}))
    return dataclasses.replace(template, body=body)


def _until_all_is_quiet(account: Account, begin: Callable[[], list[Begun]]) -> None:
    """Begin something, and wait until every delivery of every event has ended."""
    emulator = account.emulator
    with emulator.standing_still() as actor:
        begun = begin()
        emulator.clock.sleep(actor, _LATER)
    wrong = [ended for ended in (each.end() for each in begun) if not ended.well]
    assert wrong == [], _story(account)


def _live(account: Account, stacks: list[Template]) -> None:
    _until_all_is_quiet(account, lambda: [account.begin_deploy(each) for each in stacks])
    _until_all_is_quiet(account, lambda: [account.begin_deploy(_changed(each)) for each in stacks])
    _until_all_is_quiet(account, lambda: [account.begin_destroy(each) for each in stacks])


def _latencies(seed: int) -> Callable[[], float]:
    drawn = random.Random(seed)  # noqa: S311 - no secret: it has to be the same every time
    return lambda: drawn.choice((0.01, 0.1, 0.5, 1.0, 4.0))


def _broken(account: Account) -> list[str]:
    # the function's log group goes with the stack, and what a second run says after that is lost
    told = account.emulator.journal.of(account.id)
    return broken([entry for entry in told if entry.what != "lost log"])


@pytest.mark.parametrize(
    ("recipe", "deliveries"),
    [(recipe, 3 if recipe.startswith("existing-") else 2) for recipe in RECIPES],
)
def test_events_that_come_more_than_once_are_no_error(
    recipe: str, deliveries: int, account: Account, tally: Callable[..., None]
) -> None:
    """Deploy, update and destroy, with every run interleaved with its doubles."""
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
def test_events_of_the_sample_app_that_come_more_than_once_are_no_error(
    deliveries: int,
    seed: int,
    account: Account,
    sample_app: Mapping[str, Template],
    tally: Callable[..., None],
) -> None:
    """Five stacks at the same time, in any order of their resources and calls."""
    behaviour = account.emulator.behaviour
    behaviour.deliveries = deliveries
    behaviour.call_seconds = _latencies(seed)
    behaviour.order_seed = str(seed)
    behaviour.makes_every_role = True

    _live(account, list(sample_app.values()))

    assert _broken(account) == [], _story(account)
    assert left(account) == [], _story(account)
    events = len(_of(account, "event"))
    tally("delivery", events=events, deliveries=events * deliveries)
