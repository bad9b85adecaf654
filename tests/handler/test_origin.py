"""Events that CloudFormation did not send: no call, and no response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.entrypoint import handler
from slr_constructs.handler.slr_handler.origin import RefusedEventError, check_origin
from tests.handler.events import ACCOUNT, FUNCTION_ARN, event, request, stack_id
from tests.handler.fake_cloudformation import fake_cloudformation
from tests.handler.lifecycles import LIFECYCLES
from tests.handler.test_entrypoint import LambdaContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.handler.stubbed import StubbedAws

ROLE = next(row for row in LIFECYCLES if row.resource_type == "Custom::ServiceLinkedRole")

BUCKET = "cloudformation-custom-resource-response-useast1"
SIGNED = "/response?Signature=secret"

REQUEST_TYPE = "RequestType is not Create, Update or Delete"
STACK_ID = "StackId is not a stack in the account and region of the function"
RESPONSE_URL = "ResponseURL is not in the bucket of CloudFormation for responses in us-east-1"

STACKS: list[object] = [
    stack_id().replace(ACCOUNT, "210987654321"),
    stack_id(region="eu-west-1"),
    stack_id().replace("arn:aws:", "arn:aws-cn:"),
    stack_id().replace(":cloudformation:", ":lambda:"),
    stack_id().replace(":stack/", ":stackset/"),
    "Stack",
    "",
    {"Ref": "AWS::StackId"},
]
URLS: list[object] = [
    f"http://{BUCKET}.s3.us-east-1.amazonaws.com{SIGNED}",
    f"ftp://{BUCKET}.s3.us-east-1.amazonaws.com{SIGNED}",
    "file:///tmp/response",
    "data:,response",
    "https://example.com/response",
    f"https://{BUCKET}.example.com{SIGNED}",
    f"https://{BUCKET}.s3.us-east-1.amazonaws.com.example.com{SIGNED}",
    f"https://{BUCKET}.s3.us-east-1.amazonaws.com@example.com{SIGNED}",
    f"https://{BUCKET}.s3.us-east-1.amazonaws.com\\@example.com{SIGNED}",
    f"https://user@{BUCKET}.s3.us-east-1.amazonaws.com{SIGNED}",
    f"https://{BUCKET}.s3.us-east-1.amazonaws.com:8443{SIGNED}",
    f"https://{BUCKET}.s3.us-east-1.amazonaws.com?{SIGNED}",
    f"https://{BUCKET}.s3.us-east-1.amazonaws.com#{SIGNED}",
    f"https://{BUCKET}.s3.us-east-1amazonaws.com{SIGNED}",
    f"https://{BUCKET}.s3xus-east-1.amazonaws.com{SIGNED}",
    f"https://{BUCKET}.s3.eu-west-1.amazonaws.com{SIGNED}",
    f"https://{BUCKET}.s3.us-east-1.amazonaws.com.cn{SIGNED}",
    f"https://{BUCKET}.s3-website-us-east-1.amazonaws.com{SIGNED}",
    f"https://{BUCKET}.ec2.us-east-1.amazonaws.com{SIGNED}",
    f"https://theirs.{BUCKET}.s3.us-east-1.amazonaws.com{SIGNED}",
    f"https://theirs.s3.us-east-1.amazonaws.com/{BUCKET}{SIGNED}",
    f"https://{BUCKET}s.s3.us-east-1.amazonaws.com{SIGNED}",
    f"https://s3.us-east-1.amazonaws.com/{BUCKET}s{SIGNED}",
    f"https://s3.us-east-1.amazonaws.com/theirs/{BUCKET}{SIGNED}",
    f"https://s3.us-east-1.amazonaws.com//{BUCKET}{SIGNED}",
    "https://cloudformation-custom-resource-response-us-east-1.s3.amazonaws.com/response",
    "https://cloudformation-custom-resource-response-euwest1.s3.amazonaws.com/response",
    "https://cloudformation-waitcondition-us-east-1.s3.amazonaws.com/response",
    f" https://{BUCKET}.s3.us-east-1.amazonaws.com{SIGNED}",
    "",
    None,
]
FORGED: dict[str, tuple[list[object], str]] = {
    "RequestType": (["Nuke", "create", "", None, ["Create"]], REQUEST_TYPE),
    "StackId": (STACKS, STACK_ID),
    "ResponseURL": (URLS, RESPONSE_URL),
}


@pytest.mark.parametrize("kind", ["Create", "Delete"])
@pytest.mark.parametrize(
    ("field", "number"),
    [(field, number) for field, (values, _) in FORGED.items() for number in range(len(values))],
)
def test_refuses_a_forged_event_without_a_call_and_a_response(
    field: str,
    number: int,
    kind: str,
    stubs: StubbedAws,  # noqa: ARG001 - every call fails
    logged: Callable[[], list[dict[str, Any]]],
) -> None:
    """Each field is checked before the first call, and the error does not have the URL."""
    values, reason = FORGED[field]
    given = event(kind, ROLE.resource_type, ROLE.properties, physical_resource_id=ROLE.physical_id)
    forged = {**given, field: values[number]}

    with fake_cloudformation() as cloudformation, pytest.raises(RefusedEventError) as refused:
        handler(forged, LambdaContext())

    assert str(refused.value) == reason
    assert cloudformation.puts == []
    assert logged() == []


@pytest.mark.parametrize("arn", [FUNCTION_ARN, f"{FUNCTION_ARN}:live", f"{FUNCTION_ARN}:7"])
@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_accepts_the_requests_of_cloudformation(kind: str, arn: str) -> None:
    """An app may invoke the function by an alias or a version."""
    check_origin(request(kind, ROLE.resource_type, ROLE.properties), arn)


@pytest.mark.parametrize(
    ("partition", "region", "domain"),
    [
        ("aws", "us-east-1", "amazonaws.com"),
        ("aws", "ap-southeast-7", "amazonaws.com"),
        ("aws-cn", "cn-northwest-1", "amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "{bucket}.s3.{domain}/",
        "{bucket}.s3.{region}.{domain}/",
        "{bucket}.s3-{region}.{domain}/",
        "{bucket}.s3.dualstack.{region}.{domain}/",
        "{bucket}.s3-fips.{region}.{domain}/",
        "s3.{domain}/{bucket}/",
        "s3.{region}.{domain}/{bucket}/",
        "s3-{region}.{domain}/{bucket}/",
    ],
)
def test_accepts_every_form_of_the_host(
    form: str, partition: str, region: str, domain: str
) -> None:
    """The bucket is in the host or in the path, and the host has the region or not."""
    bucket = f"cloudformation-custom-resource-response-{region.replace('-', '')}"
    place = form.format(bucket=bucket, region=region, domain=domain)
    stack = stack_id(region=region).replace("arn:aws:", f"arn:{partition}:")
    received = request(
        "Create",
        ROLE.resource_type,
        ROLE.properties,
        stack=stack,
        response_url=f"https://{place}arn%3Aaws?X-Amz-Signature=secret",
    )

    check_origin(received, f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:Stack-Function")
