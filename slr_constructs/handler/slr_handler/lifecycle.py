"""CloudFormation's request and answer as types, and what is logged of them.

Nothing here logs `ResponseURL`: who holds it can answer in the function's place.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: CloudFormation refuses a longer answer.
_ANSWER_BYTES = 4096
_REASON_CHARACTERS = 1500

#: marks the physical id of a create that made nothing, so that the delete which CloudFormation
#: sends next knows that there is nothing to do.
NOTHING_MADE = "nothing-made:"


def log(event: str, **details: object) -> None:
    """Write one JSON line, the format CloudWatch Logs Insights reads."""
    print(json.dumps({"event": event, **details}, default=str))  # noqa: T201 - stdout is the log


@dataclass(frozen=True, slots=True)
class Request:
    """What CloudFormation asks."""

    type: str
    resource_type: str
    logical_id: str
    stack_id: str
    physical_id: str | None
    properties: dict[str, Any]
    request_id: str
    answer_url: str = field(repr=False)

    @classmethod
    def from_event(cls, event: dict[str, Any]) -> Request:
        """Read the event that Lambda hands over."""
        return cls(
            type=event["RequestType"],
            resource_type=event["ResourceType"],
            logical_id=event["LogicalResourceId"],
            stack_id=event["StackId"],
            physical_id=event.get("PhysicalResourceId"),
            properties=event.get("ResourceProperties", {}),
            request_id=event["RequestId"],
            answer_url=event["ResponseURL"],
        )

    @property
    def account(self) -> str:
        """The account that the stack is in."""
        return self.stack_id.split(":")[4]


@dataclass(frozen=True, slots=True)
class Answer:
    """What CloudFormation is told."""

    physical_id: str
    reason: str
    failed: bool = False
    data: dict[str, str] = field(default_factory=dict)


def send(request: Request, answer: Answer, *, wait: Callable[[float], None] = time.sleep) -> None:
    """Put the answer where CloudFormation waits for it; try again while that fails.

    Args:
        request: What was asked.

        answer: What is told.

        wait: Waits some seconds between two tries.

    Raises:
        OSError: The last of the tries failed.
    """
    log(
        "answer",
        failed=answer.failed,
        reason=answer.reason,
        physical_id=answer.physical_id,
        logical_id=request.logical_id,
    )
    body = _body(request, answer, lambda text: text[:_REASON_CHARACTERS])
    if len(body) > _ANSWER_BYTES:
        # a character may take twelve bytes once escaped, so the count of characters is no bound
        body = _body(request, answer, lambda text: text.encode("ascii", "replace")[:400].decode())
    tries = 4
    while True:
        put = urllib.request.Request(  # noqa: S310 - the URL is CloudFormation's own
            request.answer_url, data=body, method="PUT", headers={"Content-Type": ""}
        )
        try:
            with urllib.request.urlopen(put, timeout=3):  # noqa: S310 - as above
                return
        except OSError as error:
            log("answer not taken", error=type(error).__name__)
            tries -= 1
            if tries == 0:
                raise
            wait(1)


def _body(request: Request, answer: Answer, shortened: Callable[[str], str]) -> bytes:
    data = {} if answer.failed else answer.data
    return json.dumps(
        {
            "Status": "FAILED" if answer.failed else "SUCCESS",
            "Reason": shortened(answer.reason),
            "PhysicalResourceId": answer.physical_id,
            "StackId": request.stack_id,
            "RequestId": request.request_id,
            "LogicalResourceId": request.logical_id,
            "Data": {name: shortened(text) for name, text in data.items()},
        }
    ).encode()
