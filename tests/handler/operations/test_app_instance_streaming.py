"""App instance streaming: the whole wanted list, and nothing beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.entrypoint import answer_to
from tests.handler.events import request
from tests.handler.lifecycles import APP_INSTANCE, MESSAGING_STREAM
from tests.handler.stubbed import Call

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.lifecycle import Answer
    from tests.handler.clocks import FakeClock
    from tests.handler.stubbed import StubbedAws

OTHER_STREAM = f"{MESSAGING_STREAM}-2"
CHANNELS = {"DataType": "Channel", "ResourceArn": MESSAGING_STREAM}
MESSAGES = {"DataType": "ChannelMessage", "ResourceArn": OTHER_STREAM}


def _call(method: str, **answer: Any) -> Call:  # noqa: ANN401 - values of any type
    return Call(
        service="chime-sdk-messaging",
        method=f"{method}_messaging_streaming_configurations",
        params={"AppInstanceArn": APP_INSTANCE},
        answer=answer,
    )


def _put(*streams: dict[str, str]) -> Call:
    return Call(
        service="chime-sdk-messaging",
        method="put_messaging_streaming_configurations",
        params={"AppInstanceArn": APP_INSTANCE, "StreamingConfigurations": list(streams)},
    )


def _ask(kind: str, clock: FakeClock, **streams: str) -> Answer:
    wanted = {"AppInstanceArn": APP_INSTANCE, **streams}
    return answer_to(request(kind, "Custom::AppInstanceStreaming", wanted, physical_id="id"), clock)


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
def test_puts_each_field(
    streams: dict[str, str],
    reaches: list[dict[str, str]],
    stubs: StubbedAws,
    clock: FakeClock,
) -> None:
    """Each stream is put under its data type."""
    stubs.expect([_call("get"), _put(*reaches)])

    answer = _ask("Create", clock, **streams)

    assert not answer.failed, answer.reason
    stubs.assert_all_called()


def test_takes_away_what_is_wanted_no_more(stubs: StubbedAws, clock: FakeClock) -> None:
    """Whether a put takes away the types it does not name is documented nowhere."""
    stubs.expect(
        [
            _call("get", StreamingConfigurations=[CHANNELS, MESSAGES]),
            _call("delete"),
            _put(CHANNELS),
        ]
    )

    answer = _ask("Update", clock, ChannelsStreamArn=MESSAGING_STREAM)

    assert not answer.failed, answer.reason
    stubs.assert_all_called()


def test_changes_a_stream_without_an_interruption(stubs: StubbedAws, clock: FakeClock) -> None:
    """A data type that is still wanted is put over, not deleted."""
    before = {**CHANNELS, "ResourceArn": OTHER_STREAM}
    stubs.expect([_call("get", StreamingConfigurations=[before]), _put(CHANNELS)])

    answer = _ask("Update", clock, ChannelsStreamArn=MESSAGING_STREAM)

    assert not answer.failed, answer.reason
    stubs.assert_all_called()


@pytest.mark.parametrize(
    ("code", "status"), [("NotFoundException", 404), ("BadRequestException", 400)]
)
def test_waits_for_what_was_made_just_now(
    code: str, status: int, stubs: StubbedAws, clock: FakeClock
) -> None:
    """An app instance, a stream, a role or a right may be too new to be seen."""
    stubs.expect(
        [
            *_call("get").refuse("NotFoundException", 404),
            *_put(CHANNELS).refuse(code, status, times=4),
            _put(CHANNELS),
        ]
    )

    answer = _ask("Create", clock, ChannelsStreamArn=MESSAGING_STREAM)

    assert not answer.failed, answer.reason
    assert clock.elapsed == 15


def test_fails_when_nothing_is_streamed(stubs: StubbedAws, clock: FakeClock) -> None:
    """An empty list is refused before what is there is deleted."""
    stubs.expect([])

    answer = _ask("Update", clock)

    assert answer.failed
    assert answer.reason == (
        f"{APP_INSTANCE} must be given a stream for channels or channel messages"
    )


def test_delete_takes_what_is_not_found_for_gone(stubs: StubbedAws, clock: FakeClock) -> None:
    """An app instance is deleted asynchronously."""
    stubs.expect([_call("delete"), *_call("get").refuse("NotFoundException", 404)])

    answer = _ask("Delete", clock)

    assert answer.reason == f"nothing of {APP_INSTANCE} is streamed any more"


def test_deletes_again_what_is_still_there(stubs: StubbedAws, clock: FakeClock) -> None:
    """A role in use would not go, so a delete looks whether it worked."""
    there = _call("get", StreamingConfigurations=[CHANNELS])
    stubs.expect([_call("delete"), there, _call("delete"), _call("get")])

    answer = _ask("Delete", clock)

    assert not answer.failed, answer.reason
    stubs.assert_all_called()


def test_fails_when_streaming_stays(stubs: StubbedAws, clock: FakeClock) -> None:
    """A minute later it says what it saw and what to do."""
    tries = 8
    stubs.expect([_call("delete"), _call("get", StreamingConfigurations=[CHANNELS])] * tries)

    answer = _ask("Delete", clock)

    assert answer.failed
    assert answer.reason.endswith("Chime still shows it; wait a few minutes and delete again")
    assert clock.elapsed <= 60
    stubs.assert_all_called()
