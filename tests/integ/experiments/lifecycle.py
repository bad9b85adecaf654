"""Questions about what the deletion and the update of an owner do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue.app_instance_streaming import APP_INSTANCE
from slr_constructs.catalogue.ivs_recording import CHANNEL as IVS_CHANNEL
from slr_constructs.catalogue.mediapackage_logging import CHANNEL as LIVE_CHANNEL
from slr_constructs.catalogue.mediapackage_logging import PACKAGING_GROUP
from slr_constructs.catalogue.mediatailor_logging import CHANNEL as LINEAR_CHANNEL
from slr_constructs.catalogue.mediatailor_logging import PLAYBACK_CONFIGURATION
from slr_constructs.catalogue.voice_connector_streaming import VOICE_CONNECTOR
from tests.integ.bench import SETTLE_SECONDS
from tests.integ.experiment import Answer, Experiment
from tests.integ.experiments import owners
from tests.integ.experiments.owners import ROLE_CALLS, Owner

if TYPE_CHECKING:
    from slr_constructs.catalogue import ResourceType
    from tests.integ.bench import Bench


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aI" else f"a {noun}"


def _deleted(owner: Owner) -> Experiment:
    def ask(bench: Bench) -> str:
        bench.create_role(owner.role)
        called = owner.add(bench)
        owner.enable(bench, called)
        owner.remove(bench, called)
        if bench.is_deleted(owner.role.role_name, within=SETTLE_SECONDS):
            return "frees"
        if owner.id_in is None:
            # the same resource again, so that its feature can be disabled
            owner.add(bench, called)
            owner.enable(bench, called)
            owner.disable(bench, called)
        return "keeps"

    stays = (
        "The resource is created again, and its feature is disabled, which may free the role."
        if owner.id_in is None
        else "The role stays in the account, and the run reports it."
    )
    return Experiment(
        f"deleted-{owner.type.name.lower().replace(' ', '-')}",
        f"Does the role become free if {_a(owner.type.name)} is deleted while its"
        f" {owner.type.feature} is enabled?",
        (
            Answer(
                "frees",
                "IAM deletes the role.",
                "A stack disables the feature before it deletes the owner, which is not necessary.",
            ),
            Answer(
                "keeps",
                f"IAM refuses to delete the role for {SETTLE_SECONDS // 60} minutes.",
                "A stack disables the feature before it deletes the owner.",
            ),
        ),
        (*ROLE_CALLS, *owner.calls),
        f"The role is deleted. If it does not become free: {stays}",
        ask,
        stack=owner.stack,
    )


DELETED = tuple(map(_deleted, owners.ALL))

_KEY = "slr-probe"


def _tags(
    type: ResourceType,
    arn: str,
    before: dict[str, object],
    after: dict[str, object],
    logs: Owner | None = None,
) -> Experiment:
    """Return the experiment about tags that the template does not have.

    Args:
        type: The type.

        arn: The attribute with the ARN.

        before: The properties in the template; `NAME` stands for a name.

        after: The properties that the update changes.

        logs: The owner whose logs the update enables, because no other property can be changed.
            Default: the update enables no feature.
    """
    service = (type.calls.tags or (type.calls.describe,))[0].partition(":")[0]
    tag, read = f"{service}:TagResource", f"{service}:ListTagsForResource"

    def ask(bench: Bench) -> str:
        def deploy(properties: dict[str, object]) -> str:
            named = {
                key: bench.name("owner") if value == "NAME" else value
                for key, value in properties.items()
            }
            resources = {"Owner": {"Type": type.type, "Properties": named}}
            return bench.deploy("owner", resources, Arn={"Fn::GetAtt": ["Owner", arn]})["Arn"]

        if logs is not None:
            bench.create_role(logs.role)
        resource = deploy(before)
        where, tags, as_list = _TAGGING.get(service, ("ResourceArn", "Tags", False))
        given: Any = [{"Key": _KEY, "Value": "kept"}] if as_list else {_KEY: "kept"}
        parameters: dict[str, Any] = {where: resource}
        bench.call(tag, **parameters, **{tags: given})
        if logs is not None:
            bench.undo(type.calls.remove, **logs.target(bench.name("owner")), **logs.disabled)
        deploy({**before, **after})
        found = bench.call(read, **parameters)[tags]
        keys = [each["Key"] for each in found] if as_list else [*found]
        return "survive" if _KEY in keys else "removed"

    return Experiment(
        f"tags-of-{type.name.lower().replace(' ', '-')}",
        f"Does a tag on {_a(type.name)} survive an update of its stack, whose template does not"
        " have the tag?",
        (
            Answer("survive", "The tag stays.", "The mark of another stack protects the owner."),
            Answer(
                "removed",
                "The update removes the tag.",
                "The feature works without the mark, but a second stack is not refused, and the"
                " former settings are not given back.",
            ),
        ),
        (tag, read) if logs is None else (*ROLE_CALLS, tag, read, type.calls.remove),
        "The stack is deleted." if logs is None else "The stack and the role are deleted.",
        ask,
        stack=(type.type,),
    )


#: by service: the parameter with the ARN, the member with tags, and whether tags are a list.
_TAGGING = {
    "chime-sdk-identity": ("ResourceARN", "Tags", True),
    "chime-sdk-voice": ("ResourceARN", "Tags", True),
    "ivs": ("resourceArn", "tags", False),
}
_OUTPUT = {
    "ManifestName": "index",
    "SourceGroup": "hls",
    "HlsPlaylistSettings": {"ManifestWindowSeconds": 60},
}
TAGS = (
    _tags(
        VOICE_CONNECTOR,
        "VoiceConnectorArn",
        {"Name": "NAME", "RequireEncryption": True},
        {"RequireEncryption": False},
    ),
    _tags(APP_INSTANCE, "AppInstanceArn", {"Name": "NAME"}, {"Metadata": "changed"}),
    _tags(IVS_CHANNEL, "Arn", {"Name": "NAME"}, {"LatencyMode": "NORMAL"}),
    _tags(
        PLAYBACK_CONFIGURATION,
        "PlaybackConfigurationArn",
        {
            "Name": "NAME",
            "AdDecisionServerUrl": "https://ads.example.com",
            "VideoContentSourceUrl": "https://video.example.com",
        },
        {"AdDecisionServerUrl": "https://other-ads.example.com"},
    ),
    _tags(
        LINEAR_CHANNEL,
        "Arn",
        {"ChannelName": "NAME", "Outputs": [_OUTPUT], "PlaybackMode": "LOOP"},
        {"Outputs": [{**_OUTPUT, "ManifestName": "other"}]},
    ),
    _tags(LIVE_CHANNEL, "Arn", {"Id": "NAME"}, {"Description": "changed"}),
    _tags(
        PACKAGING_GROUP,
        "Arn",
        {"Id": "NAME"},
        {"EgressAccessLogs": {}},
        owners.PACKAGING_GROUP,
    ),
)
