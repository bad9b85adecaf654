"""CloudFormation's request and response, with a real connection to loopback."""

from __future__ import annotations

import json
from dataclasses import replace
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.cloudformation import Request, Response, log, send
from tests.handler.events import RESPONSE_URL, event, request, stack_id
from tests.handler.fake_cloudformation import FakeCloudFormation, closed_port, fake_cloudformation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Logged = Callable[[], list[dict[str, Any]]]

RESPONSE_BYTES = 4096


@pytest.fixture
def cloudformation() -> Iterator[FakeCloudFormation]:
    """Listen like CloudFormation."""
    with fake_cloudformation() as state:
        yield state


def _request(cloudformation: FakeCloudFormation) -> Request:
    return replace(request("Create", "Custom::Thing", {}), response_url=cloudformation.url)


def test_reads_a_request() -> None:
    """The request has all fields of the event."""
    received = Request.from_event(
        event("Update", "Custom::Thing", {"A": "1"}, physical_resource_id="thing")
    )

    assert (received.request_type, received.resource_type, received.logical_resource_id) == (
        "Update",
        "Custom::Thing",
        "Thing",
    )
    assert (received.stack_id, received.physical_resource_id) == (stack_id(), "thing")
    assert (received.request_id, received.response_url) == ("1b8e-request", RESPONSE_URL)
    assert received.resource_properties["A"] == "1"


def test_reads_a_request_without_id_and_properties() -> None:
    """A create does not have an id yet, and properties are optional."""
    given = event("Create", "Custom::Thing", {})
    del given["ResourceProperties"]

    received = Request.from_event(given)

    assert received.physical_resource_id is None
    assert received.resource_properties == {}


def test_repr_of_a_request_does_not_contain_the_response_url() -> None:
    """A printed request, or one in a traceback, does not leak the URL."""
    assert RESPONSE_URL not in repr(request("Create", "Custom::Thing", {}))


def test_log_lines_are_json(logged: Logged) -> None:
    """Each event is one line with any details."""
    log("thing", text="a\nb", other=Request)

    (line,) = logged()
    assert line == {"event": "thing", "text": "a\nb", "other": str(Request)}


def test_sends_a_response(cloudformation: FakeCloudFormation, logged: Logged) -> None:
    """The response has all fields, and the signed URL is used without a content type."""
    send(_request(cloudformation), Response("thing", "created", data={"Outcome": "created"}))

    (put,) = cloudformation.puts
    assert (put.method, put.path) == ("PUT", "/response?Signature=secret")
    assert put.content_type == ""
    assert put.read() == {
        "Status": "SUCCESS",
        "Reason": "created",
        "PhysicalResourceId": "thing",
        "StackId": stack_id(),
        "RequestId": "1b8e-request",
        "LogicalResourceId": "Thing",
        "Data": {"Outcome": "created"},
    }
    assert [line["event"] for line in logged()] == ["response"]


def test_sends_a_failure_without_data(cloudformation: FakeCloudFormation) -> None:
    """A failed resource does not have attributes."""
    send(_request(cloudformation), Response("thing", "no", failed=True, data={"Outcome": "x"}))

    (put,) = cloudformation.puts
    assert (put.read()["Status"], put.read()["Data"]) == ("FAILED", {})


@pytest.mark.parametrize(
    "statuses", [[503], [403, 500, 503], [0, 0, 0]], ids=["once", "three-times", "not-http"]
)
def test_retries_until_the_response_is_delivered(
    statuses: list[int], cloudformation: FakeCloudFormation, logged: Logged
) -> None:
    """A lost response makes the stack wait for an hour."""
    cloudformation.statuses = list(statuses)
    waits: list[float] = []
    send(_request(cloudformation), Response("thing", "created"), wait=waits.append)

    assert len(cloudformation.puts) == len(statuses) + 1
    assert waits == [1] * len(statuses)
    assert [line["event"] for line in logged()] == ["response"] + ["response not delivered"] * len(
        statuses
    )


def test_fails_when_the_response_is_not_delivered(cloudformation: FakeCloudFormation) -> None:
    """The function fails, and Lambda delivers the event again."""
    cloudformation.statuses = [503] * 4

    with pytest.raises(OSError, match="503"):
        send(_request(cloudformation), Response("thing", "created"), wait=lambda _: None)

    assert len(cloudformation.puts) == 4


def test_fails_when_the_response_to_the_last_attempt_is_not_http(
    cloudformation: FakeCloudFormation,
) -> None:
    """A proxy may answer anything."""
    cloudformation.statuses = [0] * 4

    with pytest.raises(HTTPException):
        send(_request(cloudformation), Response("thing", "created"), wait=lambda _: None)


def test_fails_when_the_connection_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The log has every attempt, but not the URL."""
    url = f"http://127.0.0.1:{closed_port()}/response?Signature=secret"
    received = replace(request("Create", "Custom::Thing", {}), response_url=url)

    with pytest.raises(OSError, match="refused"):
        send(received, Response("thing", "created"), wait=lambda _: None)

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["response"] + [
        "response not delivered"
    ] * 4
    assert not any("Signature" in line for line in lines)


@pytest.mark.parametrize("character", ["a", "é", "\U0001f600", '"', "\n"])
@pytest.mark.parametrize("failed", [True, False], ids=["failed", "done"])
def test_shortens_a_long_response(
    character: str, cloudformation: FakeCloudFormation, *, failed: bool
) -> None:
    """An escaped character takes up to twelve bytes."""
    long = character * 5000
    send(
        _request(cloudformation), Response("a" * 1640, long, failed=failed, data={"Outcome": long})
    )

    (put,) = cloudformation.puts
    assert len(put.body) <= RESPONSE_BYTES
    assert len(put.read()["Reason"]) >= 400


def test_does_not_change_a_short_reason(cloudformation: FakeCloudFormation) -> None:
    """Text in any script is sent unchanged."""
    send(_request(cloudformation), Response("thing", "größer … 東京"))

    (put,) = cloudformation.puts
    assert put.read()["Reason"] == "größer … 東京"
