"""App instance streaming: the function replaces the whole list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.entrypoint import respond
from tests.handler.events import request
from tests.handler.lifecycles import APP_INSTANCE, MESSAGING_STREAM
from tests.handler.stubbed import TRIES_WHEN_DENIED, Call

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.cloudformation import Response
    from tests.handler.clocks import FakeClock
    from tests.handler.stubbed import StubbedAws

OTHER_STREAM = f"{MESSAGING_STREAM}-2"
CHANNELS = {"DataType": "Channel", "ResourceArn": MESSAGING_STREAM}
MESSAGES = {"DataType": "ChannelMessage", "ResourceArn": OTHER_STREAM}


def _call(method: str, **response: Any) -> Call:  # noqa: ANN401 - values of any type
    return Call(
        service="chime-sdk-messaging",
        method=f"{method}_messaging_streaming_configurations",
        params={"AppInstanceArn": APP_INSTANCE},
        response=response,
    )


def _put(*streams: dict[str, str]) -> Call:
    return Call(
        service="chime-sdk-messaging",
        method="put_messaging_streaming_configurations",
        params={"AppInstanceArn": APP_INSTANCE, "StreamingConfigurations": list(streams)},
    )


def _ask(kind: str, clock: FakeClock, **streams: str) -> Response:
    wanted = {"AppInstanceArn": APP_INSTANCE, **streams}
    known = f"{APP_INSTANCE}/streaming-configurations"
    return respond(
        request(kind, "Custom::AppInstanceStreaming", wanted, physical_resource_id=known), clock
    )


@pytest.mark.parametrize(
    ("streams", "reaches"),
    [
        pytest.param({"ChannelsStreamArn": MESSAGING_STREAM}, [CHANNELS], id="channels"),
        pytest.param({"ChannelMessagesStreamArn": OTHER_STREAM}, [MESSAGES], id="messages"),
        pytest.param(
            {"ChannelsStreamArn": MESSAGING_STREAM, "ChannelMessagesStreamArn": OTHER_STREAM},
            [CHANNELS, MESSAGES],
            id="both",
        ),
    ],
)
def test_configures_each_field(
    streams: dict[str, str],
    reaches: list[dict[str, str]],
    stubs: StubbedAws,
    clock: FakeClock,
) -> None:
    """Each stream is configured for its data type."""
    stubs.expect([_call("get"), _put(*reaches)])

    response = _ask("Create", clock, **streams)

    assert not response.failed, response.reason
    stubs.assert_all_called()


def test_removes_a_data_type_that_is_no_longer_configured(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """No documentation says whether a put removes the types that it does not name."""
    stubs.expect(
        [
            _call("get", StreamingConfigurations=[CHANNELS, MESSAGES]),
            _call("delete"),
            _put(CHANNELS),
        ]
    )

    response = _ask("Update", clock, ChannelsStreamArn=MESSAGING_STREAM)

    assert not response.failed, response.reason
    stubs.assert_all_called()


def test_changes_a_stream_without_an_interruption(stubs: StubbedAws, clock: FakeClock) -> None:
    """A data type that is still configured is replaced, not deleted."""
    before = {**CHANNELS, "ResourceArn": OTHER_STREAM}
    stubs.expect([_call("get", StreamingConfigurations=[before]), _put(CHANNELS)])

    response = _ask("Update", clock, ChannelsStreamArn=MESSAGING_STREAM)

    assert not response.failed, response.reason
    stubs.assert_all_called()


@pytest.mark.parametrize(
    ("code", "status"), [("NotFoundException", 404), ("BadRequestException", 400)]
)
def test_waits_for_new_resources(
    code: str, status: int, stubs: StubbedAws, clock: FakeClock
) -> None:
    """A new app instance, stream, role or policy may not be visible yet."""
    stubs.expect(
        [
            *_call("get").refuse("NotFoundException", 404),
            *_put(CHANNELS).refuse(code, status, times=4),
            _put(CHANNELS),
        ]
    )

    response = _ask("Create", clock, ChannelsStreamArn=MESSAGING_STREAM)

    assert not response.failed, response.reason
    assert clock.elapsed == 15


def test_fails_without_a_stream(stubs: StubbedAws, clock: FakeClock) -> None:
    """An empty list is rejected before existing configurations are deleted."""
    stubs.expect([])

    response = _ask("Update", clock)

    assert response.failed
    assert response.reason == (
        f"{APP_INSTANCE} has no stream. Set channels_stream_arn, channel_messages_stream_arn or"
        " both"
    )


def test_delete_succeeds_when_the_configuration_is_not_found(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """An app instance is deleted asynchronously."""
    stubs.expect([_call("delete"), *_call("get").refuse("NotFoundException", 404)])

    response = _ask("Delete", clock)

    assert response.reason == f"streaming of {APP_INSTANCE} is disabled"


def test_deletes_an_existing_configuration_again(stubs: StubbedAws, clock: FakeClock) -> None:
    """IAM does not delete a role in use, so the function verifies the deletion."""
    existing = _call("get", StreamingConfigurations=[CHANNELS])
    stubs.expect([_call("delete"), existing, _call("delete"), _call("get")])

    response = _ask("Delete", clock)

    assert not response.failed, response.reason
    stubs.assert_all_called()


@pytest.mark.parametrize(
    ("code", "status", "times"),
    [("BadRequestException", 400, 1), ("ForbiddenException", 403, TRIES_WHEN_DENIED)],
)
def test_delete_reads_whether_the_instance_exists(
    code: str, status: int, times: int, stubs: StubbedAws, clock: FakeClock
) -> None:
    """The model of the deletion has no error for an instance that does not exist."""
    stubs.expect(_call("delete").refuse(code, status, times))
    stubs.expect(_call("get").refuse("NotFoundException", 404))

    response = _ask("Delete", clock)

    assert response.reason == f"{APP_INSTANCE} does not exist, so it has no streaming to disable"
    assert not response.failed


@pytest.mark.parametrize(
    "read",
    [[_call("get")], _call("get").refuse("ForbiddenException", 403, TRIES_WHEN_DENIED)],
    ids=["exists", "unknown"],
)
def test_delete_fails_when_it_is_refused(
    read: list[Call], stubs: StubbedAws, clock: FakeClock
) -> None:
    """The reason is that of the deletion."""
    stubs.expect([*_call("delete").refuse("BadRequestException", 400), *read])

    response = _ask("Delete", clock)

    assert response.failed
    assert response.reason.endswith(
        "DeleteMessagingStreamingConfigurations failed: BadRequestException: AWS says no"
    )


def test_delete_needs_no_permission_to_read(stubs: StubbedAws, clock: FakeClock) -> None:
    """Its permissions may have been taken away, but the deletion has succeeded."""
    refused = _call("get").refuse("ForbiddenException", 403, times=TRIES_WHEN_DENIED)
    stubs.expect([_call("delete"), *refused])

    response = _ask("Delete", clock)

    assert not response.failed
    assert response.reason == (
        f"streaming of {APP_INSTANCE} was deleted, but not verified"
        " (check the permissions and the service control policies): ForbiddenException: AWS says no"
    )


def test_fails_when_streaming_is_not_deleted(stubs: StubbedAws, clock: FakeClock) -> None:
    """After a minute, the reason says what Chime reports and what to do."""
    attempts = 8
    stubs.expect([_call("delete"), _call("get", StreamingConfigurations=[CHANNELS])] * attempts)

    response = _ask("Delete", clock)

    assert response.failed
    assert response.reason.endswith("Chime still reports it. Wait a few minutes and try again")
    assert clock.elapsed <= 60
    stubs.assert_all_called()
