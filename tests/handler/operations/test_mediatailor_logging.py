"""MediaTailor: session logs and as-run logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.entrypoint import respond
from tests.handler.events import request
from tests.handler.lifecycles import linear, marked, playback
from tests.handler.stubbed import Call

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.cloudformation import Response
    from tests.handler.clocks import FakeClock
    from tests.handler.stubbed import StubbedAws

TYPES = ["RAW_ADS_REQUEST", "RAW_ADS_RESPONSE"]


def _sessions(reported: int | None = None, **params: Any) -> Call:  # noqa: ANN401 - any type
    return Call(
        service="mediatailor",
        method="configure_logs_for_playback_configuration",
        params={"PlaybackConfigurationName": "tv", **params},
        response={"PercentEnabled": params["PercentEnabled"] if reported is None else reported},
    )


def _put(**params: Any) -> Call:  # noqa: ANN401 - as above
    usual = {"PercentEnabled": 10, "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"]}
    return _sessions(**{**usual, **params})


def _ask(kind: str, what: str, clock: FakeClock, properties: dict[str, Any]) -> Response:
    return respond(
        request(kind, f"Custom::MediaTailor{what}", properties, physical_resource_id="i"), clock
    )


def _ask_sessions(kind: str, clock: FakeClock, **properties: Any) -> Response:  # noqa: ANN401
    wanted = {"PlaybackConfigurationName": "tv", "PercentEnabled": "10", **properties}
    return _ask(kind, "SessionLogging", clock, wanted)


@pytest.mark.parametrize(
    ("name", "value", "reaches"),
    [
        pytest.param("PercentEnabled", "100", {"PercentEnabled": 100}, id="percent"),
        pytest.param("PercentEnabled", "0", {"PercentEnabled": 0}, id="no-percent"),
        pytest.param(
            "AdsInteractionPublishOptInEventTypes",
            TYPES,
            {"AdsInteractionLog": {"PublishOptInEventTypes": TYPES}},
            id="ads-opted-in",
        ),
        pytest.param(
            "AdsInteractionExcludeEventTypes",
            TYPES,
            {"AdsInteractionLog": {"ExcludeEventTypes": TYPES}},
            id="ads-excluded",
        ),
        pytest.param(
            "ManifestServicePublishOptInEventTypes",
            TYPES,
            {"ManifestServiceInteractionLog": {"PublishOptInEventTypes": TYPES}},
            id="manifests-opted-in",
        ),
        pytest.param(
            "ManifestServiceExcludeEventTypes",
            TYPES,
            {"ManifestServiceInteractionLog": {"ExcludeEventTypes": TYPES}},
            id="manifests-excluded",
        ),
        pytest.param(
            "AdsInteractionExcludeEventTypes",
            [],
            {"AdsInteractionLog": {"ExcludeEventTypes": []}},
            id="none-excluded",
        ),
    ],
)
def test_configures_each_field_of_session_logs(
    name: str, value: object, reaches: dict[str, Any], stubs: StubbedAws, clock: FakeClock
) -> None:
    """Every property of the construct reaches MediaTailor; the others are omitted."""
    stubs.expect(marked(playback("tv"), "Tags", "ResourceArn", _put(**reaches)))

    response = _ask_sessions("Create", clock, **{name: value})

    assert not response.failed, response.reason
    stubs.assert_all_called()


def test_fails_when_sessions_are_still_logged_after_a_delete(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """The function checks the percentage that MediaTailor returns."""
    stubs.expect([_sessions(PercentEnabled=0, reported=10)])

    response = _ask("Delete", "SessionLoggingCleanUp", clock, {"PlaybackConfigurationName": "tv"})

    assert response.failed
    assert response.reason == (
        "session logging of tv was set to 0 percent, but MediaTailor still reports 10 percent. Try"
        " again"
    )


def test_enables_the_as_run_log_of_a_channel(stubs: StubbedAws, clock: FakeClock) -> None:
    """The channel's name is the only field."""
    params = {"ChannelName": "news", "LogTypes": ["AS_RUN"]}
    call = Call(service="mediatailor", method="configure_logs_for_channel", params=params)
    stubs.expect(marked(linear("news"), "Tags", "ResourceArn", call))

    response = _ask("Create", "AsRunLogging", clock, {"ChannelName": "news"})

    assert response.reason == "the as-run log of channel news is enabled"
