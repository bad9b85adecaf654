"""What it takes to do what this library does: every IAM action it asks for, said once.

The constructs say it in templates, where resources are intrinsics; the command line says it in a
policy, where they are ARNs. So each right is told its resources, and CDK is not needed.

First those of a stack's function. Then those of people and pipelines: the statements of
"Service-linked role permissions" in the IAM User Guide (`let_...`), and what it takes to read an
account, to let go of a role, and to put it all back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from slr_constructs.catalogue import RoleCreation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs.catalogue import RoleDefinition


Arn: TypeAlias = str | dict[str, Any]
"""An ARN; in a template, maybe an intrinsic that will be one."""


@dataclass(frozen=True, slots=True)
class Right:
    """One Allow statement, for resources named to the letter."""

    actions: Sequence[str]
    resources: Sequence[Any]
    condition: dict[str, Any] | None = None

    def render(self) -> dict[str, Any]:
        """Return the statement as it stands in a policy document."""
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": _one_or_many(sorted(self.actions)),
            "Resource": _one_or_many(self.resources),
        }
        if self.condition is not None:
            statement["Condition"] = self.condition
        return statement


def _one_or_many(values: Sequence[Any]) -> Any:  # noqa: ANN401 - as CDK minimizes policies
    return values[0] if len(values) == 1 else list(values)


def write_own_log(log_group: Arn) -> Right:
    """Let the function write its log, and not make the group: it would outlive the stack."""
    return Right(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group])


def create_role(definition: RoleDefinition, role: Arn) -> list[Right]:
    """Let the function make a role; nothing for a role that IAM makes no longer.

    The services make the role with the rights of whoever switches the feature on, asked or not.
    """
    if definition.creation is RoleCreation.NEVER:
        return []
    return [
        Right(
            actions=["iam:CreateServiceLinkedRole"],
            resources=[role],
            condition={"StringEquals": {"iam:AWSServiceName": definition.service_principal}},
        )
    ]


def hold_role(role: Arn, role_without_path: Arn) -> Right:
    """Let the function hold a role that is there, and let go of it.

    The path of a role that is not there, IAM cannot know, and the message in
    https://github.com/aws/aws-cdk/issues/27067 then says "on resource: role NAME".
    """
    return Right(
        actions=[
            "iam:DeleteServiceLinkedRole",
            "iam:GetRole",
            "iam:GetServiceLinkedRoleDeletionStatus",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateRoleDescription",
        ],
        resources=[role, role_without_path],
    )


def stream_voice_connector(connector: Arn, *insights: Arn) -> Right:
    """Let the function stream a Voice Connector, to media insights pipeline configurations too."""
    return Right(
        actions=[
            "chime:DeleteVoiceConnectorStreamingConfiguration",
            "chime:GetVoiceConnectorStreamingConfiguration",
            "chime:PutVoiceConnectorStreamingConfiguration",
        ],
        resources=[connector, *insights],
    )


def stream_app_instance(app_instance: Arn) -> Right:
    """Let the function stream an app instance."""
    return Right(
        actions=[
            "chime:DeleteMessagingStreamingConfigurations",
            "chime:GetMessagingStreamingConfigurations",
            "chime:PutMessagingStreamingConfigurations",
        ],
        resources=[app_instance],
    )


def write_to_streams(*streams: Arn) -> Right:
    """Let the function write to the streams that an app instance is streamed to.

    The put fails unless its caller may, and may create the role, even where the role exists
    ("Unable to access Kinesis stream", "Unable to create service linked role").
    """
    return Right(
        actions=["kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"],
        resources=list(streams),
    )


def encrypt_for_streams(*keys: Arn) -> Right:
    """Let the function use the keys of such streams."""
    return Right(actions=["kms:GenerateDataKey"], resources=list(keys))


def record_ivs_channel(channel: Arn) -> Right:
    """Let the function change what records an IVS channel."""
    return Right(actions=["ivs:GetChannel", "ivs:UpdateChannel"], resources=[channel])


def log_sessions(playback_configuration: Arn) -> Right:
    """Let the function set the session logs of a MediaTailor playback configuration."""
    return Right(
        actions=["mediatailor:ConfigureLogsForPlaybackConfiguration"],
        resources=[playback_configuration],
    )


def log_as_run(channel: Arn) -> Right:
    """Let the function set the as-run log of a MediaTailor channel."""
    return Right(actions=["mediatailor:ConfigureLogsForChannel"], resources=[channel])


def keep_events(*log_groups: Arn) -> Right:
    """Let the function make log groups and set how long they keep events.

    The ARNs are those of a stream without a name, for so logs authorizes calls on a group
    (elastic/apm-aws-lambda#526, aws-solutions/instance-scheduler-on-aws#578).
    """
    return Right(
        actions=["logs:CreateLogGroup", "logs:PutRetentionPolicy"], resources=list(log_groups)
    )


def log_live_channel(channel: Arn) -> Right:
    """Let the function set the access logs of a MediaPackage channel."""
    return Right(actions=["mediapackage:ConfigureLogs"], resources=[channel])


def log_packaging_group(group: Arn) -> Right:
    """Let the function set the access log of a MediaPackage packaging group."""
    return Right(actions=["mediapackage-vod:ConfigureLogs"], resources=[group])


def let_create(definition: RoleDefinition, role: str) -> tuple[Right, Right]:
    """Let somebody create a role for its service alone, and give it its policies."""
    return (
        Right(
            actions=["iam:CreateServiceLinkedRole"],
            resources=[role],
            condition={"StringLike": {"iam:AWSServiceName": definition.service_principal}},
        ),
        Right(actions=["iam:AttachRolePolicy", "iam:PutRolePolicy"], resources=[role]),
    )


def let_edit(role: str) -> Right:
    """Let somebody edit a role's description, the one thing that can be edited."""
    return Right(actions=["iam:UpdateRoleDescription"], resources=[role])


def let_delete(role: str) -> Right:
    """Let somebody delete a role, and follow the deletion."""
    return Right(
        actions=["iam:DeleteServiceLinkedRole", "iam:GetServiceLinkedRoleDeletionStatus"],
        resources=[role],
    )


# who holds a role


def find_role(role: str, role_without_path: str) -> Right:
    """Let somebody read a role, be it there or not."""
    return Right(
        actions=["iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
        resources=[role, role_without_path],
    )


def find_regions() -> Right:
    """Let somebody read which regions are enabled for the account."""
    return Right(actions=["account:ListRegions"], resources=["*"])


def find_stacks() -> Right:
    """Let somebody read which stacks are there, and which has what."""
    return Right(
        actions=["cloudformation:DescribeStackResources", "cloudformation:DescribeStacks"],
        resources=["*"],
    )


def look_up_stacks() -> Right:
    """Let somebody read which stacks are there: those whose leases are put back."""
    return Right(actions=["cloudformation:DescribeStacks"], resources=["*"])


def find_by_lists(*actions: str) -> Right:
    """Let somebody list things: what lists, knows no resource."""
    return Right(actions=list(actions), resources=["*"])


def look_at_voice_connectors(connectors: Arn) -> Right:
    """Let somebody read what Voice Connectors stream: their list does not say."""
    return Right(actions=["chime:GetVoiceConnectorStreamingConfiguration"], resources=[connectors])


def look_at_app_instances(app_instances: Arn) -> Right:
    """Let somebody read what is streamed of app instances: their list does not say."""
    return Right(actions=["chime:GetMessagingStreamingConfigurations"], resources=[app_instances])


# letting go of a role, and putting it back


def look_at_ivs(channels: Arn, recording_configurations: Arn) -> Right:
    """Let somebody read IVS channels and recording configurations one by one."""
    return Right(
        actions=["ivs:GetChannel", "ivs:GetRecordingConfiguration"],
        resources=[channels, recording_configurations],
    )


def look_at_mediatailor(playback_configurations: Arn, channels: Arn) -> Right:
    """Let somebody read playback configurations and channels one by one."""
    return Right(
        actions=["mediatailor:DescribeChannel", "mediatailor:GetPlaybackConfiguration"],
        resources=[playback_configurations, channels],
    )


def look_at_mediapackage(channels: Arn, packaging_groups: Arn) -> Right:
    """Let somebody read live channels and packaging groups one by one."""
    return Right(
        actions=["mediapackage-vod:DescribePackagingGroup", "mediapackage:DescribeChannel"],
        resources=[channels, packaging_groups],
    )


def stop_voice_connectors(connectors: Arn) -> Right:
    """Let somebody stop the streaming of Voice Connectors."""
    return Right(
        actions=["chime:DeleteVoiceConnectorStreamingConfiguration"], resources=[connectors]
    )


def stop_app_instances(app_instances: Arn) -> Right:
    """Let somebody stop the streaming of app instances."""
    return Right(
        actions=["chime:DeleteMessagingStreamingConfigurations"], resources=[app_instances]
    )


def point_ivs_channels(channels: Arn) -> Right:
    """Let somebody change what records IVS channels."""
    return Right(actions=["ivs:UpdateChannel"], resources=[channels])


def delete_recording_configurations(recording_configurations: Arn) -> Right:
    """Let somebody delete recording configurations."""
    return Right(actions=["ivs:DeleteRecordingConfiguration"], resources=[recording_configurations])


def let_go_of_role(role: str) -> Right:
    """Let somebody mark a role as closing, drop its leases, and put back those he has dropped."""
    return Right(actions=["iam:TagRole", "iam:UntagRole"], resources=[role])


def put_back_role(role: str) -> Right:
    """Let somebody give a role its tags again."""
    return Right(actions=["iam:TagRole"], resources=[role])


def start_voice_connectors(connectors: Arn, insights: Arn) -> Right:
    """Let somebody start the streaming of Voice Connectors again."""
    return Right(
        actions=["chime:PutVoiceConnectorStreamingConfiguration"], resources=[connectors, insights]
    )


def start_app_instances(app_instances: Arn) -> Right:
    """Let somebody start the streaming of app instances again."""
    return Right(actions=["chime:PutMessagingStreamingConfigurations"], resources=[app_instances])


def make_recording_configurations(recording_configurations: Arn) -> Right:
    """Let somebody make recording configurations again, with their tags."""
    return Right(
        actions=["ivs:CreateRecordingConfiguration", "ivs:TagResource"],
        resources=[recording_configurations],
    )


def record_to_buckets(buckets: Arn) -> Right:
    """Let somebody record to buckets: CloudFormation's schema of the type asks for it."""
    return Right(actions=["s3:GetBucketLocation", "s3:ListBucket"], resources=[buckets])
