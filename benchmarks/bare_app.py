"""The resources of `library_app` without the library.

`python -m benchmarks.bare_app 20` defines 20 of each feature. Every resource is an L1 construct or
a `CfnResource` with explicit properties, and every dependency that no reference implies is
explicit. `run` checks that both apps define the same resources.

With `--without-clean-up`, CloudFormation creates the roles, and no feature is disabled before its
owner is deleted. A stack then has a function only if CloudFormation lacks the feature.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aws_cdk import (
    App,
    CfnResource,
    RemovalPolicy,
    Stack,
    Token,
    aws_chime,
    aws_iam,
    aws_ivs,
    aws_kinesis,
    aws_lambda,
    aws_logs,
    aws_mediapackage,
    aws_mediatailor,
    aws_s3,
    aws_s3_assets,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PER_STACK = 20

_HANDLER = Path(__file__).parents[1] / "slr_constructs" / "handler"

_VOICE = ("voiceconnector.chime.amazonaws.com", "AWSServiceRoleForAmazonChimeVoiceConnector")
_MESSAGING = ("messaging.chime.amazonaws.com", "AWSServiceRoleForChimeSDKMessaging")
_IVS = ("ivs.amazonaws.com", "AWSServiceRoleForIVSRecordToS3")
_MEDIATAILOR = ("mediatailor.amazonaws.com", "AWSServiceRoleForMediaTailor")
_MEDIAPACKAGE = ("mediapackage.amazonaws.com", "AWSServiceRoleForMediaPackage")


class Function(NamedTuple):
    """The parts of a stack's function that custom resources and policies need."""

    token: str
    role: str
    events: CfnResource


def define_function(stack: Stack) -> Function:
    """Define the function, its role, its logs and the limits of its events."""
    logs = aws_logs.CfnLogGroup(stack, "FunctionLogs", retention_in_days=30)
    log_group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    role = aws_iam.CfnRole(
        stack,
        "FunctionRole",
        assume_role_policy_document={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                }
            ],
        },
        policies=[
            aws_iam.CfnRole.PolicyProperty(
                policy_name="Function",
                policy_document=_policy(
                    {
                        "Effect": "Allow",
                        "Action": [
                            "cloudformation:DescribeStackResource",
                            "cloudformation:DescribeStacks",
                            "logs:CreateLogStream",
                            "logs:PutLogEvents",
                        ],
                        "Resource": [
                            {"Fn::Sub": f"{log_group}${{{logs.logical_id}}}"},
                            {"Fn::Sub": f"${{{logs.logical_id}.Arn}}"},
                            {"Ref": "AWS::StackId"},
                        ],
                    }
                ),
            )
        ],
    )
    code = aws_s3_assets.Asset(
        stack, "FunctionCode", path=str(_HANDLER), exclude=["**/__pycache__", "**/*.pyc", "**/.*"]
    )
    function = aws_lambda.CfnFunction(
        stack,
        "Function",
        description="Manages service-linked roles",
        runtime="python3.14",
        handler="slr_handler.entrypoint.handler",
        code=aws_lambda.CfnFunction.CodeProperty(
            s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key
        ),
        timeout=900,
        memory_size=256,
        role=role.attr_arn,
        logging_config=aws_lambda.CfnFunction.LoggingConfigProperty(log_group=logs.ref),
    )
    events = aws_lambda.CfnEventInvokeConfig(
        stack,
        "FunctionEvents",
        function_name=function.ref,
        qualifier="$LATEST",
        maximum_event_age_in_seconds=300,
        maximum_retry_attempts=2,
    )
    return Function(function.attr_arn, role.ref, events)


def define_role(
    stack: Stack,
    function: Function,
    names: tuple[str, str],
    creation: str = "IAM",
    *,
    lists_phones: bool = False,
) -> CfnResource:
    """Define the custom resource that creates the service-linked role."""
    principal, name = names
    roles = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role"
    arn = {"Fn::Sub": f"{roles}/aws-service-role/{principal}/{name}"}
    # the library adds a digest of the path, so that a role can get another construct id
    digest = hashlib.sha256(f"/{name}".encode()).hexdigest()[:8]
    permissions = aws_iam.CfnRolePolicy(
        stack,
        "RolePolicy",
        role_name=function.role,
        policy_name=f"ServiceLinkedRole-{digest}-{name}",
        policy_document=_policy(
            {
                "Effect": "Allow",
                "Action": "iam:CreateServiceLinkedRole",
                "Resource": arn,
                "Condition": {"StringEquals": {"iam:AWSServiceName": principal}},
            },
            {
                "Effect": "Allow",
                "Action": [
                    "iam:DeleteServiceLinkedRole",
                    "iam:GetRole",
                    "iam:GetServiceLinkedRoleDeletionStatus",
                    "iam:TagRole",
                    "iam:UntagRole",
                    "iam:UpdateRoleDescription",
                ],
                "Resource": [arn, {"Fn::Sub": f"{roles}/{name}"}],
                "Condition": {"ForAllValues:StringLike": {"aws:TagKeys": "slr-constructs:*"}},
            },
            *(
                [
                    {
                        "Effect": "Allow",
                        "Action": "chime:ListSipMediaApplications",
                        "Resource": "*",
                    }
                ]
                if lists_phones
                else ()
            ),
        ),
    )
    role = CfnResource(
        stack,
        "Role",
        type="Custom::ServiceLinkedRole",
        properties={
            "ServiceToken": function.token,
            "ServiceTimeout": 1200,
            "RoleName": name,
            "ServicePrincipal": principal,
            "Removal": "WHEN_UNUSED",
            "Creation": creation,
            **(
                {"UsageLists": ["chime-sdk-voice:ListSipMediaApplications"]} if lists_phones else {}
            ),
        },
    )
    role.add_resource_dependency(permissions)
    role.add_resource_dependency(function.events)
    return role


def define_native_role(stack: Stack, names: tuple[str, str]) -> CfnResource:
    """Define the service-linked role as a resource of CloudFormation."""
    return aws_iam.CfnServiceLinkedRole(stack, "Role", aws_service_name=names[0])


def voice_connector_streaming(stack: Stack, count: int, *, clean_up: bool) -> None:
    """Stream the calls of connectors."""
    function = define_function(stack)
    role = (
        define_role(stack, function, _VOICE, lists_phones=True)
        if clean_up
        else define_native_role(stack, _VOICE)
    )
    for i in range(count):
        connector = aws_chime.CfnVoiceConnector(
            stack, f"Connector{i}", name=f"connector-{i}", require_encryption=True
        )
        connector_id = connector.attr_voice_connector_id
        permissions = aws_iam.CfnRolePolicy(
            stack,
            f"Policy{i}",
            role_name=function.role,
            policy_name=f"VoiceConnectorStreaming-{connector_id}",
            policy_document=_policy(
                {
                    "Effect": "Allow",
                    "Action": [
                        "chime:DeleteVoiceConnectorStreamingConfiguration",
                        "chime:GetVoiceConnectorStreamingConfiguration",
                        "chime:PutVoiceConnectorStreamingConfiguration",
                    ],
                    "Resource": _arn("chime", "vc/", connector_id),
                }
            ),
        )
        streaming = CfnResource(
            stack,
            f"Streaming{i}",
            type="Custom::VoiceConnectorStreaming",
            properties={
                "ServiceToken": function.token,
                "ServiceTimeout": 1200,
                "VoiceConnectorId": connector_id,
                "DataRetentionInHours": 24,
                "Enabled": True,
                "NotificationTargets": ["EventBridge"],
            },
        )
        streaming.add_resource_dependency(permissions)
        streaming.add_resource_dependency(function.events)
        streaming.add_resource_dependency(role)


def app_instance_streaming(stack: Stack, count: int, *, clean_up: bool) -> None:
    """Stream the channels and messages of app instances to one stream."""
    function = define_function(stack)
    role = (
        define_role(stack, function, _MESSAGING)
        if clean_up
        else define_native_role(stack, _MESSAGING)
    )
    stream = aws_kinesis.CfnStream(
        stack,
        "Stream",
        name=f"chime-messaging-{stack.stack_name}",
        retention_period_hours=24,
        stream_mode_details=aws_kinesis.CfnStream.StreamModeDetailsProperty(
            stream_mode="ON_DEMAND"
        ),
        stream_encryption=aws_kinesis.CfnStream.StreamEncryptionProperty(
            encryption_type="KMS", key_id="alias/aws/kinesis"
        ),
    )
    stream.apply_removal_policy(RemovalPolicy.DESTROY)
    stream_arn = stream.attr_arn
    for i in range(count):
        app_instance = aws_chime.CfnAppInstance(stack, f"AppInstance{i}", name=f"app-{i}")
        app_instance_arn = app_instance.attr_app_instance_arn
        app_instance_id = {"Fn::Select": [1, {"Fn::Split": ["/", app_instance_arn]}]}
        permissions = aws_iam.CfnRolePolicy(
            stack,
            f"Policy{i}",
            role_name=function.role,
            policy_name=Token.as_string(
                {"Fn::Sub": ["AppInstanceStreaming-${Name}", {"Name": app_instance_id}]}
            ),
            policy_document=_policy(
                {
                    "Effect": "Allow",
                    "Action": [
                        "chime:DeleteMessagingStreamingConfigurations",
                        "chime:GetMessagingStreamingConfigurations",
                        "chime:PutMessagingStreamingConfigurations",
                    ],
                    "Resource": app_instance_arn,
                },
                {
                    "Effect": "Allow",
                    "Action": [
                        "kinesis:DescribeStream",
                        "kinesis:PutRecord",
                        "kinesis:PutRecords",
                    ],
                    "Resource": stream_arn,
                },
            ),
        )
        streaming = CfnResource(
            stack,
            f"Streaming{i}",
            type="Custom::AppInstanceStreaming",
            properties={
                "ServiceToken": function.token,
                "ServiceTimeout": 1200,
                "AppInstanceArn": app_instance_arn,
                "ChannelsStreamArn": stream_arn,
                "ChannelMessagesStreamArn": stream_arn,
            },
        )
        streaming.add_resource_dependency(permissions)
        streaming.add_resource_dependency(function.events)
        streaming.add_resource_dependency(role)


def ivs_recording(stack: Stack, count: int, *, clean_up: bool) -> None:
    """Record channels, each with its own configuration, to one bucket."""
    role = (
        define_role(stack, define_function(stack), _IVS, "SERVICE")
        if clean_up
        else define_native_role(stack, _IVS)
    )
    bucket = aws_s3.CfnBucket(stack, "Bucket")
    bucket.apply_removal_policy(RemovalPolicy.RETAIN)
    bucket_name = bucket.ref
    l1 = aws_ivs.CfnRecordingConfiguration
    for i in range(count):
        recording = l1(
            stack,
            f"Recording{i}",
            name=f"recording-{i}",
            destination_configuration=l1.DestinationConfigurationProperty(
                s3=l1.S3DestinationConfigurationProperty(bucket_name=bucket_name)
            ),
        )
        recording.add_resource_dependency(role)
        aws_ivs.CfnChannel(
            stack,
            f"Channel{i}",
            name=f"channel-{i}",
            recording_configuration_arn=recording.attr_arn,
        )


def mediatailor_session_logging(stack: Stack, count: int, *, clean_up: bool) -> None:
    """Log the sessions of playback configurations."""
    function = define_function(stack) if clean_up else None
    role = (
        define_role(stack, function, _MEDIATAILOR)
        if function
        else define_native_role(stack, _MEDIATAILOR)
    )
    l1 = aws_mediatailor.CfnPlaybackConfiguration
    for i in range(count):
        playback = l1(
            stack,
            f"Playback{i}",
            name=f"playback-{i}",
            ad_decision_server_url="https://ads.example.com",
            video_content_source_url="https://video.example.com",
            log_configuration=l1.LogConfigurationProperty(
                percent_enabled=100, enabled_logging_strategies=["LEGACY_CLOUDWATCH"]
            ),
        )
        playback.add_resource_dependency(role)
        if function:
            name = playback.ref
            _clean_up(
                stack,
                i,
                (function, role),
                kind="MediaTailorSessionLogging",
                owner=("PlaybackConfigurationName", name),
                action="mediatailor:ConfigureLogsForPlaybackConfiguration",
                resource=_arn("mediatailor", "playbackConfiguration/", name),
            )


def mediatailor_as_run_logging(stack: Stack, count: int, *, clean_up: bool) -> None:
    """Write as-run logs of channels."""
    function = define_function(stack) if clean_up else None
    role = (
        define_role(stack, function, _MEDIATAILOR)
        if function
        else define_native_role(stack, _MEDIATAILOR)
    )
    l1 = aws_mediatailor.CfnChannel
    for i in range(count):
        channel = l1(
            stack,
            f"Channel{i}",
            channel_name=f"channel-{i}",
            playback_mode="LOOP",
            outputs=[
                l1.RequestOutputItemProperty(
                    manifest_name="index",
                    source_group="hls",
                    hls_playlist_settings=l1.HlsPlaylistSettingsProperty(
                        manifest_window_seconds=60
                    ),
                )
            ],
            log_configuration=l1.LogConfigurationForChannelProperty(log_types=["AS_RUN"]),
        )
        channel.add_resource_dependency(role)
        if function:
            name = channel.ref
            _clean_up(
                stack,
                i,
                (function, role),
                kind="MediaTailorAsRunLogging",
                owner=("ChannelName", name),
                action="mediatailor:ConfigureLogsForChannel",
                resource=_arn("mediatailor", "channel/", name),
            )


def mediapackage_channel_logging(stack: Stack, count: int, *, clean_up: bool) -> None:
    """Log the requests of live channels."""
    function = define_function(stack) if clean_up else None
    role = (
        define_role(stack, function, _MEDIAPACKAGE)
        if function
        else define_native_role(stack, _MEDIAPACKAGE)
    )
    l1 = aws_mediapackage.CfnChannel
    for i in range(count):
        channel = l1(
            stack,
            f"Channel{i}",
            id=f"channel-{i}",
            ingress_access_logs=l1.LogConfigurationProperty(),
            egress_access_logs=l1.LogConfigurationProperty(),
        )
        channel.add_resource_dependency(role)
        if function:
            _clean_up(
                stack,
                i,
                (function, role),
                kind="MediaPackageChannelLogging",
                owner=("ChannelId", channel.ref),
                action="mediapackage:ConfigureLogs",
                resource=channel.attr_arn,
            )


def mediapackage_packaging_group_logging(stack: Stack, count: int, *, clean_up: bool) -> None:
    """Log the requests of packaging groups."""
    function = define_function(stack) if clean_up else None
    role = (
        define_role(stack, function, _MEDIAPACKAGE)
        if function
        else define_native_role(stack, _MEDIAPACKAGE)
    )
    l1 = aws_mediapackage.CfnPackagingGroup
    for i in range(count):
        group = l1(
            stack,
            f"Group{i}",
            id=f"group-{i}",
            egress_access_logs=l1.LogConfigurationProperty(),
        )
        group.add_resource_dependency(role)
        if function:
            _clean_up(
                stack,
                i,
                (function, role),
                kind="MediaPackagePackagingGroupLogging",
                owner=("PackagingGroupId", group.ref),
                action="mediapackage-vod:ConfigureLogs",
                resource=group.attr_arn,
            )


def _clean_up(
    stack: Stack,
    i: int,
    needed: tuple[Function, CfnResource],
    *,
    kind: str,
    owner: tuple[str, str],
    action: str,
    resource: Any,  # noqa: ANN401 - a string or an intrinsic
) -> None:
    function, role = needed
    prop, name = owner
    permissions = aws_iam.CfnRolePolicy(
        stack,
        f"Policy{i}",
        role_name=function.role,
        policy_name=f"{kind}-{name}",
        policy_document=_policy({"Effect": "Allow", "Action": action, "Resource": resource}),
    )
    clean_up = CfnResource(
        stack,
        f"CleanUp{i}",
        type=f"Custom::{kind}CleanUp",
        properties={"ServiceToken": function.token, "ServiceTimeout": 1200, prop: name},
    )
    clean_up.add_resource_dependency(permissions)
    clean_up.add_resource_dependency(function.events)
    clean_up.add_resource_dependency(role)


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _arn(service: str, resource: str, name: str) -> dict[str, Any]:
    text = f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"
    return {"Fn::Sub": [f"{text}${{Name}}", {"Name": name}]}


FEATURES: tuple[Callable[..., None], ...] = (
    voice_connector_streaming,
    app_instance_streaming,
    ivs_recording,
    mediatailor_session_logging,
    mediatailor_as_run_logging,
    mediapackage_channel_logging,
    mediapackage_packaging_group_logging,
)


def main() -> None:
    """Synthesize the app."""
    count = int(sys.argv[1])
    app = App()
    for feature in FEATURES:
        for number in range(0, count, PER_STACK):
            stack = Stack(app, f"{feature.__name__.replace('_', '-')}-{number}")
            feature(
                stack,
                min(PER_STACK, count - number),
                clean_up="--without-clean-up" not in sys.argv,
            )
    app.synth()


if __name__ == "__main__":
    main()
