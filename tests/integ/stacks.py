"""One stack for each feature, and the stacks of the sample app: the app of the tests on AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_cdk import (
    App,
    RemovalPolicy,
    Stack,
    aws_chime,
    aws_ivs,
    aws_mediapackage,
    aws_mediatailor,
    aws_s3,
)

from sample_app.app import build
from slr_constructs import (
    AppInstanceStreaming,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    MessagingStream,
    VoiceConnectorStreaming,
    catalogue,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.catalogue import RoleDefinition
    from tests.integ.sandbox import Sandbox

_PERCENT = 50


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature in a stack of its own.

    The owner is called like the stack. `is_enabled` reads from the service whether the feature is
    enabled.
    """

    stack: str
    role: RoleDefinition
    define: Callable[[Stack, str], object]
    is_enabled: Callable[[Sandbox, str], bool]


def _voice(stack: Stack, name: str) -> object:
    owner = aws_chime.CfnVoiceConnector(stack, "Owner", name=name, require_encryption=True)
    return VoiceConnectorStreaming(stack, "Feature", voice_connector=owner)


def _streams_voice(sandbox: Sandbox, name: str) -> bool:
    chime = sandbox.client("chime-sdk-voice")
    (owner,) = _named(chime.list_voice_connectors()["VoiceConnectors"], name)
    read = chime.get_voice_connector_streaming_configuration(
        VoiceConnectorId=owner["VoiceConnectorId"]
    )
    return bool(read["StreamingConfiguration"]["Disabled"] is False)


def _chat(stack: Stack, name: str) -> object:
    stream = MessagingStream(stack, "Messages", shard_count=2)
    owner = aws_chime.CfnAppInstance(stack, "Owner", name=name)
    return AppInstanceStreaming(
        stack, "Feature", app_instance=owner, channels=stream, channel_messages=stream
    )


def _streams_chat(sandbox: Sandbox, name: str) -> bool:
    instances = sandbox.client("chime-sdk-identity").list_app_instances()["AppInstances"]
    (owner,) = _named(instances, name)
    read = sandbox.client("chime-sdk-messaging").get_messaging_streaming_configurations(
        AppInstanceArn=owner["AppInstanceArn"]
    )
    types = {each["DataType"] for each in read["StreamingConfigurations"]}
    return types == {"Channel", "ChannelMessage"}


def _recording(stack: Stack, name: str) -> object:
    bucket = aws_s3.Bucket(stack, "Bucket", removal_policy=RemovalPolicy.DESTROY)
    recording = IvsRecordingConfiguration(stack, "Feature", bucket=bucket)
    recording.record(aws_ivs.CfnChannel(stack, "Owner", name=name))
    return recording


def _records(sandbox: Sandbox, name: str) -> bool:
    ivs = sandbox.client("ivs")
    (owner,) = ivs.list_channels(filterByName=name)["channels"]
    read = ivs.get_recording_configuration(arn=owner["recordingConfigurationArn"])
    return bool(read["recordingConfiguration"]["state"] == "ACTIVE")


def _sessions(stack: Stack, name: str) -> object:
    owner = aws_mediatailor.CfnPlaybackConfiguration(
        stack,
        "Owner",
        name=name,
        ad_decision_server_url="https://ads.example.com",
        video_content_source_url="https://video.example.com",
    )
    return MediaTailorSessionLogging(
        stack, "Feature", playback_configuration=owner, percent_enabled=_PERCENT
    )


def _logs_sessions(sandbox: Sandbox, name: str) -> bool:
    read = sandbox.client("mediatailor").get_playback_configuration(Name=name)
    return bool(read["LogConfiguration"]["PercentEnabled"] == _PERCENT)


def _as_run(stack: Stack, name: str) -> object:
    output = aws_mediatailor.CfnChannel.RequestOutputItemProperty(
        manifest_name="index",
        source_group="hls",
        hls_playlist_settings=aws_mediatailor.CfnChannel.HlsPlaylistSettingsProperty(
            manifest_window_seconds=60
        ),
    )
    owner = aws_mediatailor.CfnChannel(
        stack, "Owner", channel_name=name, outputs=[output], playback_mode="LOOP", tier="BASIC"
    )
    return MediaTailorAsRunLogging(stack, "Feature", channel=owner)


def _logs_runs(sandbox: Sandbox, name: str) -> bool:
    read = sandbox.client("mediatailor").describe_channel(ChannelName=name)
    return bool(read["LogConfiguration"]["LogTypes"] == ["AS_RUN"])


def _live(stack: Stack, name: str) -> object:
    owner = aws_mediapackage.CfnChannel(stack, "Owner", id=name)
    return MediaPackageAccessLogging(stack, "Feature", channel=owner)


def _logs_live(sandbox: Sandbox, name: str) -> bool:
    read = sandbox.client("mediapackage").describe_channel(Id=name)
    return bool({"EgressAccessLogs", "IngressAccessLogs"} <= read.keys())


def _vod(stack: Stack, name: str) -> object:
    owner = aws_mediapackage.CfnPackagingGroup(stack, "Owner", id=name)
    return MediaPackageAccessLogging(stack, "Feature", packaging_group=owner)


def _logs_vod(sandbox: Sandbox, name: str) -> bool:
    read = sandbox.client("mediapackage-vod").describe_packaging_group(Id=name)
    return bool("EgressAccessLogs" in read)


def _named(items: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [each for each in items if each["Name"] == name]


FEATURES = (
    Feature("SlrIntegVoice", catalogue.CHIME_VOICE_CONNECTOR, _voice, _streams_voice),
    Feature("SlrIntegChat", catalogue.CHIME_MESSAGING, _chat, _streams_chat),
    Feature("SlrIntegRecording", catalogue.IVS_RECORD_TO_S3, _recording, _records),
    Feature("SlrIntegSessions", catalogue.MEDIATAILOR, _sessions, _logs_sessions),
    Feature("SlrIntegAsRun", catalogue.MEDIATAILOR, _as_run, _logs_runs),
    Feature("SlrIntegLive", catalogue.MEDIAPACKAGE, _live, _logs_live),
    Feature("SlrIntegVod", catalogue.MEDIAPACKAGE, _vod, _logs_vod),
)
SAMPLE_APP = tuple(
    f"LiveShow{each}" for each in ("Hotline", "Chat", "Broadcast", "Commercials", "CatchUp")
)
STACKS = (*(each.stack for each in FEATURES), *SAMPLE_APP)


def main() -> None:
    """Synthesize all stacks."""
    app = App()
    for each in FEATURES:
        each.define(Stack(app, each.stack), each.stack)
    build(app).synth()


if __name__ == "__main__":
    main()
