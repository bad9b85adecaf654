"""CloudFormation's stacks: which are there, and which owns what."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from slr_constructs.account.access import CALL_ERRORS
from slr_constructs.handler.slr_handler.aws import code, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Account, Region
    from slr_constructs.account.uses.kind import Thing

_PARTS_OF_AN_ARN = 6
#: of the resources of a stack, by CloudFormation's API reference.
_SHOWN_AT_MOST = 100


class StackState(Enum):
    """Whether a stack is there."""

    EXISTS = "exists"
    GONE = "gone"
    UNKNOWN = "unknown"
    """Nobody could tell, so it counts as one that exists."""


def name_of(stack: str) -> str:
    """Return the name in a stack's id; what is no id, as it is."""
    _, found, rest = stack.partition(":stack/")
    return rest.partition("/")[0] if found else stack


def region_of(stack: str) -> str | None:
    """Return the region in a stack's id; None for what is no id."""
    parts = stack.split(":", maxsplit=_PARTS_OF_AN_ARN - 1)
    return parts[3] if len(parts) == _PARTS_OF_AN_ARN and parts[2] == "cloudformation" else None


def read_state(stack: str, account: Account) -> StackState:
    """Tell whether a stack is there, by its id.

    Raises:
        ClientError: CloudFormation does not say.
        BotoCoreError, ResponseParserError: Nobody says.
    """
    region = region_of(stack)
    if region is None or f":{account.id}:" not in stack:
        return StackState.UNKNOWN
    api = account.region(region).api("cloudformation")
    try:
        answer = api.call("describe_stacks", StackName=stack)
    except ClientError as error:
        if not _unknown(error):
            raise
        # by its id, a stack is told of for a while after it is deleted, and then no more
        return StackState.GONE
    states = {each["StackStatus"] for each in answer.get("Stacks", ())}
    if not states:
        # no answer of CloudFormation's
        return StackState.UNKNOWN
    return StackState.GONE if states == {"DELETE_COMPLETE"} else StackState.EXISTS


def state_of(stack: str, account: Account) -> StackState:
    """Tell whether a stack is there, as far as anybody says."""
    try:
        return read_state(stack, account)
    except CALL_ERRORS:
        return StackState.UNKNOWN


def stack_of(thing: Thing, region: Region) -> str | None:
    """Return the id of the stack that owns a thing, or that has switched its feature on.

    Raises:
        ClientError: CloudFormation does not say.
    """
    api = region.api("cloudformation")
    for physical_id in thing.kind.physical_ids(thing):
        try:
            answer = api.call("describe_stack_resources", PhysicalResourceId=physical_id)
        except ClientError as error:
            if not _unknown(error):
                raise
            continue
        if _has(answer["StackResources"], thing, physical_id):
            stack: str = answer["StackResources"][0]["StackId"]
            return stack
    return None


def _has(resources: Sequence[Mapping[str, Any]], thing: Thing, physical_id: str) -> bool:
    """Tell whether it is the thing that the stack of these resources has."""
    so_called = [each for each in resources if each.get("PhysicalResourceId") == physical_id]
    if so_called:
        # other things may have the same name
        return any(each["ResourceType"] in thing.kind.resource_types for each in so_called)
    # of a large stack, CloudFormation shows a part; what nothing else is called is in the rest
    return len(resources) >= _SHOWN_AT_MOST and (
        physical_id == thing.arn or physical_id in thing.kind.switched_by(thing)
    )


def _unknown(error: ClientError) -> bool:
    return code(error) == "ValidationError" and "does not exist" in message(error)
