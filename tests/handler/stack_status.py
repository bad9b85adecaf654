"""CloudFormation's answers to a run: the status of the request that it sent last."""

from __future__ import annotations

from typing import Any

from tests.handler import events
from tests.handler.account import refusal


class StackStatus:
    """A fake boto3 client of CloudFormation."""

    def __init__(self) -> None:
        #: the status of the resource and of the stack. None: of the request that was sent last.
        self.resource: str | None = None
        self.stack: str | None = None
        #: the error code of every answer.
        self.refused: str | None = None
        self.questions: list[str] = []

    def describe_stack_resource(self, **params: str) -> dict[str, Any]:
        """Return the status of a resource."""
        sent = events.SENT[params["StackName"], params["LogicalResourceId"]]
        status = self._answer("DescribeStackResource", self.resource or _in_progress(sent))
        return {"StackResourceDetail": {"ResourceStatus": status}}

    def describe_stacks(self, **params: str) -> dict[str, Any]:
        """Return the status of a stack."""
        (sent, *_) = (
            kind for (stack, _), kind in events.SENT.items() if stack == params["StackName"]
        )
        return {
            "Stacks": [
                {"StackStatus": self._answer("DescribeStacks", self.stack or _in_progress(sent))}
            ]
        }

    def _answer(self, operation: str, status: str) -> str:
        self.questions.append(operation)
        if self.refused is not None:
            raise refusal(operation, self.refused, 403, "CloudFormation says no")
        return status


def _in_progress(kind: str) -> str:
    return f"{kind.upper()}_IN_PROGRESS"
