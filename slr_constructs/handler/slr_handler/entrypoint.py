"""What Lambda calls: read the request, run its operation, and always answer."""

from __future__ import annotations

import signal
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from .aws import told
from .clock import Clock, OutOfTimeError
from .contract import ContractError
from .lifecycle import NOTHING_MADE, Answer, Request, log, send
from .operations import OPERATIONS
from .run import RefusedError, Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from .contract import Contract
    from .operations import Operation

#: kept back for the answer: an operation's own waiting ends first, and after that an alarm
#: interrupts even a call that hangs.
_ANSWER_SECONDS = 40
_ALARM_SECONDS = 20


class LambdaContext(Protocol):
    """The part of Lambda's context that is read."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda stops the function."""


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Do what CloudFormation asks, and tell it."""
    request = Request.from_event(event)
    seconds = context.get_remaining_time_in_millis() / 1000
    log(
        "request",
        type=request.type,
        resource_type=request.resource_type,
        logical_id=request.logical_id,
        physical_id=request.physical_id,
        stack_id=request.stack_id,
        properties=request.properties,
    )
    try:
        with _alarm(max(seconds - _ALARM_SECONDS, 1)):
            answer = answer_to(request, Clock(seconds - _ANSWER_SECONDS))
    except OutOfTimeError as error:
        # the alarm rang while the answer was being made
        answer = _failed(request, error, _known_id(request))
    send(request, answer)


def answer_to(request: Request, clock: Clock) -> Answer:
    """Run the request's operation; whatever happens, there is an answer."""
    run = Run(request, clock)
    physical_id = _known_id(request)
    try:
        if request.type == "Delete":
            return Answer(physical_id, _delete(run, physical_id))
        operation = _operation(request)
        wanted = operation.contract.from_properties(request.properties)
        # from here on a create may leave something, which the delete must find by its real name
        made = wanted.physical_id
        try:
            reason = operation.put(wanted, run)
        except (Exception, OutOfTimeError):
            if run.changed and request.type == "Create":
                physical_id = made
            elif run.changed and made != physical_id:
                # CloudFormation goes back to the thing before, and never asks for this one again
                _take_back(operation, wanted, run)
            raise
        return Answer(made, reason, data={"Outcome": reason})
    except (Exception, OutOfTimeError) as error:  # noqa: BLE001 - a request without an answer hangs its stack
        if not isinstance(error, _EXPECTED):
            log("unexpected", traceback=traceback.format_exc())
        return _failed(request, error, physical_id)


_EXPECTED = (RefusedError, ContractError, OutOfTimeError, ClientError)


def _known_id(request: Request) -> str:
    return request.physical_id or NOTHING_MADE + request.logical_id


def _failed(request: Request, error: BaseException, physical_id: str) -> Answer:
    return Answer(physical_id, _reason(request, error), failed=True)


def _operation(request: Request) -> Operation:
    operation = OPERATIONS.get(request.resource_type)
    if operation is None:
        text = f"{request.resource_type} is not a resource type of this function"
        raise RefusedError(text)
    return operation


def _delete(run: Run, physical_id: str) -> str:
    if physical_id.startswith(NOTHING_MADE):
        return "the create made nothing, so there is nothing to delete"
    operation = _operation(run.request)
    wanted = operation.contract.from_properties(run.request.properties, strict=False)
    return operation.remove(wanted, run)


def _take_back(operation: Operation, wanted: Contract, run: Run) -> None:
    try:
        done = operation.remove(wanted, run)
    except (Exception, OutOfTimeError) as error:  # noqa: BLE001 - the reason of the failure comes first
        log("left behind", physical_id=wanted.physical_id, reason=_reason(run.request, error))
    else:
        log("taken back", physical_id=wanted.physical_id, reason=done)


def _reason(request: Request, error: BaseException) -> str:
    if isinstance(error, RefusedError | ContractError):
        return str(error)
    doing = f"{request.type.lower()} of {request.resource_type} {request.logical_id}"
    if isinstance(error, OutOfTimeError):
        return f"{doing} ran out of time; trying again goes on from where it stopped"
    if isinstance(error, ClientError):
        return f"{doing}: {error.operation_name} was refused{told(error)}"
    return f"{doing}: {type(error).__name__}: {error}"


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Interrupt whatever runs after some seconds, even a call that hangs."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
