"""CloudFormation stacks: whether they exist, and which stack owns a resource."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError

from slr_constructs.handler.slr_handler.aws import code, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Account, Region
    from slr_constructs.account.usages.kind import TargetResource

_PARTS_OF_AN_ARN = 6
#: resources of a stack that DescribeStackResources returns, by CloudFormation's API reference.
_MAX_RESOURCES = 100


class StackState(Enum):
    """Whether a stack exists."""

    EXISTS = "exists"
    DELETED = "deleted"
    UNKNOWN = "unknown"
    """CloudFormation cannot be asked. The stack is treated as existing."""


class OfStack:
    """A tag that a stack has set, on a resource that is not its own."""

    __slots__ = ()

    if TYPE_CHECKING:
        #: the id of the stack.
        stack: str
        state: StackState
        #: "lease" or "mark".
        noun: ClassVar[str]

        @property
        def place(self) -> str:
            """The resource that has the tag."""

    @property
    def stack_name(self) -> str:
        """The name of the stack."""
        return name_of(self.stack)

    @property
    def region(self) -> str | None:
        """The region of the stack."""
        return region_of(self.stack)

    @property
    def state_text(self) -> str:
        """The state of the stack, and the reason if no call can find it out."""
        if self.state is StackState.UNKNOWN and self.region is None:
            return f"{self.state.value}, because the {self.noun} does not have the id of a stack"
        return self.state.value

    @property
    def is_active(self) -> bool:
        """Whether the stack exists, or its state is unknown."""
        return self.state is not StackState.DELETED


def name_of(stack: str) -> str:
    """Return the name in a stack id. Text that is not a stack id is returned unchanged."""
    _, found, rest = stack.partition(":stack/")
    return rest.partition("/")[0] if found else stack


def region_of(stack: str) -> str | None:
    """Return the region in a stack id; None if the text is not a stack id."""
    parts = stack.split(":", maxsplit=_PARTS_OF_AN_ARN - 1)
    return parts[3] if len(parts) == _PARTS_OF_AN_ARN and parts[2] == "cloudformation" else None


def read_state(stack: str, account: Account) -> StackState:
    """Return whether the stack with this id exists.

    Raises:
        ClientError: CloudFormation refuses the call.
        BotoCoreError, ResponseParserError: The call gets no valid response.
    """
    region = region_of(stack)
    if region is None or f":{account.id}:" not in stack:
        return StackState.UNKNOWN
    api = account.region(region).api("cloudformation")
    try:
        response = api.call("describe_stacks", StackName=stack)
    except ClientError as error:
        if not is_unknown_stack(error):
            raise
        # CloudFormation returns a deleted stack by its id for some time, and then no longer
        return StackState.DELETED
    states = {each["StackStatus"] for each in response.get("Stacks", ())}
    if not states:
        # not a response of CloudFormation
        return StackState.UNKNOWN
    return StackState.DELETED if states == {"DELETE_COMPLETE"} else StackState.EXISTS


def find_stack(target: TargetResource, region: Region) -> str | None:
    """Return the id of the stack that owns a resource or has configured its feature.

    Raises:
        ClientError: CloudFormation refuses the call.
    """
    api = region.api("cloudformation")
    for physical_id in target.kind.physical_ids(target):
        try:
            response = api.call("describe_stack_resources", PhysicalResourceId=physical_id)
        except ClientError as error:
            if not is_unknown_stack(error):
                raise
            continue
        if _contains(response["StackResources"], target, physical_id):
            stack: str = response["StackResources"][0]["StackId"]
            return stack
    return None


def _contains(
    resources: Sequence[Mapping[str, Any]], target: TargetResource, physical_id: str
) -> bool:
    """Return whether the stack with these resources contains the resource."""
    same_id = [each for each in resources if each.get("PhysicalResourceId") == physical_id]
    if same_id:
        # resources of other types can have the same physical id
        return any(each["ResourceType"] in target.kind.resource_types for each in same_id)
    # of a large stack, CloudFormation returns only a part: an id that no other resource can have
    # belongs to the part that is missing
    return len(resources) >= _MAX_RESOURCES and (
        physical_id == target.arn or physical_id in target.kind.custom_resource_ids(target)
    )


def is_unknown_stack(error: ClientError) -> bool:
    """Return whether CloudFormation does not know a stack, for which it has no code of its own."""
    return code(error) == "ValidationError" and "does not exist" in message(error)
