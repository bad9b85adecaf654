"""MediaPackage: a log is disabled by omission, and an empty one uses the default group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.handler.slr_handler.entrypoint import respond
from tests.handler.events import request
from tests.handler.lifecycles import live, marked, vod
from tests.handler.stubbed import Call

if TYPE_CHECKING:
    from tests.handler.clocks import FakeClock
    from tests.handler.stubbed import StubbedAws

CHANNEL = ("mediapackage", "Channel", "ChannelId")
GROUP = ("mediapackage-vod", "PackagingGroup", "PackagingGroupId")
NAMED = {"LogGroupName": "/aws/MediaPackage/mine"}


@pytest.mark.parametrize(
    ("owner", "logs", "reaches"),
    [
        pytest.param(CHANNEL, {"Ingress": "OFF", "Egress": "OFF"}, {}, id="channel-off"),
        pytest.param(
            CHANNEL,
            {"Ingress": "DEFAULT_GROUP", "Egress": "OFF"},
            {"IngressAccessLogs": {}},
            id="channel-in",
        ),
        pytest.param(
            CHANNEL,
            {"Ingress": "OFF", "Egress": "DEFAULT_GROUP"},
            {"EgressAccessLogs": {}},
            id="channel-out",
        ),
        pytest.param(
            CHANNEL,
            {"Ingress": "/aws/MediaPackage/mine", "Egress": "DEFAULT_GROUP"},
            {"IngressAccessLogs": NAMED, "EgressAccessLogs": {}},
            id="channel-in-named",
        ),
        pytest.param(
            CHANNEL,
            {"Ingress": "DEFAULT_GROUP", "Egress": "/aws/MediaPackage/mine"},
            {"IngressAccessLogs": {}, "EgressAccessLogs": NAMED},
            id="channel-out-named",
        ),
        pytest.param(GROUP, {"Egress": "OFF"}, {}, id="group-off"),
        pytest.param(GROUP, {"Egress": "DEFAULT_GROUP"}, {"EgressAccessLogs": {}}, id="group-out"),
        pytest.param(
            GROUP,
            {"Egress": "/aws/MediaPackage/mine"},
            {"EgressAccessLogs": NAMED},
            id="group-out-named",
        ),
    ],
)
def test_configures_each_field(
    owner: tuple[str, str, str],
    logs: dict[str, str],
    reaches: dict[str, Any],
    stubs: StubbedAws,
    clock: FakeClock,
) -> None:
    """One call enables and disables the logs, because it replaces the configuration."""
    service, kind, id_property = owner
    call = Call(service=service, method="configure_logs", params={"Id": "sports", **reaches})
    described = (live if owner is CHANNEL else vod)("sports")
    stubs.expect(marked(described, "Tags", "ResourceArn", call))

    response = respond(
        request("Create", f"Custom::MediaPackage{kind}Logging", {id_property: "sports", **logs}),
        clock,
    )

    assert not response.failed, response.reason
    stubs.assert_all_called()
