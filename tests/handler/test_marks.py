"""Owners outside of the stack: they are marked, and get back what they had before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import botocore.handlers
import pytest
from botocore.config import Config

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler.cloudformation import NOTHING_CREATED
from slr_constructs.handler.slr_handler.context import StackResource
from slr_constructs.handler.slr_handler.entrypoint import respond
from slr_constructs.handler.slr_handler.marks import MARK_TAG, digest_of
from slr_constructs.handler.slr_handler.operations import MARKED_FEATURES
from tests.fake_services import features as kinds
from tests.fake_services.wire import Refused
from tests.fake_services.world import World
from tests.handler.clocks import FakeClock
from tests.handler.events import ACCOUNT, request, stack_id
from tests.handler.owners import LEGACY, REGION, ROWS, VENDED, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.handler.slr_handler.cloudformation import Response
    from tests.fake_services.features import TargetResource
    from tests.fake_services.wire import Call
    from tests.handler.conftest import Logged

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
SESSIONS = next(row for row in ROWS if row.name == "sessions")
VOICE = next(row for row in ROWS if row.name == "voice")
RECORDING = next(row for row in ROWS if row.name == "recording")
LIVE = next(row for row in ROWS if row.name == "live")

FIRST, SECOND = stack_id("First"), stack_id("Second")


def test_every_marked_feature_has_a_row() -> None:
    """A feature without a row would miss the tests of this file."""
    assert {*MARKED_FEATURES} == {row.resource_type for row in ROWS}


@pytest.fixture
def world(
    monkeypatch: pytest.MonkeyPatch, use_clients: Callable[[Callable[..., Any]], None]
) -> World:
    """Give the handler the services of an account that has all roles."""
    world = World()
    account = world.account(ACCOUNT)
    for definition in catalogue.ALL:
        account.create(definition)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    connected = [*botocore.handlers.BUILTIN_HANDLERS, ("before-send", world.before_send)]
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", connected)
    once = Config(retries={"total_max_attempts": 1})
    use_clients(lambda service, *_: boto3.Session().client(service, config=once))
    for name in ("ours", "ours2", "theirs", "other"):
        world.features.add(kinds.RECORDING_CONFIGURATION, ACCOUNT, REGION, name)
    return world


class _Aws:
    """The requests of CloudFormation for one owner."""

    def __init__(self, row: Row, world: World) -> None:
        self.row, self.world = row, world

    def ask(
        self,
        kind: str,
        properties: dict[str, Any] | None = None,
        *,
        stack: str = FIRST,
        logical_id: str = "Thing",
        old: dict[str, Any] | None = None,
        physical_id: str | None = None,
        id: str = "",
    ) -> Response:
        """Send a request."""
        row = self.row
        identity = {row.named_by: id or row.id}
        return respond(
            request(
                kind,
                row.resource_type,
                identity | (row.asked if properties is None else properties),
                stack=stack,
                logical_id=logical_id,
                physical_resource_id=physical_id,
                old_properties=None if old is None else {row.named_by: row.id} | old,
            ),
            FakeClock(),
        )

    def create(self, properties: dict[str, Any] | None = None, **more: Any) -> str:  # noqa: ANN401
        """Create the custom resource; return its physical id."""
        response = self.ask("Create", properties, **more)
        assert not response.failed, response.reason
        return response.physical_resource_id

    def delete(
        self,
        physical_id: str,
        properties: dict[str, Any] | None = None,
        **more: Any,  # noqa: ANN401
    ) -> str:
        """Delete the custom resource; return the reason."""
        response = self.ask("Delete", properties, physical_id=physical_id, **more)
        assert not response.failed, response.reason
        return response.reason

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the owner, in which the order of lists does not count."""
        found: dict[str, Any] = _sorted(self.row.settings(self.world.features))
        return found

    @property
    def owner(self) -> TargetResource:
        """The owner."""
        found = self.world.features.find(self.row.kind, ACCOUNT, REGION, self.row.id)
        assert found is not None
        return found

    @property
    def marks(self) -> list[str]:
        """The stacks that have a mark on the owner."""
        tags = self.owner.tags
        return sorted(value for key, value in tags.items() if key.startswith(MARK_TAG))


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any data
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in sorted(value.items())}
    return sorted((_sorted(each) for each in value), key=str) if isinstance(value, list) else value


@pytest.fixture
def aws(row: Row, world: World) -> _Aws:
    """Return the owner, without settings."""
    row.add(world.features, row.nothing)
    return _Aws(row, world)


@pytest.fixture
def used(row: Row, world: World) -> _Aws:
    """Return the owner, with settings of others."""
    row.add(world.features, row.before)
    return _Aws(row, world)


def _set(aws: _Aws, settings: dict[str, Any]) -> None:
    """Change the settings of the owner outside of all stacks."""
    aws.owner.data = {**aws.owner.data, **settings}


def _refuse(world: World, *operations: str, code: str = "AccessDeniedException") -> None:
    def refuse(call: Call) -> None:
        if call.operation in operations:
            raise Refused(code, "AWS says no", 403)

    world.on_call = refuse


# one stack


@each_row
def test_an_owner_is_marked_while_the_feature_is_configured(aws: _Aws) -> None:
    """The mark has the id of the stack, and nothing of it is left."""
    physical_id = aws.create()

    assert (aws.settings, aws.marks) == (_sorted(aws.row.configured), [FIRST])

    aws.delete(physical_id)

    assert (aws.settings, aws.owner.tags) == (_sorted(aws.row.nothing), {})


@each_row
def test_the_settings_before_are_given_back(used: _Aws) -> None:
    """What the custom resource did not ask for stays as it is, meanwhile too."""
    physical_id = used.create()
    assert used.settings == _sorted(used.row.configured_after_before)

    used.delete(physical_id)

    assert (used.settings, used.owner.tags) == (_sorted(used.row.before), {})


@each_row
def test_tags_of_others_stay(used: _Aws) -> None:
    """Only the tags of this library are removed."""
    used.owner.set_tags({"team": "live", "aws:cloudformation:stack-id": "theirs"})

    used.delete(used.create())

    assert used.owner.tags == {"team": "live", "aws:cloudformation:stack-id": "theirs"}


@each_row
def test_an_update_does_not_overwrite_the_settings_before(used: _Aws) -> None:
    """It records nothing, whatever the owner has then."""
    physical_id = used.create()
    response = used.ask("Update", used.row.then, old=used.row.asked, physical_id=physical_id)
    assert (response.failed, response.physical_resource_id) == (False, physical_id)

    used.delete(physical_id, used.row.then)

    assert (used.settings, used.owner.tags) == (_sorted(used.row.before), {})


@each_row
def test_an_update_gives_back_what_is_no_longer_asked_for(used: _Aws) -> None:
    """After an update, the owner is as if the stack had been created so."""
    physical_id = used.create()
    used.ask("Update", used.row.then, old=used.row.asked, physical_id=physical_id)
    updated = used.settings
    used.delete(physical_id, used.row.then)
    used.create(used.row.then)

    assert used.settings == updated


@each_row
def test_an_update_that_rolls_back_gives_back_the_settings_of_the_stack(used: _Aws) -> None:
    """CloudFormation then updates to the old properties."""
    physical_id = used.create()
    used.ask("Update", used.row.then, old=used.row.asked, physical_id=physical_id)
    used.ask("Update", old=used.row.then, physical_id=physical_id)

    assert used.settings == _sorted(used.row.configured_after_before)
    used.delete(physical_id)
    assert used.settings == _sorted(used.row.before)


@each_row
def test_a_second_delivery_keeps_the_settings_before(used: _Aws) -> None:
    """Lambda delivers an event at least once."""
    used.create()
    physical_id = used.create()
    used.delete(physical_id)
    assert used.settings == _sorted(used.row.before)


@each_row
def test_what_others_changed_stays(used: _Aws) -> None:
    """Only a setting that is still as asked is given back."""
    physical_id = used.create()
    _set(used, used.row.changed)

    used.delete(physical_id)

    assert used.settings == _sorted(used.row.left)


@each_row
def test_a_deleted_owner_has_nothing_to_disable(used: _Aws) -> None:
    """The owner may be deleted before the stack."""
    physical_id = used.create()
    used.world.features.forget(ACCOUNT)

    assert "does not exist" in used.delete(physical_id)


# two stacks


@each_row
def test_a_second_stack_is_refused(used: _Aws) -> None:
    """The reason names the first stack, and the command that drops the mark of a deleted one."""
    physical_id = used.create()
    configured = used.settings

    response = used.ask("Create", used.row.then, stack=SECOND)

    assert response.failed
    assert response.physical_resource_id == f"{NOTHING_CREATED}Thing"
    assert response.reason.startswith("the stack First already configures ")
    assert response.reason.endswith(
        "Remove the feature from one of the stacks. If First was deleted, drop its mark with"
        " slr-constructs leases --marks --drop-deleted"
    )
    # even if the second stack's delete has an id that CloudFormation made up
    used.delete("made-up", used.row.then, stack=SECOND)
    assert (used.settings, used.marks) == (configured, [FIRST])
    used.delete(physical_id)
    assert used.settings == _sorted(used.row.before)


@each_row
def test_the_next_stack_can_configure_what_the_first_has_left(used: _Aws) -> None:
    """It finds the settings that were there before the first."""
    used.delete(used.create())
    physical_id = used.create(used.row.then, stack=SECOND)
    assert used.marks == [SECOND]

    used.delete(physical_id, used.row.then, stack=SECOND)

    assert (used.settings, used.owner.tags) == (_sorted(used.row.before), {})


@each_row
def test_two_stacks_at_the_same_time_cannot_both_succeed(used: _Aws) -> None:
    """The stack that reads the mark of another one after its own removes its own."""

    def arrive(call: Call) -> None:
        if call.operation == "TagResource":
            used.world.on_call = lambda _call: None
            used.owner.set_tags({f"{MARK_TAG}other": SECOND})

    used.world.on_call = arrive
    response = used.ask("Create")

    assert response.failed
    assert "the stack Second already configures" in response.reason
    assert (used.settings, used.marks) == (_sorted(used.row.before), [SECOND])
    used.delete(response.physical_resource_id)
    assert (used.settings, used.marks) == (_sorted(used.row.before), [SECOND])


# a renamed construct


@each_row
def test_a_renamed_construct_keeps_the_first_settings_before(used: _Aws) -> None:
    """CloudFormation creates the new resource, and then deletes the old one."""
    old = used.create()
    new = used.create(logical_id="Renamed")
    configured = used.settings
    used.delete(old)
    assert (used.settings, used.marks) == (configured, [FIRST])

    used.delete(new, logical_id="Renamed")

    assert (used.settings, used.owner.tags) == (_sorted(used.row.before), {})


@each_row
def test_a_renamed_construct_with_other_settings_leaves_none_of_the_old(used: _Aws) -> None:
    """The old resource gives back what the new one does not ask for."""
    old = used.create()
    new = used.create(used.row.then, logical_id="Renamed")
    used.delete(old)
    renamed = used.settings
    used.delete(new, used.row.then, logical_id="Renamed")
    assert (used.settings, used.owner.tags) == (_sorted(used.row.before), {})

    used.create(used.row.then)

    assert renamed == used.settings


@each_row
def test_a_rename_that_rolls_back_gives_back_the_settings_of_the_old_construct(used: _Aws) -> None:
    """CloudFormation deletes the new resource, and sends the old one nothing."""
    old = used.create()
    configured = used.settings
    new = used.create(used.row.then, logical_id="Renamed")

    used.delete(new, used.row.then, logical_id="Renamed")
    assert (used.settings, used.marks) == (configured, [FIRST])
    used.delete(old)

    assert (used.settings, used.owner.tags) == (_sorted(used.row.before), {})


# failures


@each_row
def test_an_update_to_another_owner_that_fails_changes_nothing_of_it(
    used: _Aws, row: Row, world: World
) -> None:
    """The other owner has the same settings as asked, but not from this stack."""
    physical_id = used.create()
    other = row.add(world.features, row.configured, "b" * 22)
    before = row.settings(world.features, other.id)
    _refuse(world, "TagResource", "UpdateChannel", "ConfigureLogs")
    other.set_tags({f"{MARK_TAG}other": SECOND})
    response = used.ask("Update", old=row.asked, physical_id=physical_id, id=other.id)
    assert response.failed
    assert row.settings(world.features, other.id) == before

    other.set_tags({})
    back = respond(
        request(
            "Update",
            row.resource_type,
            row.identity | row.asked,
            stack=FIRST,
            physical_resource_id=physical_id,
            old_properties={row.named_by: other.id} | row.asked,
        ),
        FakeClock(),
    )
    world.on_call = lambda _call: None

    assert row.settings(world.features, other.id) == before, back.reason


@each_row
def test_an_update_to_another_owner_that_rolls_back_gives_back_its_settings(
    used: _Aws, row: Row, world: World
) -> None:
    """CloudFormation updates back to the old owner, and deletes the new one or never names it."""
    physical_id = used.create()
    configured = used.settings
    other = row.add(world.features, row.before, "b" * 22)
    before = row.settings(world.features, other.id)
    used.ask("Update", old=row.asked, physical_id=physical_id, id=other.id)
    assert row.settings(world.features, other.id) != before or row.name == "as-run"

    back = request(
        "Update",
        row.resource_type,
        row.identity | row.asked,
        stack=FIRST,
        physical_resource_id=physical_id,
        old_properties={row.named_by: other.id} | row.asked,
    )
    assert not respond(back, FakeClock()).failed

    assert _sorted(row.settings(world.features, other.id)) == _sorted(before)
    assert (used.settings, used.marks) == (configured, [FIRST])
    assert other.tags == {}


@each_row
def test_the_delete_of_a_create_that_changed_nothing_changes_nothing(aws: _Aws) -> None:
    """The owner had the same settings before, but CloudFormation cancelled the create."""
    _set(aws, aws.row.configured)

    reason = aws.delete("made-up")

    assert reason.endswith("because this request did not change it")
    assert aws.settings == _sorted(aws.row.configured)


@each_row
def test_a_cancelled_create_gives_back_the_settings_before(used: _Aws) -> None:
    """CloudFormation made up the id of the delete."""
    used.create()

    used.delete("made-up")

    assert (used.settings, used.owner.tags) == (_sorted(used.row.before), {})


# without tags


@each_row
def test_without_the_permission_to_tag_the_feature_works(aws: _Aws, logged: Logged) -> None:
    """The log says what is not protected. The delete removes what is still as asked."""
    _refuse(aws.world, "TagResource", "UntagResource", "ListTagsForResource")

    physical_id = aws.create()
    assert (aws.settings, aws.marks) == (_sorted(aws.row.configured), [])
    (line,) = [each for each in logged() if each["event"] == "owner not marked"]
    assert line["code"] == "AccessDeniedException"
    assert line["unprotected"].startswith("another stack can configure the same feature")
    aws.delete(physical_id)

    assert aws.settings == _sorted(aws.row.nothing)


@each_row
def test_a_cancelled_create_without_the_permission_to_tag_leaves_nothing(aws: _Aws) -> None:
    """No mark can say that the owner was changed, so what is as asked is removed."""
    _refuse(aws.world, "TagResource", "UntagResource", "ListTagsForResource")
    aws.create()

    aws.delete("made-up")

    assert aws.settings == _sorted(aws.row.nothing)


@each_row
def test_without_its_mark_only_what_is_as_asked_is_removed(aws: _Aws) -> None:
    """The tool that manages the owner may have removed all tags that it does not know."""
    physical_id = aws.create()
    aws.owner.set_tags({})
    aws.delete(physical_id)
    assert aws.settings == _sorted(aws.row.nothing)

    physical_id = aws.create()
    aws.owner.set_tags({})
    _set(aws, aws.row.changed)
    aws.delete(physical_id)

    kept = aws.settings
    assert set(kept) == set(_sorted(aws.row.changed))


@each_row
def test_an_update_after_the_mark_vanished_does_not_record_settings_of_the_stack(
    aws: _Aws,
) -> None:
    """Otherwise the delete would give back what the stack had configured."""
    physical_id = aws.create()
    aws.owner.set_tags({})
    aws.ask("Update", aws.row.then, old=aws.row.asked, physical_id=physical_id)

    aws.delete(physical_id, aws.row.then)

    assert (aws.settings, aws.owner.tags) == (_sorted(aws.row.nothing), {})


@each_row
def test_settings_before_that_do_not_fit_are_not_given_back(used: _Aws, logged: Logged) -> None:
    """The mark needs one tag, and the log says what is lost."""
    used.owner.set_tags({f"tag{number}": "theirs" for number in range(49)})
    physical_id = used.create()
    assert (len(used.owner.tags), used.marks) == (50, [FIRST])
    (line,) = [each for each in logged() if each["event"] == "settings before not recorded"]
    assert "the owner has room for 0" in line["reason"]

    used.delete(physical_id)

    assert len(used.owner.tags) == 49


@each_row
def test_an_owner_without_room_for_a_mark_works(used: _Aws, logged: Logged) -> None:
    """Its 50 tags belong to others."""
    used.owner.set_tags({f"tag{number}": "theirs" for number in range(50)})
    physical_id = used.create()
    assert used.settings == _sorted(used.row.configured_after_before)
    assert "owner not marked" in {each["event"] for each in logged()}

    used.delete(physical_id)

    assert len(used.owner.tags) == 50


@each_row
def test_settings_before_that_lost_a_tag_are_not_given_back(used: _Aws) -> None:
    """A part of them would be wrong."""
    physical_id = used.create()
    used.owner.set_tags({key: value for key, value in used.owner.tags.items() if MARK_TAG in key})

    used.delete(physical_id)

    assert used.owner.tags == {}


@each_row
def test_settings_before_of_a_mark_that_vanished_are_replaced(used: _Aws) -> None:
    """They may be of another time."""
    physical_id = used.create()
    stale = {key: each for key, each in used.owner.tags.items() if MARK_TAG not in key}
    used.delete(physical_id)
    used.owner.set_tags(stale)

    used.delete(used.create(stack=SECOND), stack=SECOND)

    assert (used.settings, used.owner.tags) == (_sorted(used.row.before), {})


# single features


@pytest.mark.parametrize("row", [SESSIONS], ids=["sessions"])
def test_vended_logs_of_others_stay(used: _Aws) -> None:
    """Asking for legacy logs adds a strategy, and takes none away."""
    asked = {"PercentEnabled": "10", "EnabledLoggingStrategies": [LEGACY]}
    physical_id = used.create(asked)
    assert used.owner.data["LogConfiguration"]["EnabledLoggingStrategies"] == [LEGACY, VENDED]

    used.delete(physical_id, asked)

    assert used.settings == _sorted(used.row.before)


@pytest.mark.parametrize("row", [SESSIONS], ids=["sessions"])
def test_a_strategy_that_others_add_keeps_its_percentage(aws: _Aws) -> None:
    """All strategies share the percentage."""
    physical_id = aws.create()
    logs = aws.owner.data["LogConfiguration"]
    _set(aws, {"LogConfiguration": {**logs, "EnabledLoggingStrategies": [LEGACY, VENDED]}})
    aws.owner.set_tags({})

    aws.delete(physical_id)

    assert aws.settings == {
        "LogConfiguration": {"PercentEnabled": 10, "EnabledLoggingStrategies": [VENDED]}
    }


@pytest.mark.parametrize("row", [SESSIONS], ids=["sessions"])
def test_an_owner_that_never_had_logs_is_left_with_none(row: Row, world: World) -> None:
    """A log configuration cannot be deleted, so the percentage is 0."""
    row.add(world.features, {})
    aws = _Aws(row, world)

    aws.delete(aws.create())

    assert aws.settings == _sorted(row.nothing)


@pytest.mark.parametrize("row", [VOICE], ids=["voice"])
def test_a_notification_target_that_others_add_keeps_the_configuration(aws: _Aws) -> None:
    """Only our own target is removed."""
    physical_id = aws.create()
    streaming = aws.owner.data["StreamingConfiguration"]
    targets = [*streaming["StreamingNotificationTargets"], {"NotificationTarget": "SNS"}]
    _set(aws, {"StreamingConfiguration": {**streaming, "StreamingNotificationTargets": targets}})

    aws.delete(physical_id)

    assert aws.owner.data["StreamingConfiguration"] == {
        "DataRetentionInHours": 24,
        "Disabled": False,
        "StreamingNotificationTargets": [{"NotificationTarget": "SNS"}],
    }


@pytest.mark.parametrize("row", [VOICE], ids=["voice"])
def test_a_configuration_without_targets_is_given_back(aws: _Aws) -> None:
    """The service does not accept an empty list of targets."""
    before = {"StreamingConfiguration": {"DataRetentionInHours": 1, "Disabled": True}}
    _set(aws, before)

    aws.delete(aws.create())

    assert aws.settings == before


@pytest.mark.parametrize("row", [LIVE], ids=["live"])
@pytest.mark.parametrize("ours", [True, False], ids=["default", "other"])
def test_a_default_log_group_may_be_shown_by_its_name(aws: _Aws, *, ours: bool) -> None:
    """AWS does not document how it is shown."""
    physical_id = aws.create()
    group = {"LogGroupName": f"/aws/MediaPackage/{'IngressAccessLogs' if ours else 'other'}"}
    _set(aws, {"IngressAccessLogs": group})

    aws.delete(physical_id)

    assert aws.settings == ({} if ours else {"IngressAccessLogs": group})


@pytest.mark.parametrize("row", [RECORDING], ids=["recording"])
def test_settings_before_that_the_service_refuses_are_not_given_back(
    used: _Aws, logged: Logged
) -> None:
    """The recording configuration before was deleted meanwhile."""
    physical_id = used.create()
    theirs = used.row.before["recordingConfigurationArn"]
    used.world.features._targets.pop((kinds.RECORDING_CONFIGURATION, ACCOUNT, REGION, theirs))

    reason = used.delete(physical_id)

    assert reason == f"recording of {used.row.id} is disabled"
    assert used.settings == used.row.nothing
    assert "settings before not given back" in {each["event"] for each in logged()}


@each_row
def test_a_delete_without_properties_gives_back_the_settings_before(used: _Aws) -> None:
    """They may be of another version of the library."""
    physical_id = used.create()
    bare = {"OutsideOfStack": "true"} if "OutsideOfStack" in used.row.asked else {}

    used.delete(physical_id, bare)

    assert (used.settings, used.owner.tags) == (_sorted(used.row.before), {})


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.name != "as-run"], ids=lambda row: row.name
)
def test_a_delete_without_properties_and_mark_changes_nothing(used: _Aws) -> None:
    """It is not known which settings are of this stack, if the feature has more than one."""
    physical_id = used.create()
    used.owner.set_tags({})
    bare = {"OutsideOfStack": "true"} if "OutsideOfStack" in used.row.asked else {}

    reason = used.delete(physical_id, bare)

    assert reason.endswith("stays as it is, because it is not known what was asked for")
    assert used.settings == _sorted(used.row.configured_after_before)


@each_row
def test_a_renamed_construct_without_settings_before_disables_the_feature(aws: _Aws) -> None:
    """The first settings before did not fit into the tags, so they do not become those found."""
    aws.owner.set_tags({f"tag{number}": "theirs" for number in range(49)})
    old = aws.create()
    aws.owner.set_tags({key: each for key, each in aws.owner.tags.items() if "tag" not in key})
    new = aws.create(logical_id="Renamed")
    aws.delete(old)

    aws.delete(new, logical_id="Renamed")

    assert (aws.settings, aws.owner.tags) == (_sorted(aws.row.nothing), {})


@each_row
def test_a_renamed_construct_whose_old_mark_vanished_disables_the_feature(aws: _Aws) -> None:
    """What it found are settings of its own stack."""
    aws.create()
    new = aws.create(logical_id="Renamed")
    tags = aws.owner.tags
    (mark,) = [key for key in tags if key.startswith(MARK_TAG) and _is_of(key, "Thing")]
    aws.owner.set_tags({key: each for key, each in tags.items() if key != mark})

    aws.delete(new, logical_id="Renamed")

    assert aws.settings == _sorted(aws.row.nothing)


def _is_of(key: str, logical_id: str) -> bool:
    return key == MARK_TAG + digest_of(StackResource(FIRST, logical_id))
