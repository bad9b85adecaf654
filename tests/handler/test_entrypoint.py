"""The entry point: whatever happens, there is an answer, and in time."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from slr_constructs.handler.slr_handler import aws, entrypoint, lifecycle
from slr_constructs.handler.slr_handler.clock import Clock, OutOfTimeError
from slr_constructs.handler.slr_handler.entrypoint import answer_to, handler
from slr_constructs.handler.slr_handler.lifecycle import NOTHING_MADE
from slr_constructs.handler.slr_handler.operations import OPERATIONS, Operation
from slr_constructs.handler.slr_handler.run import RefusedError
from tests.handler.answering import Answering, answering, hanging
from tests.handler.events import event, request
from tests.handler.lifecycles import LIFECYCLES
from tests.handler.stubbed import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.handler.slr_handler.run import Run
    from tests.handler.clocks import FakeClock
    from tests.handler.stubbed import StubbedAws

VOICE = next(row for row in LIFECYCLES if row.resource_type == "Custom::VoiceConnectorStreaming")


@dataclass(frozen=True, slots=True)
class Context:
    """Lambda's context."""

    milliseconds: int = 900_000

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda stops the function."""
        return self.milliseconds


@pytest.fixture
def cloudformation() -> Iterator[Answering]:
    """Listen as CloudFormation does."""
    with answering() as state:
        yield state


@pytest.fixture
def voice_does(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Run], str]], None]:
    """Put something else in the place of an operation."""

    def replaced(work: Callable[[Run], str]) -> None:
        def operate(_wanted: Contract, run: Run) -> str:
            return work(run)

        operation = Operation(VOICE.contract, operate, operate)
        monkeypatch.setitem(OPERATIONS, VOICE.resource_type, operation)

    return replaced


def _event(cloudformation: Answering, kind: str = "Create") -> dict[str, Any]:
    return event(kind, VOICE.resource_type, VOICE.properties, answer_url=cloudformation.url)


def test_answers_what_it_did(
    cloudformation: Answering, stubs: StubbedAws, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    """The event comes in from Lambda, and the answer goes where CloudFormation waits."""
    stubs.expect(VOICE.put(VOICE.name))

    handler(_event(cloudformation), Context())

    (put,) = cloudformation.puts
    assert put.read()["Status"] == "SUCCESS"
    assert put.read()["PhysicalResourceId"] == VOICE.physical_id
    assert [line["event"] for line in logged()] == ["request", "called", "answer"]


def test_logs_the_request_without_its_address(
    cloudformation: Answering, stubs: StubbedAws, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was asked is in the log, and where to answer is not."""
    stubs.expect(VOICE.put(VOICE.name))

    handler(_event(cloudformation), Context())

    lines = capsys.readouterr().out
    first = json.loads(lines.splitlines()[0])
    assert (first["type"], first["resource_type"]) == ("Create", VOICE.resource_type)
    assert first["properties"]["DataRetentionInHours"] == "24"
    assert "Signature" not in lines
    assert cloudformation.url not in lines


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_fails_when_the_resource_type_is_unknown(kind: str, clock: FakeClock) -> None:
    """A template may be newer than the function."""
    answer = answer_to(request(kind, "Custom::Coffee", {}, physical_id="cup"), clock)

    assert answer.failed
    assert answer.physical_id == "cup"
    assert answer.reason == "Custom::Coffee is not a resource type of this function"


def test_delete_of_an_unknown_type_that_was_never_made_succeeds(clock: FakeClock) -> None:
    """A create that was refused must not block the rollback that follows."""
    created = answer_to(request("Create", "Custom::Coffee", {}), clock)
    deleted = answer_to(
        request("Delete", "Custom::Coffee", {}, physical_id=created.physical_id), clock
    )

    assert created.physical_id == f"{NOTHING_MADE}Thing"
    assert not deleted.failed, deleted.reason


def test_fails_when_something_unexpected_happens(
    voice_does: Callable[[Callable[[Run], str]], None],
    clock: FakeClock,
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    """The answer names the error and the log has the traceback."""

    def divide(_run: Run) -> str:
        return str(1 // 0)

    voice_does(divide)
    answer = answer_to(request("Create", VOICE.resource_type, VOICE.properties), clock)

    assert answer.failed
    assert answer.reason == (
        "create of Custom::VoiceConnectorStreaming Thing: ZeroDivisionError: integer division or"
        " modulo by zero"
    )
    (line,) = logged()
    assert line["event"] == "unexpected"
    assert line["traceback"].startswith("Traceback")


def test_fails_when_the_service_model_refuses_a_parameter(
    voice_does: Callable[[Callable[[Run], str]], None], stubs: StubbedAws, clock: FakeClock
) -> None:
    """A wrong call of our own is an error like any other, and has made nothing."""
    misspelt: dict[str, Any] = {"Rolename": "x"}
    stubs.expect([Call(service="iam", method="tag_role", params=misspelt)])

    def misspell(run: Run) -> str:
        return str(run.api("iam").call("tag_role", **misspelt))

    voice_does(misspell)
    answer = answer_to(request("Create", VOICE.resource_type, VOICE.properties), clock)

    assert answer.failed
    assert "ParamValidationError: Parameter validation failed" in answer.reason
    assert answer.physical_id == f"{NOTHING_MADE}Thing"


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_fails_when_time_runs_out(
    kind: str, voice_does: Callable[[Callable[[Run], str]], None], clock: FakeClock
) -> None:
    """An operation that waits for too long is told so by the clock."""

    def wait(run: Run) -> str:
        while True:
            run.clock.wait(100)

    voice_does(wait)
    answer = answer_to(
        request(kind, VOICE.resource_type, VOICE.properties, physical_id="known"), clock
    )

    assert answer.failed
    assert answer.physical_id == "known"
    assert answer.reason == (
        f"{kind.lower()} of Custom::VoiceConnectorStreaming Thing ran out of time; trying again"
        " goes on from where it stopped"
    )


def test_a_create_that_ran_out_of_time_after_a_change_has_its_real_id(
    voice_does: Callable[[Callable[[Run], str]], None], stubs: StubbedAws, clock: FakeClock
) -> None:
    """The delete that follows must find what was made."""
    stubs.expect(VOICE.put(VOICE.name))

    def change_and_wait(run: Run) -> str:
        (call,) = VOICE.put(VOICE.name)
        run.api(call.service).call(call.method, **call.params)
        raise OutOfTimeError

    voice_does(change_and_wait)
    answer = answer_to(request("Create", VOICE.resource_type, VOICE.properties), clock)

    assert answer.failed
    assert answer.physical_id == VOICE.physical_id


def test_answers_although_a_call_hangs(
    cloudformation: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alarm interrupts botocore, which would call a hanging service again and again."""
    with hanging() as url:
        client = boto3.client("chime-sdk-voice", endpoint_url=url, config=aws._CONFIG)
        monkeypatch.setattr(aws, "client", lambda _service: client)

        # a second is the soonest that the alarm rings
        handler(_event(cloudformation), Context(1000))

    (put,) = cloudformation.puts
    assert put.read()["Status"] == "FAILED"
    assert "ran out of time" in put.read()["Reason"]
    # whether the call had worked before it hung, nobody knows
    assert put.read()["PhysicalResourceId"] == VOICE.physical_id


def test_answers_although_the_alarm_rings_late(
    cloudformation: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may ring while the answer is being made."""

    def ring(*_args: object) -> None:
        raise OutOfTimeError

    monkeypatch.setattr(entrypoint, "answer_to", ring)

    handler(_event(cloudformation), Context())

    (put,) = cloudformation.puts
    assert put.read()["Status"] == "FAILED"
    assert "ran out of time" in put.read()["Reason"]


def test_the_alarm_is_off_before_the_answer_is_sent(
    cloudformation: Answering, monkeypatch: pytest.MonkeyPatch, stubs: StubbedAws
) -> None:
    """What rings while the answer is on its way would lose it."""
    stubs.expect(VOICE.put(VOICE.name))
    timers: list[tuple[float, float]] = []
    send = lifecycle.send
    before = signal.getsignal(signal.SIGALRM)

    def sent(*args: Any) -> None:  # noqa: ANN401 - as `send` takes them
        timers.append(signal.getitimer(signal.ITIMER_REAL))
        send(*args)

    monkeypatch.setattr(entrypoint, "send", sent)

    handler(_event(cloudformation), Context())

    assert timers == [(0, 0)]
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(900_000, (880, 860)), (30_000, (10, -10)), (500, (1, -39.5))],
    ids=["usual", "late", "too-late"],
)
def test_keeps_time_back_for_the_answer(
    milliseconds: int,
    expected: tuple[float, float],
    cloudformation: Answering,
    monkeypatch: pytest.MonkeyPatch,
    stubs: StubbedAws,
) -> None:
    """An operation's own waiting ends first, and the alarm comes before Lambda's end."""
    stubs.expect(VOICE.put(VOICE.name))
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

    handler(_event(cloudformation), Context(milliseconds))

    alarm, clock = expected
    assert alarms == [alarm, 0]
    assert clocks == [clock]
    assert len(cloudformation.puts) == 1


OTHER = "abcdefghijklmnopqrstu0"


@pytest.mark.parametrize("changed", [True, False])
def test_what_a_failed_update_put_on_another_thing_is_taken_back(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock, *, changed: bool
) -> None:
    """The rollback is about the thing before, so nobody else would."""
    removed = []

    def put(_wanted: Contract, run: Run) -> str:
        run.api("iam").changed = changed
        raise RefusedError("no")

    def remove(wanted: Contract, _run: Run) -> str:
        removed.append(wanted.physical_id)
        return "gone"

    monkeypatch.setitem(OPERATIONS, VOICE.resource_type, Operation(VOICE.contract, put, remove))
    properties = {**VOICE.properties, "VoiceConnectorId": OTHER}

    answer = answer_to(
        request("Update", VOICE.resource_type, properties, physical_id=VOICE.physical_id), clock
    )

    assert answer.failed
    assert (answer.physical_id, answer.reason) == (VOICE.physical_id, "no")
    assert removed == ([f"{OTHER}/streaming-configuration"] if changed else [])


def test_a_failed_update_of_the_same_thing_takes_nothing_back(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    """What is there already is put again by the rollback."""

    def put(_wanted: Contract, run: Run) -> str:
        run.api("iam").changed = True
        raise RefusedError("no")

    def remove(_wanted: Contract, _run: Run) -> str:
        pytest.fail("nothing is to be removed")

    monkeypatch.setitem(OPERATIONS, VOICE.resource_type, Operation(VOICE.contract, put, remove))

    answer = answer_to(
        request("Update", VOICE.resource_type, VOICE.properties, physical_id=VOICE.physical_id),
        clock,
    )

    assert answer.failed


def test_what_cannot_be_taken_back_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    """The answer keeps the reason that came first."""

    def put(_wanted: Contract, run: Run) -> str:
        run.api("iam").changed = True
        raise RefusedError("first")

    def remove(_wanted: Contract, _run: Run) -> str:
        raise RefusedError("second")

    monkeypatch.setitem(OPERATIONS, VOICE.resource_type, Operation(VOICE.contract, put, remove))
    properties = {**VOICE.properties, "VoiceConnectorId": OTHER}

    answer = answer_to(
        request("Update", VOICE.resource_type, properties, physical_id=VOICE.physical_id), clock
    )

    (left,) = [line for line in logged() if line["event"] == "left behind"]
    assert answer.reason == "first"
    assert left["reason"] == "second"
