"""The Lambda handler: read the request, run its operation, and always respond."""

from __future__ import annotations

import signal
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.exceptions import ClientError, ParamValidationError

from .aws import SETTLED_SECONDS, UNREACHABLE, error_text
from .cancellation import Cancellation
from .clock import Clock, OutOfTimeError
from .cloudformation import NOTHING_CREATED, Request, Response, log, send
from .context import Context, OperationError, StackResource
from .contract import ContractError
from .operation import do_nothing_until_delete
from .operations import OPERATIONS
from .origin import check_origin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from .contract import Contract
    from .operation import Operation

#: time reserved for the response: the waits of an operation end first, then an alarm interrupts any
#: call that hangs.
_RESPONSE_SECONDS = 40
_ALARM_SECONDS = 20
#: the request that undoes an update starts within a minute, waits, and ends within another minute.
_UNDONE_SECONDS = SETTLED_SECONDS + 120


class LambdaContext(Protocol):
    """The part of the Lambda context that the handler uses."""

    @property
    def invoked_function_arn(self) -> str:
        """The ARN of the function, which may end with a version or an alias."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda stops the function."""


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Run the request of CloudFormation, and send the response.

    Raises:
        RefusedEventError: CloudFormation did not send the event. Lambda logs the error, and keeps
            the event in the dead-letter queue.
    """
    request = Request.from_event(event)
    check_origin(request, context.invoked_function_arn)
    seconds = context.get_remaining_time_in_millis() / 1000
    log(
        "request",
        request_type=request.request_type,
        resource_type=request.resource_type,
        logical_resource_id=request.logical_resource_id,
        physical_resource_id=request.physical_resource_id,
        stack_id=request.stack_id,
        resource_properties=request.resource_properties,
    )
    try:
        with _alarm(max(seconds - _ALARM_SECONDS, 1)):
            response = respond(request, Clock(seconds - _RESPONSE_SECONDS))
    except OutOfTimeError as error:
        # the alarm interrupted the creation of the response
        response = _failed(request, error, _current_id(request))
    send(request, response)


def respond(request: Request, clock: Clock) -> Response:
    """Run the operation of the request. Every error becomes a response."""
    cancellation = Cancellation(request, clock)
    context = Context(
        clock,
        account=request.stack_id.split(":")[4],
        stack_resource=StackResource(request.stack_id, request.logical_resource_id),
        before_change=cancellation.check,
    )
    physical_id = _current_id(request)
    try:
        if request.request_type == "Delete":
            return Response(physical_id, _delete(request, physical_id, context, cancellation))
        operation = _operation(request)
        wanted = operation.contract.from_properties(request.resource_properties)
        # from here on a create may change resources, and the delete needs their physical id
        created = wanted.physical_id
        old = _old_contract(request, operation)
        if old is not None:
            _prepare_update(
                request, operation, wanted, old, context=context, cancellation=cancellation
            )
        try:
            if operation.update is None or old is None or old.physical_id != created:
                reason = operation.configure(wanted, context)
            else:
                reason = operation.update(wanted, old, context)
        except (Exception, OutOfTimeError):
            if context.changed and request.request_type == "Create":
                physical_id = created
            elif context.changed and created != physical_id:
                # CloudFormation rolls back to the old target and never deletes the new one
                _undo(request, operation, wanted, context)
            raise
        return Response(created, reason, data={"Outcome": reason})
    except (Exception, OutOfTimeError) as error:  # noqa: BLE001 - a request without a response blocks its stack
        if not isinstance(error, _EXPECTED):
            log("unexpected error", traceback=traceback.format_exc())
        return _failed(request, error, physical_id)


_EXPECTED = (
    OperationError,
    ContractError,
    OutOfTimeError,
    ClientError,
    ParamValidationError,
    *UNREACHABLE,
)


def _current_id(request: Request) -> str:
    return request.physical_resource_id or NOTHING_CREATED + request.logical_resource_id


def _failed(request: Request, error: BaseException, physical_id: str) -> Response:
    return Response(physical_id, _reason(request, error), failed=True)


def _operation(request: Request) -> Operation:
    operation = OPERATIONS.get(request.resource_type)
    if operation is None:
        text = f"this function does not support the resource type {request.resource_type}"
        raise OperationError(text)
    return operation


def _delete(
    request: Request, physical_id: str, context: Context, cancellation: Cancellation
) -> str:
    if physical_id.startswith(NOTHING_CREATED):
        return "nothing to delete, because the create request created nothing"
    operation = _operation(request)
    wanted = operation.contract.of_delete(request.resource_properties, physical_id)
    remove = operation.remove
    if operation.configure is not do_nothing_until_delete:
        # CloudFormation makes up the id if it did not wait for the response to the create
        made_up = physical_id != wanted.physical_id
        context.undoes = made_up or cancellation.stack_rolls_back()
        if context.undoes:
            # a second run of the create may be in progress
            _wait(context, SETTLED_SECONDS)
        if made_up and operation.undo is not None:
            # the create may have changed nothing
            remove = operation.undo
    return remove(wanted, context)


def _old_contract(request: Request, operation: Operation) -> Contract | None:
    """Return the contract before an update; None for a create, or if it has no target."""
    try:
        return operation.contract.from_properties(request.old_resource_properties, strict=False)
    except ContractError:
        return None


def _prepare_update(
    request: Request,
    operation: Operation,
    wanted: Contract,
    old: Contract,
    *,
    context: Context,
    cancellation: Cancellation,
) -> None:
    """Wait until earlier requests change nothing more, and undo an update that was cancelled."""
    physical_id = _current_id(request)
    if physical_id == wanted.physical_id != old.physical_id:
        # the rollback of an update to another target, which CloudFormation never deletes
        _wait(context, SETTLED_SECONDS)
        _undo(request, operation, old, context)
    elif physical_id != wanted.physical_id and cancellation.stack_rolls_back():
        # either the rollback of an update that succeeded, or a late run of a cancelled one: the
        # request that undoes it has ended then, so that this run changes nothing
        _wait(context, _UNDONE_SECONDS)


def _wait(context: Context, seconds: float) -> None:
    context.on_event("waiting", seconds=seconds, reason="an earlier request may still be running")
    context.clock.wait(seconds)


def _undo(request: Request, operation: Operation, wanted: Contract, context: Context) -> None:
    context.undoes = True
    try:
        outcome = (operation.undo or operation.remove)(wanted, context)
    except (Exception, OutOfTimeError) as error:  # noqa: BLE001 - the response has the first error
        reason = _reason(request, error)
        log("not undone", physical_resource_id=wanted.physical_id, reason=reason)
    else:
        log("undone", physical_resource_id=wanted.physical_id, reason=outcome)


def _reason(request: Request, error: BaseException) -> str:
    if isinstance(error, OperationError | ContractError):
        return str(error)
    resource = f"{request.resource_type} {request.logical_resource_id}"
    step = f"{request.request_type.lower()} of {resource}"
    if isinstance(error, OutOfTimeError):
        return f"{step} ran out of time. Try again: the function continues where it stopped"
    if isinstance(error, ClientError):
        return f"{step}: {error.operation_name} failed{error_text(error)}"
    if isinstance(error, ParamValidationError):
        detail = str(error.kwargs["report"]).strip().splitlines()[0]
        return f"{step}: boto3 {boto3.__version__} of this function rejects a parameter: {detail}"
    return f"{step}: {type(error).__name__}: {error}"


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Interrupt the running code after some seconds, even a call that hangs."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
