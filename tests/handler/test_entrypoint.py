"""The entry point: every request gets a response in time."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from slr_constructs.handler.slr_handler import aws, entrypoint
from slr_constructs.handler.slr_handler.clock import Clock, OutOfTimeError
from slr_constructs.handler.slr_handler.cloudformation import NOTHING_CREATED, send
from slr_constructs.handler.slr_handler.context import OperationError
from slr_constructs.handler.slr_handler.entrypoint import handler, respond
from slr_constructs.handler.slr_handler.operation import Operation
from slr_constructs.handler.slr_handler.operations import OPERATIONS
from tests.handler.events import FUNCTION_ARN, event, request
from tests.handler.fake_cloudformation import FakeCloudFormation, fake_cloudformation, hanging
from tests.handler.lifecycles import LIFECYCLES
from tests.handler.stubbed import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slr_constructs.handler.slr_handler.context import Context
    from slr_constructs.handler.slr_handler.contract import Contract
    from tests.handler.clocks import FakeClock
    from tests.handler.stubbed import StubbedAws

VOICE = next(row for row in LIFECYCLES if row.resource_type == "Custom::VoiceConnectorStreaming")


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """Lambda's context."""

    milliseconds: int = 900_000
    invoked_function_arn: str = FUNCTION_ARN

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda stops the function."""
        return self.milliseconds


@pytest.fixture
def cloudformation() -> Iterator[FakeCloudFormation]:
    """Listen like CloudFormation."""
    with fake_cloudformation() as state:
        yield state


@pytest.fixture
def voice_does(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Context], str]], None]:
    """Replace an operation."""

    def replaced(work: Callable[[Context], str]) -> None:
        def operate(_wanted: Contract, context: Context) -> str:
            return work(context)

        operation = Operation(VOICE.contract, operate, operate)
        monkeypatch.setitem(OPERATIONS, VOICE.resource_type, operation)

    return replaced


def _event(cloudformation: FakeCloudFormation, kind: str = "Create") -> dict[str, Any]:
    return event(kind, VOICE.resource_type, VOICE.properties, response_url=cloudformation.url)


def test_responds_with_the_outcome(
    cloudformation: FakeCloudFormation,
    stubs: StubbedAws,
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    """The handler reads the event of Lambda and sends the response to CloudFormation."""
    stubs.expect(VOICE.configure(VOICE.name))

    handler(_event(cloudformation), LambdaContext())

    (put,) = cloudformation.puts
    assert put.read()["Status"] == "SUCCESS"
    assert put.read()["PhysicalResourceId"] == VOICE.physical_id
    assert [line["event"] for line in logged()] == ["request", "call", "response"]


def test_logs_the_request_without_the_response_url(
    cloudformation: FakeCloudFormation, stubs: StubbedAws, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log has the fields of the request, but not the response URL."""
    stubs.expect(VOICE.configure(VOICE.name))

    handler(_event(cloudformation), LambdaContext())

    lines = capsys.readouterr().out
    first = json.loads(lines.splitlines()[0])
    assert (first["request_type"], first["resource_type"]) == ("Create", VOICE.resource_type)
    assert first["resource_properties"]["DataRetentionInHours"] == "24"
    assert "Signature" not in lines
    assert cloudformation.url not in lines


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_fails_when_the_resource_type_is_unknown(kind: str, clock: FakeClock) -> None:
    """A template may be newer than the function."""
    response = respond(request(kind, "Custom::Coffee", {}, physical_resource_id="cup"), clock)

    assert response.failed
    assert response.physical_resource_id == "cup"
    assert response.reason == "this function does not support the resource type Custom::Coffee"


def test_delete_of_an_unknown_type_that_was_never_created_succeeds(clock: FakeClock) -> None:
    """A rejected create must not block the rollback that follows."""
    created = respond(request("Create", "Custom::Coffee", {}), clock)
    deleted = respond(
        request("Delete", "Custom::Coffee", {}, physical_resource_id=created.physical_resource_id),
        clock,
    )

    assert created.physical_resource_id == f"{NOTHING_CREATED}Thing"
    assert not deleted.failed, deleted.reason


def test_fails_when_something_unexpected_happens(
    voice_does: Callable[[Callable[[Context], str]], None],
    clock: FakeClock,
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    """The response has the error, and the log has the traceback."""

    def divide(_context: Context) -> str:
        return str(1 // 0)

    voice_does(divide)
    response = respond(request("Create", VOICE.resource_type, VOICE.properties), clock)

    assert response.failed
    assert response.reason == (
        "create of Custom::VoiceConnectorStreaming Thing: ZeroDivisionError: integer division or"
        " modulo by zero"
    )
    (line,) = logged()
    assert line["event"] == "unexpected error"
    assert line["traceback"].startswith("Traceback")


def test_fails_when_the_service_model_rejects_a_parameter(
    voice_does: Callable[[Callable[[Context], str]], None], stubs: StubbedAws, clock: FakeClock
) -> None:
    """A wrong call of the function is an ordinary error and changes nothing."""
    misspelt: dict[str, Any] = {"Rolename": "x"}
    stubs.expect([Call(service="iam", method="tag_role", params=misspelt)])

    def misspell(context: Context) -> str:
        return str(context.api("iam").call("tag_role", **misspelt))

    voice_does(misspell)
    response = respond(request("Create", VOICE.resource_type, VOICE.properties), clock)

    assert response.failed
    assert response.reason == (
        f"create of Custom::VoiceConnectorStreaming Thing: boto3 {boto3.__version__} of this"
        ' function rejects a parameter: Missing required parameter in input: "RoleName"'
    )
    assert response.physical_resource_id == f"{NOTHING_CREATED}Thing"


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_fails_when_time_runs_out(
    kind: str, voice_does: Callable[[Callable[[Context], str]], None], clock: FakeClock
) -> None:
    """The clock raises an error if an operation waits too long."""

    def wait(context: Context) -> str:
        while True:
            context.clock.wait(100)

    voice_does(wait)
    response = respond(
        request(kind, VOICE.resource_type, VOICE.properties, physical_resource_id="known"), clock
    )

    assert response.failed
    assert response.physical_resource_id == "known"
    assert response.reason == (
        f"{kind.lower()} of Custom::VoiceConnectorStreaming Thing ran out of time. Try again: the"
        " function continues where it stopped"
    )


def test_a_create_that_ran_out_of_time_after_a_change_has_its_real_id(
    voice_does: Callable[[Callable[[Context], str]], None], stubs: StubbedAws, clock: FakeClock
) -> None:
    """The delete that follows needs the id of the created resource."""
    stubs.expect(VOICE.configure(VOICE.name))

    def change_and_wait(context: Context) -> str:
        (call,) = VOICE.configure(VOICE.name)
        context.api(call.service).call(call.method, **call.params)
        raise OutOfTimeError

    voice_does(change_and_wait)
    response = respond(request("Create", VOICE.resource_type, VOICE.properties), clock)

    assert response.failed
    assert response.physical_resource_id == VOICE.physical_id


def test_responds_although_a_call_hangs(
    cloudformation: FakeCloudFormation, use_clients: Callable[[Callable[..., Any]], None]
) -> None:
    """An alarm interrupts a call that hangs."""
    with hanging() as url:
        client = boto3.client("chime-sdk-voice", endpoint_url=url, config=aws._CONFIG)
        use_clients(lambda *_: client)

        # the shortest time of the alarm is one second
        handler(_event(cloudformation), LambdaContext(1000))

    (put,) = cloudformation.puts
    assert put.read()["Status"] == "FAILED"
    assert "ran out of time" in put.read()["Reason"]
    # the call may have taken effect before it hung
    assert put.read()["PhysicalResourceId"] == VOICE.physical_id


def test_responds_although_the_alarm_is_late(
    cloudformation: FakeCloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alarm may interrupt the creation of the response."""

    def ring(*_args: object) -> None:
        raise OutOfTimeError

    monkeypatch.setattr(entrypoint, "respond", ring)

    handler(_event(cloudformation), LambdaContext())

    (put,) = cloudformation.puts
    assert put.read()["Status"] == "FAILED"
    assert "ran out of time" in put.read()["Reason"]


def test_the_alarm_is_disabled_before_the_response_is_sent(
    cloudformation: FakeCloudFormation, monkeypatch: pytest.MonkeyPatch, stubs: StubbedAws
) -> None:
    """An alarm during the sending would lose the response."""
    stubs.expect(VOICE.configure(VOICE.name))
    timers: list[tuple[float, float]] = []
    before = signal.getsignal(signal.SIGALRM)

    def sent(*args: Any) -> None:  # noqa: ANN401 - as `send` takes them
        timers.append(signal.getitimer(signal.ITIMER_REAL))
        send(*args)

    monkeypatch.setattr(entrypoint, "send", sent)

    handler(_event(cloudformation), LambdaContext())

    assert timers == [(0, 0)]
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(900_000, (880, 860)), (30_000, (10, -10)), (500, (1, -39.5))],
    ids=["usual", "late", "too-late"],
)
def test_reserves_time_for_the_response(
    milliseconds: int,
    expected: tuple[float, float],
    cloudformation: FakeCloudFormation,
    monkeypatch: pytest.MonkeyPatch,
    stubs: StubbedAws,
) -> None:
    """The waits of an operation end first, and the alarm comes before Lambda's timeout."""
    stubs.expect(VOICE.configure(VOICE.name))
    alarms: list[float] = []
    clocks: list[float] = []
    setitimer = signal.setitimer

    def set_alarm(which: int, seconds: float) -> object:
        alarms.append(seconds)
        return setitimer(which, seconds)

    def make_clock(seconds: float) -> Clock:
        clocks.append(seconds)
        return Clock(seconds)

    monkeypatch.setattr(signal, "setitimer", set_alarm)
    monkeypatch.setattr(entrypoint, "Clock", make_clock)

    handler(_event(cloudformation), LambdaContext(milliseconds))

    alarm, clock = expected
    assert alarms == [alarm, 0]
    assert clocks == [clock]
    assert len(cloudformation.puts) == 1


OTHER = "abcdefghijklmnopqrstu0"


@pytest.mark.parametrize("changed", [True, False])
def test_failed_update_of_another_target_is_undone(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock, *, changed: bool
) -> None:
    """CloudFormation rolls back only the old target."""
    removed = []

    def configure(_wanted: Contract, context: Context) -> str:
        context.api("iam").changed = changed
        raise OperationError("no")

    def remove(wanted: Contract, _context: Context) -> str:
        removed.append(wanted.physical_id)
        return "removed"

    monkeypatch.setitem(
        OPERATIONS, VOICE.resource_type, Operation(VOICE.contract, configure, remove)
    )
    properties = {**VOICE.properties, "VoiceConnectorId": OTHER}

    response = respond(
        request("Update", VOICE.resource_type, properties, physical_resource_id=VOICE.physical_id),
        clock,
    )

    assert response.failed
    assert (response.physical_resource_id, response.reason) == (VOICE.physical_id, "no")
    assert removed == ([f"{OTHER}/streaming-configuration"] if changed else [])


def test_failed_update_of_the_same_target_is_not_undone(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    """The rollback configures the same target again."""

    def configure(_wanted: Contract, context: Context) -> str:
        context.api("iam").changed = True
        raise OperationError("no")

    def remove(_wanted: Contract, _context: Context) -> str:
        pytest.fail("remove was called")

    monkeypatch.setitem(
        OPERATIONS, VOICE.resource_type, Operation(VOICE.contract, configure, remove)
    )

    response = respond(
        request(
            "Update", VOICE.resource_type, VOICE.properties, physical_resource_id=VOICE.physical_id
        ),
        clock,
    )

    assert response.failed


def test_logs_what_could_not_be_undone(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    """The response has the first error."""

    def configure(_wanted: Contract, context: Context) -> str:
        context.api("iam").changed = True
        raise OperationError("first")

    def remove(_wanted: Contract, _context: Context) -> str:
        raise OperationError("second")

    monkeypatch.setitem(
        OPERATIONS, VOICE.resource_type, Operation(VOICE.contract, configure, remove)
    )
    properties = {**VOICE.properties, "VoiceConnectorId": OTHER}

    response = respond(
        request("Update", VOICE.resource_type, properties, physical_resource_id=VOICE.physical_id),
        clock,
    )

    (left,) = [line for line in logged() if line["event"] == "not undone"]
    assert response.reason == "first"
    assert left["reason"] == "second"
