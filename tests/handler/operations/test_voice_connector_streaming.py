"""Voice Connector streaming: every field reaches the call, and a delete is verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.entrypoint import respond
from tests.handler.events import request
from tests.handler.lifecycles import CONNECTOR
from tests.handler.stubbed import TRIES_WHEN_DENIED, TRIES_WHEN_NEW, Call

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.cloudformation import Response
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
ENABLED = {"StreamingConfiguration": {"DataRetentionInHours": 24, "Disabled": False}}
DISABLED = {"StreamingConfiguration": {"DataRetentionInHours": 24, "Disabled": True}}


def _put(**configuration: Any) -> Call:  # noqa: ANN401 - values of any type
    return Call(
        service="chime-sdk-voice",
        method="put_voice_connector_streaming_configuration",
        params={
            "VoiceConnectorId": CONNECTOR,
            "StreamingConfiguration": CONFIGURATION | configuration,
        },
    )


def _call(method: str, response: dict[str, Any] | None = None) -> Call:
    return Call(
        service="chime-sdk-voice",
        method=f"{method}_voice_connector_streaming_configuration",
        params={"VoiceConnectorId": CONNECTOR},
        response=response or {},
    )


def _ask(kind: str, clock: FakeClock, **properties: Any) -> Response:  # noqa: ANN401 - as above
    wanted = {**PROPERTIES, **properties}
    known = f"{CONNECTOR}/streaming-configuration"
    return respond(
        request(kind, "Custom::VoiceConnectorStreaming", wanted, physical_resource_id=known), clock
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
def test_configures_each_field(
    name: str, value: object, reaches: dict[str, Any], stubs: StubbedAws, clock: FakeClock
) -> None:
    """Every property of the construct reaches Chime, with the name of the API."""
    stubs.expect([_put(**reaches)])

    response = _ask("Create", clock, **{name: value})

    assert not response.failed, response.reason
    stubs.assert_all_called()


def test_reports_that_streaming_is_configured_but_not_enabled(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """The outcome says exactly what the function did."""
    stubs.expect([_put(Disabled=True)])

    response = _ask("Create", clock, Enabled="false")

    assert response.reason.endswith("is configured, but not enabled")


def test_fails_when_the_connector_does_not_appear(stubs: StubbedAws, clock: FakeClock) -> None:
    """A wrong id is reported after a minute and a half."""
    stubs.expect(_put().refuse("NotFoundException", 404, times=TRIES_WHEN_NEW))

    response = _ask("Create", clock)

    assert response.failed
    assert "PutVoiceConnectorStreamingConfiguration failed: NotFoundException" in response.reason
    assert 60 < clock.elapsed <= 90


@pytest.mark.parametrize(
    "read",
    [_call("get", DISABLED), _call("get", {}), *_call("get").refuse("NotFoundException", 404)],
    ids=["disabled", "empty", "not-found"],
)
def test_delete_succeeds_when_streaming_is_disabled(
    read: Call, stubs: StubbedAws, clock: FakeClock
) -> None:
    """No documentation says whether Chime returns 404 or an empty configuration."""
    stubs.expect([_call("delete"), read])

    response = _ask("Delete", clock)

    assert response.reason == f"streaming of Voice Connector {CONNECTOR} is disabled"


def test_delete_needs_no_permission_to_read(stubs: StubbedAws, clock: FakeClock) -> None:
    """Its permissions may have been taken away, but the deletion has succeeded."""
    refused = _call("get").refuse("ForbiddenException", 403, times=TRIES_WHEN_DENIED)
    stubs.expect([_call("delete"), *refused])

    response = _ask("Delete", clock)

    assert not response.failed
    assert response.reason == (
        f"streaming of Voice Connector {CONNECTOR} was deleted, but not verified"
        " (check the permissions and the service control policies): ForbiddenException: AWS says no"
    )


def test_deletes_an_enabled_configuration_again(stubs: StubbedAws, clock: FakeClock) -> None:
    """IAM does not delete a role in use, so the function verifies the deletion."""
    stubs.expect([_call("delete"), _call("get", ENABLED), _call("delete"), _call("get", DISABLED)])

    response = _ask("Delete", clock)

    assert not response.failed, response.reason
    stubs.assert_all_called()


def test_fails_when_streaming_stays_enabled(stubs: StubbedAws, clock: FakeClock) -> None:
    """After a minute, the reason says what Chime reports and what to do."""
    attempts = 8
    stubs.expect([_call("delete"), _call("get", ENABLED)] * attempts)

    response = _ask("Delete", clock)

    assert response.failed
    assert response.reason.endswith("still reports it as enabled. Wait a few minutes and try again")
    assert clock.elapsed <= 60
    stubs.assert_all_called()
