"""CloudFormation: whether a stack exists, and which stack owns a resource.

From AWS: codes and texts of errors, a deleted stack is found only by its id and its resources are
still listed, and at most 100 resources are returned. Our model: a resource that is requested by
its physical id is searched in stacks that are not deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_services.paging import page
from tests.fake_services.wire import Refused, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fake_services.accounts import FakeAccount, FakeStack
    from tests.fake_services.wire import Call

    Data = dict[str, Any]

_MOST_RESOURCES = 100


def describe_stacks(account: FakeAccount, call: Call, size: int) -> Data:
    """Describe one stack, or all stacks that are not deleted."""
    asked = call.parameters.get("StackName")
    if asked is not None:
        return {"Stacks": [_described(_called(account, call, asked))]}
    found, rest = page(call, [*_present(account, call)], call.parameters.get("NextToken"), size)
    more = {} if rest is None else {"NextToken": rest}
    return {"Stacks": [_described(stack) for stack in found], **more}


def describe_stack_resources(account: FakeAccount, call: Call, _size: int) -> Data:
    """Describe the resources of one stack."""
    asked = call.parameters
    if "PhysicalResourceId" in asked:
        stack = _having(account, call, asked["PhysicalResourceId"])
    elif "StackName" in asked:
        stack = _called(account, call, asked["StackName"])
    else:
        raise invalid(call.service, "Either StackName or PhysicalResourceId must be specified.")
    return {
        "StackResources": [
            {
                "StackName": stack.name,
                "StackId": stack.id,
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": physical_id,
                "ResourceType": resource_type,
                "Timestamp": stack.created,
                "ResourceStatus": stack.status if stack.deleted else "CREATE_COMPLETE",
            }
            for logical_id, resource_type, physical_id in stack.resources
            if asked.get("LogicalResourceId", logical_id) == logical_id
        ][:_MOST_RESOURCES]
    }


def _present(account: FakeAccount, call: Call) -> Iterator[FakeStack]:
    # a copy in one step: tests may add stacks at the same time
    for stack in [*account.stacks.values()]:
        if stack.region == call.region and not stack.deleted:
            yield stack


def _called(account: FakeAccount, call: Call, asked: str) -> FakeStack:
    stack = account.stacks.get(asked)
    if stack is not None and stack.region == call.region:
        return stack
    for present in _present(account, call):
        if present.name == asked:
            return present
    raise Refused("ValidationError", f"Stack with id {asked} does not exist")


def _having(account: FakeAccount, call: Call, physical_id: str) -> FakeStack:
    for stack in _present(account, call):
        if any(each == physical_id for _, _, each in stack.resources):
            return stack
    raise Refused("ValidationError", f"Stack for {physical_id} does not exist")


def _described(stack: FakeStack) -> Data:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "StackStatus": stack.status,
        "DisableRollback": False,
        "Tags": [],
    }
