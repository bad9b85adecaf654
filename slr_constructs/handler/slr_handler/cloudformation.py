"""CloudFormation's request and response as types, and the log.

`ResponseURL` is never logged, because it is enough to respond in place of the function.
"""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: CloudFormation rejects a longer response.
_RESPONSE_BYTES = 4096
_REASON_CHARACTERS = 1500

#: starts the physical id of a create that created nothing. The delete that follows does nothing.
NOTHING_CREATED = "nothing-created:"


def log(event: str, **details: object) -> None:
    """Write one JSON line, the format CloudWatch Logs Insights reads."""
    print(json.dumps({"event": event, **details}, default=str))  # noqa: T201 - stdout is the log


@dataclass(frozen=True, slots=True)
class Request:
    """A request of CloudFormation, with CloudFormation's own field names."""

    request_type: str
    resource_type: str
    logical_resource_id: str
    stack_id: str
    physical_resource_id: str | None
    resource_properties: dict[str, Any]
    #: only of an update.
    old_resource_properties: dict[str, Any]
    request_id: str
    response_url: str = field(repr=False)

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> Request:
        """Create a request from a Lambda event."""
        return cls(
            request_type=event["RequestType"],
            resource_type=event["ResourceType"],
            logical_resource_id=event["LogicalResourceId"],
            stack_id=event["StackId"],
            physical_resource_id=event.get("PhysicalResourceId"),
            resource_properties=event.get("ResourceProperties", {}),
            old_resource_properties=event.get("OldResourceProperties", {}),
            request_id=event["RequestId"],
            response_url=event["ResponseURL"],
        )


@dataclass(frozen=True, slots=True)
class Response:
    """The response to CloudFormation."""

    physical_resource_id: str
    reason: str
    failed: bool = False
    data: dict[str, str] = field(default_factory=dict)


def send(
    request: Request, response: Response, *, wait: Callable[[float], None] = time.sleep
) -> None:
    """Send the response to CloudFormation, and retry if that fails.

    Args:
        request: The request.

        response: The response to it.

        wait: Waits some seconds between two attempts.

    Raises:
        OSError: The last attempt failed.
        HTTPException: The response to the last attempt was not HTTP.
    """
    log(
        "response",
        failed=response.failed,
        reason=response.reason,
        physical_resource_id=response.physical_resource_id,
        logical_resource_id=request.logical_resource_id,
    )
    body = _body(request, response, lambda text: text[:_REASON_CHARACTERS])
    if len(body) > _RESPONSE_BYTES:
        # an escaped character may take twelve bytes, so the number of characters is not a limit
        body = _body(request, response, lambda text: text.encode("ascii", "replace")[:400].decode())
    attempts = 4
    while True:
        put = urllib.request.Request(  # noqa: S310 - `origin` checked the URL
            request.response_url, data=body, method="PUT", headers={"Content-Type": ""}
        )
        try:
            with urllib.request.urlopen(put, timeout=3):  # noqa: S310 - as above
                return
        except (OSError, HTTPException) as error:
            log("response not delivered", error=type(error).__name__)
            attempts -= 1
            if attempts == 0:
                raise
            wait(1)


def _body(request: Request, response: Response, shortened: Callable[[str], str]) -> bytes:
    data = {} if response.failed else response.data
    return json.dumps(
        {
            "Status": "FAILED" if response.failed else "SUCCESS",
            "Reason": shortened(response.reason),
            "PhysicalResourceId": response.physical_resource_id,
            "StackId": request.stack_id,
            "RequestId": request.request_id,
            "LogicalResourceId": request.logical_resource_id,
            "Data": {name: shortened(text) for name, text in data.items()},
        }
    ).encode()
