"""Questions about the logs of MediaTailor and MediaPackage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.catalogue.resource_type import Usage
from tests.integ.experiment import Answer, Experiment
from tests.integ.experiments.owners import (
    LINEAR_CHANNEL,
    PACKAGING_GROUP,
    PLAYBACK_CONFIGURATION,
    ROLE_CALLS,
    Owner,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integ.bench import Bench


def _blocks(owner: Owner, **settings: object) -> Callable[[Bench], str]:
    def ask(bench: Bench) -> str:
        bench.create_role(owner.role)
        called = owner.add(bench)
        owner.enable(bench, called, **settings)
        blocks = bench.blocks_deletion(owner.role, lambda: owner.disable(bench, called))
        return "uses" if blocks else "free"

    return ask


def _uses(
    id: str, owner: Owner, logs: str, properties: dict[str, object], **settings: object
) -> Experiment:
    """Return the experiment about whether logs use the role.

    Args:
        id: The id.

        owner: The owner of the logs.

        logs: What the logs are called.

        properties: The properties of the owner in a template, for which the catalogue says whether
            it uses the role.

        settings: The parameters that enable the logs.
            Default: those of the owner.
    """
    usage = owner.type.usage
    assert usage is not None
    stated = usage(properties)
    return Experiment(
        id,
        f"Do {logs} use the role {owner.role.role_name}?",
        (
            Answer(
                "uses",
                "IAM refuses to delete the role until they are disabled.",
                "A stack and `release` disable them before they delete the role.",
            ),
            Answer(
                "free",
                "IAM deletes the role while they are enabled.",
                "A stack and `release` disable them anyway, and the guard asks for a role, which is"
                " not necessary.",
                contradicts=""
                if stated is Usage.MAY_USE
                else f"slr_constructs.catalogue: {logs} of {owner.type.type} use the role",
            ),
        ),
        (*ROLE_CALLS, *owner.calls),
        f"The {owner.type.name} and the role are deleted.",
        _blocks(owner, **settings),
    )


AS_RUN = _uses(
    "as-run-logs", LINEAR_CHANNEL, "as-run logs", {"LogConfiguration": {"LogTypes": ["AS_RUN"]}}
)
_VENDED = {"PercentEnabled": 100, "EnabledLoggingStrategies": ["VENDED_LOGS"]}
VENDED = _uses(
    "vended-logs",
    PLAYBACK_CONFIGURATION,
    "vended session logs",
    {"LogConfiguration": _VENDED},
    **_VENDED,
)
PACKAGING = _uses(
    "packaging-group-logs",
    PACKAGING_GROUP,
    "access logs of packaging groups",
    {"EgressAccessLogs": {}},
)

_OUTPUT = {
    "ManifestName": "index",
    "SourceGroup": "hls",
    "HlsPlaylistSettings": {"ManifestWindowSeconds": 60},
}


def _removed_by_update(
    id: str,
    owner: Owner,
    properties: Callable[[str], dict[str, object]],
    logs: dict[str, object],
    is_enabled: Callable[[dict[str, object]], bool],
) -> Experiment:
    def ask(bench: Bench) -> str:
        bench.create_role(owner.role)
        name = bench.name("owner")
        type_name, without = owner.type.type, properties(name)
        with_logs = {"Type": type_name, "Properties": {**without, "LogConfiguration": logs}}
        bench.deploy("owner", {"Owner": with_logs})
        bench.undo(owner.type.calls.remove, **owner.target(name), **owner.disabled)
        bench.deploy("owner", {"Owner": {"Type": type_name, "Properties": without}})
        response = bench.call(owner.type.calls.describe, **owner.deletion(name))
        return "unchanged" if is_enabled(response.get("LogConfiguration", {})) else "disabled"

    return Experiment(
        id,
        f"Does an update that removes `LogConfiguration` of {owner.type.type} disable its logs?",
        (
            Answer(
                "unchanged",
                "The logs stay enabled.",
                "The clean-up resource, which the update deletes, disables the logs.",
            ),
            Answer(
                "disabled",
                "CloudFormation disables the logs.",
                "The clean-up resource, which the update deletes, finds that they are disabled.",
            ),
        ),
        (*ROLE_CALLS, owner.type.calls.remove, owner.type.calls.describe),
        f"The logs are disabled, and the {owner.type.name} and the role are deleted.",
        ask,
        stack=(owner.type.type,),
    )


SESSION_LOGS_REMOVED = _removed_by_update(
    "session-logs-removed",
    PLAYBACK_CONFIGURATION,
    lambda name: {
        "Name": name,
        "AdDecisionServerUrl": "https://ads.example.com",
        "VideoContentSourceUrl": "https://video.example.com",
    },
    {"PercentEnabled": 100},
    lambda logs: bool(logs.get("PercentEnabled")),
)
AS_RUN_LOGS_REMOVED = _removed_by_update(
    "as-run-logs-removed",
    LINEAR_CHANNEL,
    lambda name: {"ChannelName": name, "Outputs": [_OUTPUT], "PlaybackMode": "LOOP"},
    {"LogTypes": ["AS_RUN"]},
    lambda logs: bool(logs.get("LogTypes")),
)

ALL = (AS_RUN, VENDED, PACKAGING, SESSION_LOGS_REMOVED, AS_RUN_LOGS_REMOVED)
