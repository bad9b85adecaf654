"""Whether CloudFormation still waits for a request.

When a resource of a stack fails, CloudFormation cancels the requests in progress. It sends the next
request within seconds, while the function still works on the cancelled one: a Delete with a
physical id that CloudFormation made up, or an Update back to the old properties
(aws-cloudformation/cloudformation-coverage-roadmap#1730, aws/aws-cdk#36951). Lambda may also
deliver an event late or twice.

So a Create or Update asks CloudFormation before each change whether it is still wanted, and the
request that follows waits until the last change of the cancelled one has taken effect.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from . import aws
from .aws import UNREACHABLE, Api, Retries, code, message
from .cloudformation import log
from .context import OperationError

if TYPE_CHECKING:
    from .clock import Clock
    from .cloudformation import Request

#: how long a question is retried. The permissions of a Delete are not new.
_RETRIES = Retries(busy=30, unreachable=30)
_RETRIES_OF_DELETE = replace(_RETRIES, denied=0)


class NoLongerWantedError(OperationError):
    """CloudFormation no longer waits for the request, so its response is ignored."""


class Cancellation:
    """Asks CloudFormation about a request.

    If CloudFormation does not answer, for example because the permission was taken away, the
    request is taken as wanted, and the log says so.
    """

    def __init__(self, request: Request, clock: Clock) -> None:
        self._request = request
        self._clock = clock
        self._may_ask = True
        self._began_in_rollback: bool | None = None

    @functools.cached_property
    def _api(self) -> Api:
        # many runs change nothing, and do not need this client
        return Api(
            aws.client("cloudformation"),
            self._clock,
            # one line for each question would hide the changes
            on_event=lambda *_, **__: None,
            retries=_RETRIES_OF_DELETE if self._request.request_type == "Delete" else _RETRIES,
        )

    def check(self) -> None:
        """Return if CloudFormation still waits for a Create or Update.

        Raises:
            NoLongerWantedError: It does not.
        """
        kind = self._request.request_type
        if kind == "Delete":
            return
        if kind == "Update":
            # the status of the resource may be the same during a rollback
            rolls_back = self.stack_rolls_back()
            if self._began_in_rollback is None:
                self._began_in_rollback = rolls_back
            elif rolls_back and not self._began_in_rollback:
                self._reject("its stack rolls back")
        answer = self._ask(
            "describe_stack_resource", LogicalResourceId=self._request.logical_resource_id
        )
        if answer is not None:
            status = answer["StackResourceDetail"]["ResourceStatus"]
            # the status of an update may be UPDATE_ROLLBACK_IN_PROGRESS during a rollback
            if not (status.startswith(kind.upper()) and status.endswith("_IN_PROGRESS")):
                self._reject(f"its status is {status}")

    def stack_rolls_back(self) -> bool | None:
        """Return whether CloudFormation undoes an operation of the stack; None if it is unknown."""
        answer = self._ask("describe_stacks")
        return None if answer is None else "ROLLBACK" in answer["Stacks"][0]["StackStatus"]

    def _reject(self, reason: str) -> None:
        request = self._request
        text = (
            f"CloudFormation no longer waits for the {request.request_type.lower()} of"
            f" {request.logical_resource_id}, because {reason}. Nothing more was changed"
        )
        raise NoLongerWantedError(text)

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any] | None:  # noqa: ANN401 - as `Api.call` takes them
        if not self._may_ask:
            return None
        try:
            return self._api.call(operation, StackName=self._request.stack_id, **parameters)
        except (ClientError, *UNREACHABLE) as error:
            self._may_ask = False
            log("cancellation not noticed", code=code(error), message=message(error))
            return None
