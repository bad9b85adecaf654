"""Voice Connector streaming: every field reaches the call, and a delete makes sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.entrypoint import answer_to
from tests.handler.events import request
from tests.handler.lifecycles import CONNECTOR
from tests.handler.stubbed import TRIES_WHEN_DENIED, Call

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.lifecycle import Answer
    from tests.handler.clocks import FakeClock
    from tests.handler.stubbed import StubbedAws

INSIGHTS = "arn:aws:chime:us-east-1:123456789012:media-insights-pipeline-configuration/calls"
PROPERTIES = {
    "VoiceConnectorId": CONNECTOR,
    "DataRetentionInHours": "0",
    "NotificationTargets": ["EventBridge"],
}
CONFIGURATION = {
    "DataRetentionInHours": 0,
    "Disabled": False,
    "StreamingNotificationTargets": [{"NotificationTarget": "EventBridge"}],
}
ON = {"StreamingConfiguration": {"DataRetentionInHours": 24, "Disabled": False}}
OFF = {"StreamingConfiguration": {"DataRetentionInHours": 24, "Disabled": True}}


def _put(**configuration: Any) -> Call:  # noqa: ANN401 - values of any type
    return Call(
        service="chime-sdk-voice",
        method="put_voice_connector_streaming_configuration",
        params={
            "VoiceConnectorId": CONNECTOR,
            "StreamingConfiguration": CONFIGURATION | configuration,
        },
    )


def _call(method: str, answer: dict[str, Any] | None = None) -> Call:
    return Call(
        service="chime-sdk-voice",
        method=f"{method}_voice_connector_streaming_configuration",
        params={"VoiceConnectorId": CONNECTOR},
        answer=answer or {},
    )


def _ask(kind: str, clock: FakeClock, **properties: Any) -> Answer:  # noqa: ANN401 - as above
    wanted = {**PROPERTIES, **properties}
    return answer_to(
        request(kind, "Custom::VoiceConnectorStreaming", wanted, physical_id="id"), clock
    )


@pytest.mark.parametrize(
    ("name", "value", "reaches"),
    [
        pytest.param("DataRetentionInHours", "72", {"DataRetentionInHours": 72}, id="retention"),
        pytest.param("Enabled", "true", {"Disabled": False}, id="enabled"),
        pytest.param("Enabled", "false", {"Disabled": True}, id="not-enabled"),
        pytest.param(
            "NotificationTargets",
            ["SQS", "SNS"],
            {
                "StreamingNotificationTargets": [
                    {"NotificationTarget": "SQS"},
                    {"NotificationTarget": "SNS"},
                ]
            },
            id="targets",
        ),
        pytest.param(
            "MediaInsightsConfigurationArn",
            INSIGHTS,
            {"MediaInsightsConfiguration": {"Disabled": False, "ConfigurationArn": INSIGHTS}},
            id="insights",
        ),
    ],
)
def test_puts_each_field(
    name: str, value: object, reaches: dict[str, Any], stubs: StubbedAws, clock: FakeClock
) -> None:
    """What the construct says reaches Chime, under Chime's name for it."""
    stubs.expect([_put(**reaches)])

    answer = _ask("Create", clock, **{name: value})

    assert not answer.failed, answer.reason
    stubs.assert_all_called()


def test_says_that_streaming_is_configured_but_not_enabled(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """The outcome does not claim more than was done."""
    stubs.expect([_put(Disabled=True)])

    answer = _ask("Create", clock, Enabled="false")

    assert answer.reason.endswith("is configured, but not enabled")


def test_waits_for_a_connector_made_just_now(stubs: StubbedAws, clock: FakeClock) -> None:
    """A new connector answers 404 for a while."""
    stubs.expect([*_put().refuse("NotFoundException", 404, times=4), _put()])

    answer = _ask("Create", clock)

    assert not answer.failed, answer.reason
    assert clock.elapsed == 15


def test_fails_when_the_connector_does_not_appear(stubs: StubbedAws, clock: FakeClock) -> None:
    """A wrong id is told within a minute."""
    stubs.expect(_put().refuse("NotFoundException", 404, times=TRIES_WHEN_DENIED))

    answer = _ask("Create", clock)

    assert answer.failed
    assert "PutVoiceConnectorStreamingConfiguration was refused: NotFoundExcept" in answer.reason
    assert clock.elapsed <= 60


@pytest.mark.parametrize("shown", [OFF, {}], ids=["disabled", "empty"])
def test_delete_takes_what_is_disabled_for_gone(
    shown: dict[str, Any], stubs: StubbedAws, clock: FakeClock
) -> None:
    """Whether Chime answers 404 or an empty configuration is documented nowhere."""
    stubs.expect([_call("delete"), _call("get", shown)])

    answer = _ask("Delete", clock)

    assert answer.reason == f"streaming of Voice Connector {CONNECTOR} is off"


def test_delete_takes_what_is_not_found_for_gone(stubs: StubbedAws, clock: FakeClock) -> None:
    """Whether Chime answers 404 or an empty configuration is documented nowhere."""
    stubs.expect([_call("delete"), *_call("get").refuse("NotFoundException", 404)])

    answer = _ask("Delete", clock)

    assert answer.reason == f"streaming of Voice Connector {CONNECTOR} is off"


def test_deletes_again_what_is_still_on(stubs: StubbedAws, clock: FakeClock) -> None:
    """A role in use would not go, so a delete looks whether it worked."""
    stubs.expect([_call("delete"), _call("get", ON), _call("delete"), _call("get", OFF)])

    answer = _ask("Delete", clock)

    assert not answer.failed, answer.reason
    stubs.assert_all_called()


def test_fails_when_streaming_stays_on(stubs: StubbedAws, clock: FakeClock) -> None:
    """A minute later it says what it saw and what to do."""
    tries = 8
    stubs.expect([_call("delete"), _call("get", ON)] * tries)

    answer = _ask("Delete", clock)

    assert answer.failed
    assert answer.reason.endswith("still shows it as on; wait a few minutes and delete again")
    assert clock.elapsed <= 60
    stubs.assert_all_called()
