"""Wait conditions: resources that fail some simulated seconds after they have started.

They make stacks fail on purpose. When one fails, CloudFormation cancels the resource that it is
working on. Documented by AWS: the type and its `CreationPolicy`, that it fails if no signal arrives
in time, and that CloudFormation works on independent resources at the same time. Reported by users:
"Resource creation cancelled" (aws-cloudformation/cloudformation-coverage-roadmap issue 1730).

Our model: no signal ever arrives, and the texts. The emulator works on one resource after another.
Only custom resources and wait conditions take time, so a wait condition starts as soon as the
resources that it depends on exist, and its time passes while CloudFormation waits for a custom
resource. In an update, that is so even if these resources change later.
"""

from __future__ import annotations

import contextvars
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ministack.services import cloudformation
from ministack.services.cloudformation import engine, stacks, wait_conditions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

WAIT_CONDITION = "AWS::CloudFormation::WaitCondition"
TIMED_OUT = "WaitCondition timed out. Received 0 conditions when expecting 1"
_IN_PROGRESS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}


class CancelledError(RuntimeError):
    """CloudFormation no longer waits for a resource, because another one has failed.

    Args:
        what: "creation" or "update".

        failed: The logical id of the other resource.
    """

    def __init__(self, what: str, failed: str) -> None:
        super().__init__(f"Resource {what} cancelled")
        self.failed = failed


@dataclass(frozen=True, slots=True)
class Deployment:
    """The creation or update of a stack, which ends when the first of its wait conditions fails."""

    stack_name: str
    resources: Mapping[str, Any]
    #: the resources that the stack does not have yet.
    new: frozenset[str] = frozenset()
    #: when each wait condition that has started will fail.
    _fails: dict[str, float] = field(default_factory=dict)

    def first_failure(self, now: float) -> float:
        """Start the wait conditions that can start, and return when the first of them will fail."""
        stack = cloudformation._stacks.get(self.stack_name, {})
        if stack.get("StackStatus") not in _IN_PROGRESS:
            # a rollback or a deletion waits for every resource
            return float("inf")
        missing = {*self.resources} - {*stack["_resources"]}
        for name in sorted(missing - {*self._fails}):
            resource = self.resources[name]
            if resource["Type"] == WAIT_CONDITION and not _waits_for(resource, missing - {name}):
                signal = resource["CreationPolicy"]["ResourceSignal"]
                seconds = wait_conditions.validate_resource_signal_timeout(signal["Timeout"], name)
                self._fails[name] = now + seconds
                self._add_event(name, "CREATE_IN_PROGRESS")
        return min(self._fails.values(), default=float("inf"))

    def fail(self, logical_id: str) -> CancelledError:
        """Let the first wait condition fail, and return the error of the current resource."""
        failed = min(self._fails, key=lambda name: (self._fails[name], name))
        if failed == logical_id:
            raise TimeoutError(TIMED_OUT)
        self._add_event(failed, "CREATE_FAILED", TIMED_OUT)
        return CancelledError("creation" if logical_id in self.new else "update", failed)

    def _add_event(self, logical_id: str, status: str, reason: str = "") -> None:
        stack_id = cloudformation._stacks[self.stack_name]["StackId"]
        stacks._add_event(stack_id, self.stack_name, logical_id, WAIT_CONDITION, status, reason)


def _waits_for(resource: Mapping[str, Any], missing: Collection[str]) -> bool:
    return bool(engine._extract_deps(resource, missing))


#: the deployment in progress; during a deletion it has no resources.
DEPLOYMENT: contextvars.ContextVar[Deployment] = contextvars.ContextVar(
    "deployment",
    default=Deployment("", {}),  # noqa: B039 - it never starts a wait condition
)
