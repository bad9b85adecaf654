"""All IAM permissions that slr-constructs uses, in one place.

The constructs add them to templates, where resources are intrinsic functions. The command line
writes them to policies, where resources are ARNs. So each function takes the resources as
arguments, and this module does not need the CDK.

The first part is for the function of a stack. The second part is for people and pipelines: the
statements of "Service-linked role permissions" in the IAM User Guide (`allow_...`), and the
permissions of the commands `audit`, `release` and `restore`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from slr_constructs.catalogue import RoleCreation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs.catalogue import RoleDefinition


Arn: TypeAlias = str | dict[str, Any]
"""An ARN. In a template, it may be an intrinsic function that returns an ARN."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One Allow statement for a list of resources."""

    actions: Sequence[str]
    resources: Sequence[Any]
    condition: dict[str, Any] | None = None

    def render(self) -> dict[str, Any]:
        """Return the statement for a policy document."""
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


def write_own_log(log_group: Arn) -> Permission:
    """Let the function write its log, but not create a log group that outlives the stack."""
    return Permission(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group])


def create_role(definition: RoleDefinition, role: Arn) -> list[Permission]:
    """Let the function create a role. The list is empty if IAM no longer creates the role.

    Services also create the role with the permissions of the caller that enables the feature.
    """
    if definition.creation is RoleCreation.NEVER:
        return []
    return [
        Permission(
            actions=["iam:CreateServiceLinkedRole"],
            resources=[role],
            condition={"StringEquals": {"iam:AWSServiceName": definition.service_principal}},
        )
    ]


def acquire_role(role: Arn, role_without_path: Arn) -> Permission:
    """Let the function acquire and release a lease on a role, and delete the role.

    IAM does not know the path of a role that does not exist. It then checks the ARN without a path:
    the message in https://github.com/aws/aws-cdk/issues/27067 says "on resource: role NAME".
    """
    return Permission(
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


def stream_voice_connector(connector: Arn, *insights: Arn) -> Permission:
    """Let the function stream a Voice Connector, also with media insights pipelines."""
    return Permission(
        actions=[
            "chime:DeleteVoiceConnectorStreamingConfiguration",
            "chime:GetVoiceConnectorStreamingConfiguration",
            "chime:PutVoiceConnectorStreamingConfiguration",
        ],
        resources=[connector, *insights],
    )


def stream_app_instance(app_instance: Arn) -> Permission:
    """Let the function stream an app instance."""
    return Permission(
        actions=[
            "chime:DeleteMessagingStreamingConfigurations",
            "chime:GetMessagingStreamingConfigurations",
            "chime:PutMessagingStreamingConfigurations",
        ],
        resources=[app_instance],
    )


def write_to_streams(*streams: Arn) -> Permission:
    """Let the function write to the streams that an app instance is streamed to.

    The caller of PutMessagingStreamingConfigurations needs these permissions, and the permission to
    create the role even if it exists. Otherwise the call fails ("Unable to access Kinesis stream",
    "Unable to create service linked role").
    """
    return Permission(
        actions=["kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"],
        resources=list(streams),
    )


def encrypt_for_streams(*keys: Arn) -> Permission:
    """Let the function use the KMS keys of these streams."""
    return Permission(actions=["kms:GenerateDataKey"], resources=list(keys))


def record_ivs_channel(channel: Arn) -> Permission:
    """Let the function change the recording configuration of an IVS channel."""
    return Permission(actions=["ivs:GetChannel", "ivs:UpdateChannel"], resources=[channel])


def log_sessions(playback_configuration: Arn) -> Permission:
    """Let the function configure the session logs of a MediaTailor playback configuration."""
    return Permission(
        actions=["mediatailor:ConfigureLogsForPlaybackConfiguration"],
        resources=[playback_configuration],
    )


def log_as_run(channel: Arn) -> Permission:
    """Let the function configure the as-run log of a MediaTailor channel."""
    return Permission(actions=["mediatailor:ConfigureLogsForChannel"], resources=[channel])


def set_log_retention(*log_groups: Arn) -> Permission:
    """Let the function create log groups and set their retention.

    The ARNs must end with an empty stream name, because CloudWatch Logs checks this form
    (elastic/apm-aws-lambda#526, aws-solutions/instance-scheduler-on-aws#578).
    """
    return Permission(
        actions=["logs:CreateLogGroup", "logs:PutRetentionPolicy"], resources=list(log_groups)
    )


def log_live_channel(channel: Arn) -> Permission:
    """Let the function configure the access logs of a MediaPackage channel."""
    return Permission(actions=["mediapackage:ConfigureLogs"], resources=[channel])


def log_packaging_group(group: Arn) -> Permission:
    """Let the function configure the access log of a MediaPackage packaging group."""
    return Permission(actions=["mediapackage-vod:ConfigureLogs"], resources=[group])


def allow_create(definition: RoleDefinition, role: str) -> tuple[Permission, Permission]:
    """Allow creating a role, only for its own service, and attaching its policies."""
    return (
        Permission(
            actions=["iam:CreateServiceLinkedRole"],
            resources=[role],
            condition={"StringLike": {"iam:AWSServiceName": definition.service_principal}},
        ),
        Permission(actions=["iam:AttachRolePolicy", "iam:PutRolePolicy"], resources=[role]),
    )


def allow_edit(role: str) -> Permission:
    """Allow editing the description of a role, its only editable property."""
    return Permission(actions=["iam:UpdateRoleDescription"], resources=[role])


def allow_delete(role: str) -> Permission:
    """Allow deleting a role and reading the status of the deletion."""
    return Permission(
        actions=["iam:DeleteServiceLinkedRole", "iam:GetServiceLinkedRoleDeletionStatus"],
        resources=[role],
    )


# audit


def find_role(role: str, role_without_path: str) -> Permission:
    """Allow reading a role, whether it exists or not."""
    return Permission(
        actions=["iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
        resources=[role, role_without_path],
    )


def find_regions() -> Permission:
    """Allow listing the enabled regions of the account."""
    return Permission(actions=["account:ListRegions"], resources=["*"])


def find_stacks() -> Permission:
    """Allow listing stacks, and finding the stack of a resource."""
    return Permission(
        actions=["cloudformation:DescribeStackResources", "cloudformation:DescribeStacks"],
        resources=["*"],
    )


def describe_stacks_of_leases() -> Permission:
    """Allow reading which stacks exist, to restore their leases."""
    return Permission(actions=["cloudformation:DescribeStacks"], resources=["*"])


def find_by_lists(*actions: str) -> Permission:
    """Allow list actions, which do not support resource ARNs."""
    return Permission(actions=list(actions), resources=["*"])


def describe_voice_connectors(connectors: Arn) -> Permission:
    """Allow reading the streaming of Voice Connectors, which their list does not contain."""
    return Permission(
        actions=["chime:GetVoiceConnectorStreamingConfiguration"], resources=[connectors]
    )


def describe_app_instances(app_instances: Arn) -> Permission:
    """Allow reading the streaming of app instances, which their list does not contain."""
    return Permission(
        actions=["chime:GetMessagingStreamingConfigurations"], resources=[app_instances]
    )


# release and restore


def describe_ivs(channels: Arn, recording_configurations: Arn) -> Permission:
    """Allow reading single IVS channels and recording configurations."""
    return Permission(
        actions=["ivs:GetChannel", "ivs:GetRecordingConfiguration"],
        resources=[channels, recording_configurations],
    )


def describe_mediatailor(playback_configurations: Arn, channels: Arn) -> Permission:
    """Allow reading single playback configurations and channels."""
    return Permission(
        actions=["mediatailor:DescribeChannel", "mediatailor:GetPlaybackConfiguration"],
        resources=[playback_configurations, channels],
    )


def describe_mediapackage(channels: Arn, packaging_groups: Arn) -> Permission:
    """Allow reading single live channels and packaging groups."""
    return Permission(
        actions=["mediapackage-vod:DescribePackagingGroup", "mediapackage:DescribeChannel"],
        resources=[channels, packaging_groups],
    )


def remove_voice_connectors(connectors: Arn) -> Permission:
    """Allow stopping the streaming of Voice Connectors."""
    return Permission(
        actions=["chime:DeleteVoiceConnectorStreamingConfiguration"], resources=[connectors]
    )


def remove_app_instances(app_instances: Arn) -> Permission:
    """Allow stopping the streaming of app instances."""
    return Permission(
        actions=["chime:DeleteMessagingStreamingConfigurations"], resources=[app_instances]
    )


def update_ivs_channels(channels: Arn) -> Permission:
    """Allow changing the recording configuration of IVS channels."""
    return Permission(actions=["ivs:UpdateChannel"], resources=[channels])


def delete_recording_configurations(recording_configurations: Arn) -> Permission:
    """Allow deleting recording configurations."""
    return Permission(
        actions=["ivs:DeleteRecordingConfiguration"], resources=[recording_configurations]
    )


def release_role(role: str) -> Permission:
    """Allow locking a role for deletion, removing its leases, and restoring removed leases."""
    return Permission(actions=["iam:TagRole", "iam:UntagRole"], resources=[role])


def restore_role(role: str) -> Permission:
    """Allow restoring the tags of a role."""
    return Permission(actions=["iam:TagRole"], resources=[role])


def configure_voice_connectors(connectors: Arn, insights: Arn) -> Permission:
    """Allow starting the streaming of Voice Connectors again."""
    return Permission(
        actions=["chime:PutVoiceConnectorStreamingConfiguration"], resources=[connectors, insights]
    )


def configure_app_instances(app_instances: Arn) -> Permission:
    """Allow starting the streaming of app instances again."""
    return Permission(
        actions=["chime:PutMessagingStreamingConfigurations"], resources=[app_instances]
    )


def create_recording_configurations(recording_configurations: Arn) -> Permission:
    """Allow creating recording configurations again, with their tags."""
    return Permission(
        actions=["ivs:CreateRecordingConfiguration", "ivs:TagResource"],
        resources=[recording_configurations],
    )


def record_to_buckets(buckets: Arn) -> Permission:
    """Allow recording to buckets, which CloudFormation's schema of the type requires."""
    return Permission(actions=["s3:GetBucketLocation", "s3:ListBucket"], resources=[buckets])
