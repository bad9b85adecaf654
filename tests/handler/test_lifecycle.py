"""CloudFormation's request and answer, over a real connection to loopback."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.lifecycle import Answer, Request, log, send
from tests.handler.answering import Answering, answering, closed_port
from tests.handler.events import ACCOUNT, ANSWER_URL, event, request, stack_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Logged = Callable[[], list[dict[str, Any]]]

ANSWER_BYTES = 4096


@pytest.fixture
def cloudformation() -> Iterator[Answering]:
    """Listen as CloudFormation does."""
    with answering() as state:
        yield state


def _asked(cloudformation: Answering) -> Request:
    return replace(request("Create", "Custom::Thing", {}), answer_url=cloudformation.url)


def test_reads_what_cloudformation_asks() -> None:
    """The event is read into types once."""
    asked = Request.from_event(event("Update", "Custom::Thing", {"A": "1"}, physical_id="thing"))

    assert (asked.type, asked.resource_type, asked.logical_id) == (
        "Update",
        "Custom::Thing",
        "Thing",
    )
    assert (asked.stack_id, asked.physical_id) == (stack_id(), "thing")
    assert (asked.request_id, asked.answer_url) == ("1b8e-request", ANSWER_URL)
    assert asked.properties["A"] == "1"
    assert asked.account == ACCOUNT


def test_reads_a_request_without_id_and_properties() -> None:
    """A create has no id yet, and a resource need not have properties."""
    given = event("Create", "Custom::Thing", {})
    del given["ResourceProperties"]

    asked = Request.from_event(given)

    assert asked.physical_id is None
    assert asked.properties == {}


def test_a_request_does_not_show_where_to_answer() -> None:
    """A request that is printed, or in a traceback, gives nothing away."""
    assert ANSWER_URL not in repr(request("Create", "Custom::Thing", {}))


def test_log_lines_are_json(logged: Logged) -> None:
    """Each event is one line, whatever its details are."""
    log("thing", text="a\nb", other=Request)

    (line,) = logged()
    assert line == {"event": "thing", "text": "a\nb", "other": str(Request)}


def test_puts_an_answer(cloudformation: Answering, logged: Logged) -> None:
    """All parts are there, and the signed address is used without a content type."""
    send(_asked(cloudformation), Answer("thing", "made it", data={"Outcome": "made it"}))

    (put,) = cloudformation.puts
    assert (put.method, put.path) == ("PUT", "/answer?Signature=secret")
    assert put.content_type == ""
    assert put.read() == {
        "Status": "SUCCESS",
        "Reason": "made it",
        "PhysicalResourceId": "thing",
        "StackId": stack_id(),
        "RequestId": "1b8e-request",
        "LogicalResourceId": "Thing",
        "Data": {"Outcome": "made it"},
    }
    assert [line["event"] for line in logged()] == ["answer"]


def test_puts_a_failure_without_data(cloudformation: Answering) -> None:
    """What failed has nothing to give to others."""
    send(_asked(cloudformation), Answer("thing", "no", failed=True, data={"Outcome": "x"}))

    (put,) = cloudformation.puts
    assert (put.read()["Status"], put.read()["Data"]) == ("FAILED", {})


@pytest.mark.parametrize("statuses", [[503], [403, 500, 503]], ids=["once", "three-times"])
def test_tries_again_until_the_answer_is_taken(
    statuses: list[int], cloudformation: Answering, logged: Logged
) -> None:
    """An answer that gets lost costs an hour of waiting."""
    cloudformation.statuses = list(statuses)
    waits: list[float] = []
    send(_asked(cloudformation), Answer("thing", "made it"), wait=waits.append)

    assert len(cloudformation.puts) == len(statuses) + 1
    assert waits == [1] * len(statuses)
    assert [line["event"] for line in logged()] == ["answer"] + ["answer not taken"] * len(statuses)


def test_fails_when_no_answer_is_taken(cloudformation: Answering) -> None:
    """The function fails, and Lambda delivers the event again."""
    cloudformation.statuses = [503] * 4

    with pytest.raises(OSError, match="503"):
        send(_asked(cloudformation), Answer("thing", "made it"), wait=lambda _: None)

    assert len(cloudformation.puts) == 4


def test_fails_when_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    """The log says how often it was tried, and not where."""
    url = f"http://127.0.0.1:{closed_port()}/answer?Signature=secret"
    asked = replace(request("Create", "Custom::Thing", {}), answer_url=url)

    with pytest.raises(OSError, match="refused"):
        send(asked, Answer("thing", "made it"), wait=lambda _: None)

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["answer"] + ["answer not taken"] * 4
    assert not any("Signature" in line for line in lines)


@pytest.mark.parametrize("character", ["a", "é", "\U0001f600", '"', "\n"])
@pytest.mark.parametrize("failed", [True, False], ids=["failed", "done"])
def test_shortens_what_cloudformation_would_refuse(
    character: str, cloudformation: Answering, *, failed: bool
) -> None:
    """A character takes up to twelve bytes once it is escaped."""
    long = character * 5000
    send(_asked(cloudformation), Answer("a" * 1640, long, failed=failed, data={"Outcome": long}))

    (put,) = cloudformation.puts
    assert len(put.body) <= ANSWER_BYTES
    assert len(put.read()["Reason"]) >= 400


def test_leaves_a_short_reason_as_it_is(cloudformation: Answering) -> None:
    """Text in any script is told as it was said."""
    send(_asked(cloudformation), Answer("thing", "größer … 東京"))

    (put,) = cloudformation.puts
    assert put.read()["Reason"] == "größer … 東京"
