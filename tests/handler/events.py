"""Events of CloudFormation."""

from __future__ import annotations

import hashlib
from typing import Any

from slr_constructs.handler.slr_handler.cloudformation import Request
from slr_constructs.handler.slr_handler.operations import service_linked_role
from tests.response_bucket import response_url

ACCOUNT = "123456789012"
#: with this URL, anyone can respond in place of the function.
RESPONSE_URL = response_url("response?Signature=secret")
FUNCTION_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:Stack-Function"

#: the kind of the event that was sent last, by stack and logical id.
SENT: dict[tuple[str, str], str] = {}


def stack_id(name: str = "Stack", region: str = "us-east-1") -> str:
    """Return the id of a stack."""
    return f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/6f0c5ad0"


def lease_of(stack: str, logical_id: str = "Thing") -> str:
    """Return the lease tag of a stack."""
    digest = hashlib.sha256(f"{stack}/{logical_id}".encode()).hexdigest()[:32]
    return service_linked_role.LEASE_TAG + digest


def event(
    kind: str,
    resource_type: str,
    properties: dict[str, Any],
    *,
    physical_resource_id: str | None = None,
    old_properties: dict[str, Any] | None = None,
    stack: str | None = None,
    logical_id: str = "Thing",
    response_url: str = RESPONSE_URL,
) -> dict[str, Any]:
    """Return an event, with the fields that CloudFormation adds."""
    SENT[stack or stack_id(), logical_id] = kind
    given: dict[str, Any] = {
        "RequestType": kind,
        "ResourceType": resource_type,
        "LogicalResourceId": logical_id,
        "StackId": stack or stack_id(),
        "RequestId": "1b8e-request",
        "ResponseURL": response_url,
        "ResourceProperties": {
            "ServiceToken": FUNCTION_ARN,
            "ServiceTimeout": "1200",
            **properties,
        },
    }
    if physical_resource_id is not None:
        given["PhysicalResourceId"] = physical_resource_id
    if old_properties is not None:
        given["OldResourceProperties"] = {
            "ServiceToken": given["ResourceProperties"]["ServiceToken"],
            "ServiceTimeout": "1200",
            **old_properties,
        }
    return given


def request(
    kind: str,
    resource_type: str,
    properties: dict[str, Any],
    **more: Any,  # noqa: ANN401 - as `event` takes them
) -> Request:
    """Return an event as the request that the function reads."""
    return Request.from_event(event(kind, resource_type, properties, **more))
