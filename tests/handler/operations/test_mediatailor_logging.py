"""MediaTailor: session logs, as-run logs, and the log groups that MediaTailor names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.entrypoint import answer_to
from tests.handler.events import request
from tests.handler.stubbed import Call

if TYPE_CHECKING:
    from slr_constructs.handler.slr_handler.lifecycle import Answer
    from tests.handler.clocks import FakeClock
    from tests.handler.stubbed import StubbedAws

TYPES = ["RAW_ADS_REQUEST", "RAW_ADS_RESPONSE"]


def _sessions(answered: int | None = None, **params: Any) -> Call:  # noqa: ANN401 - any type
    return Call(
        service="mediatailor",
        method="configure_logs_for_playback_configuration",
        params={"PlaybackConfigurationName": "tv", **params},
        answer={"PercentEnabled": params["PercentEnabled"] if answered is None else answered},
    )


def _put(**params: Any) -> Call:  # noqa: ANN401 - as above
    usual = {"PercentEnabled": 10, "EnabledLoggingStrategies": ["LEGACY_CLOUDWATCH"]}
    return _sessions(**{**usual, **params})


def _group(method: str, **params: Any) -> Call:  # noqa: ANN401 - as above
    return Call(service="logs", method=method, params={"logGroupName": "MediaTailor/A", **params})


def _ask(kind: str, what: str, clock: FakeClock, properties: dict[str, Any]) -> Answer:
    return answer_to(
        request(kind, f"Custom::MediaTailor{what}", properties, physical_id="i"), clock
    )


def _ask_sessions(kind: str, clock: FakeClock, **properties: Any) -> Answer:  # noqa: ANN401
    wanted = {"PlaybackConfigurationName": "tv", "PercentEnabled": "10", **properties}
    return _ask(kind, "SessionLogging", clock, wanted)


def _ask_groups(clock: FakeClock) -> Answer:
    wanted = {"LogGroupNames": ["MediaTailor/A"], "RetentionInDays": "90"}
    return _ask("Create", "LogRetention", clock, wanted)


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
def test_puts_each_field_of_session_logs(
    name: str, value: object, reaches: dict[str, Any], stubs: StubbedAws, clock: FakeClock
) -> None:
    """What the construct says reaches MediaTailor; what it does not say is left out."""
    stubs.expect([_put(**reaches)])

    answer = _ask_sessions("Create", clock, **{name: value})

    assert not answer.failed, answer.reason
    stubs.assert_all_called()


def test_fails_when_sessions_are_logged_after_a_delete(stubs: StubbedAws, clock: FakeClock) -> None:
    """MediaTailor answers with the percentage it took, which is what counts."""
    stubs.expect([_sessions(PercentEnabled=0, answered=10)])

    answer = _ask_sessions("Delete", clock)

    assert answer.failed
    assert answer.reason == (
        "MediaTailor was asked to log 0 percent of the sessions of tv and answered 10"
    )


def test_puts_the_as_run_log_of_each_channel(stubs: StubbedAws, clock: FakeClock) -> None:
    """The channel's name is the only field."""
    params = {"ChannelName": "news", "LogTypes": ["AS_RUN"]}
    stubs.expect([Call(service="mediatailor", method="configure_logs_for_channel", params=params)])

    answer = _ask("Create", "AsRunLogging", clock, {"ChannelName": "news"})

    assert answer.reason == "channel news writes its as-run log"


def test_waits_for_a_playback_configuration_made_just_now(
    stubs: StubbedAws, clock: FakeClock
) -> None:
    """An owner may not be visible yet."""
    stubs.expect([*_put().refuse("NotFoundException", 404, times=4), _put()])

    answer = _ask_sessions("Create", clock)

    assert not answer.failed, answer.reason
    assert clock.elapsed == 15


def test_waits_for_a_channel_made_just_now(stubs: StubbedAws, clock: FakeClock) -> None:
    """An owner may not be visible yet."""
    call = Call(
        service="mediatailor",
        method="configure_logs_for_channel",
        params={"ChannelName": "news", "LogTypes": ["AS_RUN"]},
    )
    stubs.expect([*call.refuse("NotFoundException", 404, times=4), call])

    answer = _ask("Create", "AsRunLogging", clock, {"ChannelName": "news"})

    assert not answer.failed, answer.reason
    assert clock.elapsed == 15


def test_keeps_a_log_group_that_is_there(stubs: StubbedAws, clock: FakeClock) -> None:
    """MediaTailor or another stack may have made the group."""
    stubs.expect(
        [
            *_group("create_log_group").refuse("ResourceAlreadyExistsException", 400),
            _group("put_retention_policy", retentionInDays=90),
        ]
    )

    answer = _ask_groups(clock)

    assert answer.reason == "events are kept for 90 days in MediaTailor/A"
    stubs.assert_all_called()


def test_waits_while_another_stack_makes_the_group(stubs: StubbedAws, clock: FakeClock) -> None:
    """Two stacks that make the same group at once abort each other."""
    make = _group("create_log_group")
    retain = _group("put_retention_policy", retentionInDays=90)
    stubs.expect(
        [
            *make.refuse("OperationAbortedException", 400, times=2),
            make,
            *retain.refuse("OperationAbortedException", 400),
            *retain.refuse("ResourceNotFoundException", 400),
            retain,
        ]
    )

    answer = _ask_groups(clock)

    assert not answer.failed, answer.reason
    stubs.assert_all_called()


def test_delete_leaves_the_log_groups(stubs: StubbedAws, clock: FakeClock) -> None:
    """They have fixed names, so the rest of the account writes to them too."""
    stubs.expect([])
    wanted = {"LogGroupNames": ["MediaTailor/A", "MediaTailor/B"], "RetentionInDays": "90"}

    answer = _ask("Delete", "LogRetention", clock, wanted)

    assert answer.reason == "left as it is: MediaTailor/A, MediaTailor/B"
