"""CloudFormation cancels a request, or Lambda delivers it late or twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.aws import SETTLED_SECONDS
from slr_constructs.handler.slr_handler.entrypoint import respond
from tests.handler.events import request
from tests.handler.lifecycles import LIFECYCLES, Lifecycle
from tests.handler.rollbacks import Rollback

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.handler.slr_handler.cloudformation import Response
    from tests.handler.clocks import FakeClock
    from tests.handler.stack_status import StackStatus
    from tests.handler.stubbed import StubbedAws

VOICE = next(row for row in LIFECYCLES if row.resource_type == "Custom::VoiceConnectorStreaming")
CONFIGURES = [row for row in LIFECYCLES if not row.resource_type.endswith("CleanUp")]
READS = ("get_", "list_", "describe_")
NOT_WANTED = ["CREATE_FAILED", "CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"]


def _id_of(lifecycle: Lifecycle) -> str:
    return lifecycle.resource_type


def _reads(lifecycle: Lifecycle) -> list[Any]:
    """Return the expected calls before the first change."""
    calls = lifecycle.configure(lifecycle.name)
    first = next(n for n, call in enumerate(calls) if not call.method.startswith(READS))
    return calls[:first]


@pytest.mark.parametrize("lifecycle", CONFIGURES, ids=_id_of)
@pytest.mark.parametrize("status", NOT_WANTED)
def test_a_create_that_is_not_wanted_changes_nothing(
    lifecycle: Lifecycle,
    status: str,
    stubs: StubbedAws,
    stack_status: StackStatus,
    clock: FakeClock,
) -> None:
    """It was cancelled, or its response came from another run, or its delete has begun."""
    stack_status.resource = status
    stubs.expect(_reads(lifecycle))

    response = respond(request("Create", lifecycle.resource_type, lifecycle.properties), clock)

    assert response.failed
    assert response.reason == (
        "CloudFormation no longer waits for the create of Thing, because its status is"
        f" {status}. Nothing more was changed"
    )
    assert response.physical_resource_id == "nothing-created:Thing"
    stubs.assert_all_called()


@pytest.mark.parametrize("lifecycle", CONFIGURES, ids=_id_of)
def test_each_attempt_of_a_change_asks_again(
    lifecycle: Lifecycle, stubs: StubbedAws, stack_status: StackStatus, clock: FakeClock
) -> None:
    """The request may be cancelled while the function waits."""
    calls = lifecycle.configure(lifecycle.name)
    changes = [call for call in calls if not call.method.startswith(READS)]
    for call in calls:
        busy = call.refuse("ThrottlingException", 400, times=2) if call in changes else []
        stubs.expect([*busy, call])

    response = respond(request("Create", lifecycle.resource_type, lifecycle.properties), clock)

    assert not response.failed, response.reason
    assert stack_status.questions == ["DescribeStackResource"] * 3 * len(changes)


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=_id_of)
def test_a_delete_asks_only_whether_the_stack_rolls_back(
    lifecycle: Lifecycle, stubs: StubbedAws, stack_status: StackStatus, clock: FakeClock
) -> None:
    """A clean-up resource has changed nothing before, so it need not ask at all."""
    stubs.expect(lifecycle.remove(lifecycle.name))

    response = _delete(lifecycle, lifecycle.physical_id, clock)

    assert not response.failed, response.reason
    asks = [] if lifecycle.resource_type.endswith("CleanUp") else ["DescribeStacks"]
    assert stack_status.questions == asks
    assert SETTLED_SECONDS not in clock.waits


def _delete(lifecycle: Lifecycle, physical_id: str, clock: FakeClock) -> Response:
    delete = request(
        "Delete",
        lifecycle.resource_type,
        lifecycle.properties,
        physical_resource_id=physical_id,
    )
    return respond(delete, clock)


@pytest.mark.parametrize("lifecycle", CONFIGURES, ids=_id_of)
@pytest.mark.parametrize("made_up", [True, False], ids=["made-up", "rollback"])
def test_a_delete_waits_for_a_create_that_may_still_run(
    lifecycle: Lifecycle,
    stubs: StubbedAws,
    stack_status: StackStatus,
    clock: FakeClock,
    *,
    made_up: bool,
) -> None:
    """CloudFormation made up the id, or a second run of the create may be in progress."""
    stubs.expect(lifecycle.remove(lifecycle.name))
    if not made_up:
        stack_status.stack = "ROLLBACK_IN_PROGRESS"

    response = _delete(lifecycle, "Stack-Thing-1QX" if made_up else lifecycle.physical_id, clock)

    assert not response.failed, response.reason
    assert clock.waits[0] == SETTLED_SECONDS
    stubs.assert_all_called()


def test_a_delete_of_a_clean_up_resource_never_waits(
    stubs: StubbedAws, stack_status: StackStatus, clock: FakeClock
) -> None:
    """Its create changes nothing."""
    (lifecycle,) = (row for row in LIFECYCLES if "AsRunLoggingCleanUp" in row.resource_type)
    stack_status.stack = "ROLLBACK_IN_PROGRESS"
    stubs.expect(lifecycle.remove(lifecycle.name))

    assert not _delete(lifecycle, "Stack-Thing-1QX", clock).failed
    assert clock.elapsed == 0


def _update(
    clock: FakeClock, properties: dict[str, Any], physical_id: str, old: dict[str, Any]
) -> Response:
    update = request(
        "Update",
        VOICE.resource_type,
        properties,
        physical_resource_id=physical_id,
        old_properties=old,
    )
    return respond(update, clock)


def test_the_rollback_of_an_update_removes_the_other_target(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """CloudFormation names it only in the old properties, and never deletes it."""
    stubs.expect([*VOICE.remove(VOICE.other_owner), *VOICE.configure(VOICE.name)])

    response = _update(clock, VOICE.properties, VOICE.physical_id, VOICE.other_properties)

    assert not response.failed, response.reason
    assert response.physical_resource_id == VOICE.physical_id
    assert clock.waits == [SETTLED_SECONDS]
    stubs.assert_all_called()


def test_the_rollback_of_an_update_succeeds_if_the_other_target_cannot_be_removed(
    stubs: StubbedAws, clock: FakeClock, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    """The reason is in the log."""
    (delete, _) = VOICE.remove(VOICE.other_owner)
    stubs.expect([*delete.refuse("BadRequestException", 400), *VOICE.configure(VOICE.name)])

    response = _update(clock, VOICE.properties, VOICE.physical_id, VOICE.other_properties)

    assert not response.failed, response.reason
    (line,) = [line for line in logged() if line["event"] == "not undone"]
    assert line["physical_resource_id"] == VOICE.other_physical_id


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"])
def test_an_update_to_another_target_waits_only_in_a_rollback(
    status: str, stubs: StubbedAws, stack_status: StackStatus, clock: FakeClock
) -> None:
    """In a rollback it may be a late run of the cancelled update."""
    stack_status.stack = status
    stubs.expect(VOICE.configure(VOICE.name))

    response = _update(clock, VOICE.properties, VOICE.other_physical_id, VOICE.other_properties)

    assert not response.failed, response.reason
    assert bool(clock.waits) is ("ROLLBACK" in status)
    assert all(each > SETTLED_SECONDS + 60 for each in clock.waits)


def test_an_update_of_the_same_target_does_not_wait(
    stubs: StubbedAws, stack_status: StackStatus, clock: FakeClock
) -> None:
    """A rollback configures it again."""
    stack_status.stack = "UPDATE_ROLLBACK_IN_PROGRESS"
    stubs.expect(VOICE.configure(VOICE.name))

    response = _update(
        clock, VOICE.properties, VOICE.physical_id, {**VOICE.properties, "Enabled": "false"}
    )

    assert not response.failed, response.reason
    assert clock.elapsed == 0


def test_an_update_whose_stack_begins_to_roll_back_changes_nothing_more(
    stubs: StubbedAws, stack_status: StackStatus, clock: FakeClock
) -> None:
    """The status of its resource is that of the rollback's own update."""
    (put,) = VOICE.configure(VOICE.name)
    stubs.expect(put.refuse("ThrottlingException", 400))
    stack_status.stack = "UPDATE_IN_PROGRESS"
    wait = clock.wait

    def roll_back(seconds: float) -> None:
        stack_status.stack = "UPDATE_ROLLBACK_IN_PROGRESS"
        wait(seconds)

    clock.wait = roll_back  # type: ignore[method-assign]
    response = _update(clock, VOICE.properties, VOICE.physical_id, VOICE.properties)

    assert response.failed
    assert response.reason.startswith(
        "CloudFormation no longer waits for the update of Thing, because its stack rolls back"
    )


@pytest.mark.parametrize(
    "status", ["UPDATE_COMPLETE", "UPDATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
)
def test_a_late_update_changes_nothing(
    status: str, stubs: StubbedAws, stack_status: StackStatus, clock: FakeClock
) -> None:
    """CloudFormation has another state of the resource by now."""
    stack_status.resource = status

    response = _update(clock, VOICE.properties, VOICE.physical_id, VOICE.properties)

    assert response.failed
    assert f"because its status is {status}" in response.reason
    stubs.assert_all_called()


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling", "ValidationError"])
def test_without_an_answer_a_request_is_wanted(
    code: str,
    stubs: StubbedAws,
    stack_status: StackStatus,
    clock: FakeClock,
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    """The permission may have been taken away. The log says so, once."""
    stack_status.refused = code
    (put,) = VOICE.configure(VOICE.name)
    stubs.expect([*put.refuse("ConcurrentModification", 409), put])

    response = respond(request("Create", VOICE.resource_type, VOICE.properties), clock)

    assert not response.failed, response.reason
    (line,) = [line for line in logged() if line["event"] == "cancellation not noticed"]
    assert (line["code"], line["message"]) == (code, "CloudFormation says no")
    assert clock.elapsed <= {"AccessDenied": 40, "Throttling": 30}.get(code, 0) + 1


def test_a_delete_does_not_wait_for_permissions_to_ask(
    stubs: StubbedAws, stack_status: StackStatus, clock: FakeClock
) -> None:
    """Its permissions are not new, so a denial is permanent."""
    stack_status.refused = "AccessDenied"
    stubs.expect(VOICE.remove(VOICE.name))

    assert not _delete(VOICE, VOICE.physical_id, clock).failed
    assert clock.elapsed == 0


@pytest.mark.parametrize("first", range(0, 120, 20))
def test_a_cancelled_operation_leaves_nothing(first: int) -> None:
    """Each seed plays one operation that fails. `make test-emulated` plays many more."""
    for seed in range(first, first + 20):
        try:
            Rollback(seed).play()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
