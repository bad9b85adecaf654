"""The catalogue of service-linked roles: all facts about AWS that slr-constructs uses.

Each role is one `RoleDefinition`, and each of the five supported features has one role.
`CHIME_MESSAGING_LEGACY` is the older role of the messaging feature, which may still exist in an
account. Your own `RoleDefinition` works in the same way.

A tag beside each fact names its source:

- `[document]`: the AWS page about the role, in the edition that slr-constructs was written from;
- `[page]`: the current edition of that page, or another page in the role's `documentation`;
- `[policy]`: the default version of the role's AWS managed policy, as the AWS Managed Policy
  Reference prints it and moto ships it;
- `[botocore]`: the service model, or the list of endpoints, in botocore;
- `[schema]`: the CloudFormation resource schema, as cfn-lint ships it;
- `[seen]`: not AWS, but published results of other people, mainly
  github.com/righteousgambit/quiet-riot (`terraform/`) for the roles that IAM created, and
  github.com/zoph-io/MAMIP for the history of managed policies;
- `[inferred]`: our conclusion, which is not documented.

If a fact has several tags, all these sources agree. If sources disagree, the role's
`contradictions` name both sides and the one that is used. `tests/test_catalogue.py` compares the
facts with the published sources. They were not verified against AWS itself.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from slr_constructs.handler.slr_handler import rules

if TYPE_CHECKING:
    from collections.abc import Iterable


class RoleCreation(Enum):
    """How the role is created."""

    IAM = "IAM"
    """IAM creates the role (`iam:CreateServiceLinkedRole`), as its documentation says."""

    SERVICE = "SERVICE"
    """The service creates the role with its feature. IAM is tried first, without a guarantee."""

    NEVER = "NEVER"
    """The role is not created: IAM now creates another role for this principal.

    An existing role can be adopted.
    """


Condition: TypeAlias = tuple[str, str, tuple[str, ...]]
"""Operator, condition key and values. One of the values must match."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the policy of a role."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """The statement of one source."""

    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A fact about which sources disagree, and the source that is used."""

    about: str
    claims: tuple[Claim, ...]
    followed: str


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """The facts about a service-linked role: how to create, use and delete it.

    Only the first two arguments are required:

        RoleDefinition("AWSServiceRoleForX", "x.amazonaws.com")

    A name that IAM does not accept raises a ValueError.

    Operations have the form `client:Operation`, with the name of the boto3 client. The prefix of
    the IAM action may differ: the action of `chime-sdk-voice:...` is `chime:...`.

    Args:
        role_name: The name of the role, which the service chooses.

        service_principal: The service that assumes the role. Case-sensitive.

        feature: The feature that needs the role, as a short phrase.
            Default: no feature is shown.

        creation: How the role is created.
            Default: IAM creates the role, as for most services.

        regions: The regions, in all partitions, that offer at least one of the `created_by`
            services, sorted. The role itself is global.
            Default: regions are not checked.

        managed_policy: The AWS managed policy of the role.
            Default: the policy is unknown.

        statements: The statements of the role's policy.
            Default: the statements are unknown.

        created_by: The operations that cause the service to create the role.
            Default: the operations are unknown.

        clean_up: The operations that disable the feature. The role can be deleted after they were
            called for all resources of the account, in all regions.
            Default: the operations are unknown.

        resource_types: The CloudFormation resource types that have the feature as a property, or
            that own the feature.
            Default: the types are unknown.

        log_groups: The default log groups of the service.
            Default: the service writes no logs, or its log groups are unknown.

        documentation: The URLs of the AWS pages about the role.
            Default: no pages are listed.

        contradictions: The facts about which sources disagree.
            Default: no contradiction is known.

        superseded_by: The name of the role that replaced this one.
            Default: the role is current.
    """

    role_name: str
    service_principal: str
    _: KW_ONLY
    feature: str = ""
    creation: RoleCreation = RoleCreation.IAM
    regions: tuple[str, ...] | None = None
    managed_policy: str | None = None
    statements: tuple[Statement, ...] = ()
    created_by: tuple[str, ...] = ()
    clean_up: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    documentation: tuple[str, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    superseded_by: str | None = None

    def __post_init__(self) -> None:
        """Reject names that IAM does not accept."""
        for prop, value, rule in (
            ("role_name", self.role_name, rules.ROLE_NAME),
            ("service_principal", self.service_principal, rules.SERVICE_PRINCIPAL),
        ):
            if not rule.holds(value):
                raise ValueError(
                    rules.refusal("RoleDefinition", prop, rule.allowed, value, rule.code)
                )

    @property
    def path(self) -> str:
        """The IAM path of the role."""
        return f"/aws-service-role/{self.service_principal}/"

    def arn(self, *, partition: str, account: str) -> str:
        """Return the ARN of the role in one account.

        The arguments are not validated, so `${AWS::Partition}` and tokens are accepted.
        """
        return f"arn:{partition}:iam::{account}:role{self.path}{self.role_name}"


CHIME_VOICE_CONNECTOR = RoleDefinition(
    "AWSServiceRoleForAmazonChimeVoiceConnector",  # [document] [page]
    "voiceconnector.chime.amazonaws.com",  # [document] [page]
    feature="streaming of Voice Connector calls to Kinesis Video Streams",  # [document]
    creation=RoleCreation.IAM,  # [document] [page] [seen]
    # all regions with an endpoint [botocore]
    regions=(
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "us-east-1",
        "us-west-2",
    ),
    managed_policy="AmazonChimeVoiceConnectorServiceLinkedRolePolicy",  # [page] [policy]
    # [policy] version 5, which requires these names of streams, topics and queues
    statements=(
        Statement(("chime:GetVoiceConnector*",), ("*",)),
        Statement(
            (
                "kinesisvideo:GetDataEndpoint",
                "kinesisvideo:PutMedia",
                "kinesisvideo:UpdateDataRetention",
                "kinesisvideo:DescribeStream",
                "kinesisvideo:CreateStream",
            ),
            ("arn:aws:kinesisvideo:*:*:stream/ChimeVoiceConnector-*",),
        ),
        Statement(("kinesisvideo:ListStreams",), ("*",)),
        Statement(("SNS:Publish",), ("arn:aws:sns:*:*:ChimeVoiceConnector-Streaming*",)),
        Statement(("sqs:SendMessage",), ("arn:aws:sqs:*:*:ChimeVoiceConnector-Streaming*",)),
        Statement(("polly:SynthesizeSpeech",), ("*",)),
        Statement(
            ("chime:CreateMediaInsightsPipeline", "chime:GetMediaInsightsPipelineConfiguration"),
            ("*",),
        ),
    ),
    created_by=(
        "chime-sdk-voice:PutVoiceConnectorStreamingConfiguration",  # [document] [page]
        "chime-sdk-voice:CreateSipMediaApplication",  # [page]
        "chime-sdk-voice:UpdateSipMediaApplication",  # [page]
    ),
    # [document] [page] neither says whether a SIP media application uses the role too
    clean_up=("chime-sdk-voice:DeleteVoiceConnectorStreamingConfiguration",),
    # [schema] the owner, which does not have a property for streaming
    resource_types=("AWS::Chime::VoiceConnector",),
    documentation=(
        "https://docs.aws.amazon.com/chime-sdk/latest/ag/using-service-linked-roles-stream.html",
        "https://docs.aws.amazon.com/chime-sdk/latest/ag/cvc-linked-role-policy.html",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonChimeVoiceConnectorServiceLinkedRolePolicy.html",
    ),
    contradictions=(
        Contradiction(
            about="the role's permissions for Kinesis video streams",
            claims=(
                Claim("kinesisvideo:* on stream/ChimeVoiceConnector-*", "[document] [page]"),
                Claim("also five actions on stream/ChimeMediaPipelines-*", "[page]"),
                Claim(
                    "five named actions on stream/ChimeVoiceConnector-*, and"
                    " kinesisvideo:ListStreams on *; no action on stream/ChimeMediaPipelines-*",
                    "[policy]",
                ),
                Claim(
                    "no version of the policy since 2019 contains kinesisvideo:*",
                    "the history of managed policies [seen]",
                ),
            ),
            followed="the policy, because IAM enforces it",
        ),
        Contradiction(
            about="the operations that cause the service to create the role",
            claims=(
                Claim("starting media streaming for a Voice Connector", "[document]"),
                Claim("also creating or updating a SIP media application", "[page]"),
            ),
            followed="the current page; both sources describe the clean-up only for streaming",
        ),
        Contradiction(
            about="the command that stops streaming",
            claims=(
                Claim(
                    "aws chime delete-voice-connector-streaming-configuration", "[document] [page]"
                ),
                Claim(
                    "the chime client does not have operations for Voice Connectors", "[botocore]"
                ),
            ),
            followed="botocore; the client chime-sdk-voice has the same operation",
        ),
    ),
)

_RENAMED_MESSAGING_ROLE = Contradiction(
    about="the role for messaging streams, and its service principal",
    claims=(
        Claim(
            "AmazonChimeServiceChatStreamingAccess, trusted by chime.amazonaws.com", "[document]"
        ),
        Claim(
            "AWSServiceRoleForChimeSDKMessaging, trusted by messaging.chime.amazonaws.com",
            "[page] [seen]",
        ),
        Claim(
            "AmazonChimeServiceChatStreamingAccess in the section about cleaning up the role,"
            " AmazonChimeServiceRoleForChimeSDKMessaging in the section about deleting it",
            "further sections of the same page [page]",
        ),
        Claim(
            "chime.amazonaws.com now has the role AWSServiceRoleForAmazonChime, whose policy"
            " AmazonChimeServiceRolePolicy does not allow streaming",
            "[policy] [seen]",
        ),
    ),
    followed="the permissions section of the current page, which agrees with published role ARNs;"
    " the older role is adopted if it exists, but never created",
)

CHIME_MESSAGING = RoleDefinition(
    "AWSServiceRoleForChimeSDKMessaging",  # [page] [seen]
    "messaging.chime.amazonaws.com",  # [page] [seen]
    feature="streaming of app instances' messages to Kinesis Data Streams",  # [document] [page]
    creation=RoleCreation.IAM,  # [page]
    regions=("eu-central-1", "us-east-1"),  # [botocore]
    managed_policy="AmazonChimeSDKMessagingServiceRolePolicy",  # [policy]
    # [page] [policy] version 1, which requires this name of a stream
    statements=(
        Statement(
            ("kms:GenerateDataKey",),
            ("*",),
            (("StringLike", "kms:ViaService", ("kinesis.*.amazonaws.com",)),),
        ),
        Statement(
            ("kinesis:PutRecord", "kinesis:PutRecords", "kinesis:DescribeStream"),
            ("arn:aws:kinesis:*:*:stream/chime-messaging-*",),
        ),
    ),
    created_by=("chime-sdk-messaging:PutMessagingStreamingConfigurations",),  # [page]
    clean_up=("chime-sdk-messaging:DeleteMessagingStreamingConfigurations",),  # [page]
    # [schema] the owner, which does not have a property for streaming
    resource_types=("AWS::Chime::AppInstance",),
    documentation=(
        "https://docs.aws.amazon.com/chime-sdk/latest/dg/stream-service-linked.html",
        "https://docs.aws.amazon.com/chime-sdk/latest/dg/streaming-export.html",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonChimeSDKMessagingServiceRolePolicy.html",
    ),
    contradictions=(
        _RENAMED_MESSAGING_ROLE,
        Contradiction(
            about="the operations that start and stop streaming",
            claims=(
                Claim(
                    "PutAppInstanceStreamingConfigurations, and"
                    " aws chime delete-app-instance-streaming-configuration",
                    "[document]",
                ),
                Claim(
                    "PutMessagingStreamingConfigurations, DeleteMessagingStreamingConfigurations",
                    "[page]",
                ),
                Claim(
                    "only the operations of the current page exist, in chime-sdk-messaging",
                    "[botocore]",
                ),
            ),
            followed="the current page and botocore",
        ),
    ),
)

CHIME_MESSAGING_LEGACY = RoleDefinition(
    "AmazonChimeServiceChatStreamingAccess",  # [document]
    "chime.amazonaws.com",  # [document]
    feature=CHIME_MESSAGING.feature,  # [document]
    creation=RoleCreation.NEVER,  # [policy] [seen] see its contradiction
    # [document] its text, in the form of the current policy
    statements=(
        Statement(
            ("kms:GenerateDataKey",),
            ("*",),
            (("StringLike", "kms:ViaService", ("kinesis.*.amazonaws.com",)),),
        ),
        Statement(
            ("kinesis:PutRecord", "kinesis:PutRecords", "kinesis:DescribeStream"),
            ("arn:aws:kinesis:{region}:{account-id}:stream/chime-messaging-*",),
        ),
    ),
    clean_up=CHIME_MESSAGING.clean_up,  # [page] its heading still names the older role
    resource_types=CHIME_MESSAGING.resource_types,  # [schema]
    documentation=CHIME_MESSAGING.documentation[:1],
    contradictions=(_RENAMED_MESSAGING_ROLE,),
    superseded_by=CHIME_MESSAGING.role_name,  # [page]
)

IVS_RECORD_TO_S3 = RoleDefinition(
    "AWSServiceRoleForIVSRecordToS3",  # [document] [page]
    "ivs.amazonaws.com",  # [document] [page]
    feature="recording of IVS channels to S3",  # [document]
    creation=RoleCreation.SERVICE,  # [document] [page] without IAM; see its contradiction
    # all regions with an endpoint [botocore]
    regions=(
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "eu-central-1",
        "eu-west-1",
        "us-east-1",
        "us-west-2",
    ),
    managed_policy="IVSRecordToS3",  # [policy]
    # [policy] version 1
    statements=(Statement(("s3:PutObject",), ("arn:aws:s3:::AWSIVS_*/ivs/*",)),),
    created_by=("ivs:CreateRecordingConfiguration",),  # [document] [page]
    # [document] [page] the recording configuration is removed from all channels, then deleted
    clean_up=("ivs:UpdateChannel", "ivs:DeleteRecordingConfiguration"),
    resource_types=("AWS::IVS::RecordingConfiguration", "AWS::IVS::Channel"),  # [schema]
    documentation=(
        "https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/security-service-linked-roles.html",
        "https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/security-iam.html",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/IVSRecordToS3.html",
    ),
    contradictions=(
        Contradiction(
            about="the buckets that the role may write to",
            claims=(
                Claim("s3:PutObject on your Amazon S3 buckets", "[document] [page]"),
                Claim("s3:PutObject only on arn:aws:s3:::AWSIVS_*/ivs/*", "[policy]"),
                Claim(
                    "creating a recording configuration requires iam:PutRolePolicy",
                    "[page] [schema]",
                ),
            ),
            followed="the policy, for the role's initial permissions; that IVS then adds the bucket"
            " to the role is [inferred]",
        ),
        Contradiction(
            about="whether IAM creates the role",
            claims=(
                Claim(
                    "IVS creates it with a recording configuration; IAM is not mentioned",
                    "[document] [page]",
                ),
                Claim("iam:CreateServiceLinkedRole with ivs.amazonaws.com created it", "[seen]"),
            ),
            followed="both: IAM is tried first; if it rejects the call, IVS creates the role",
        ),
    ),
)

MEDIATAILOR = RoleDefinition(
    "AWSServiceRoleForMediaTailor",  # [document] [page]
    "mediatailor.amazonaws.com",  # [document] [page]
    feature="session logs and as-run logs of MediaTailor in CloudWatch Logs",  # [document] [page]
    creation=RoleCreation.IAM,  # [document] [page] [seen]
    # all regions with an endpoint [botocore]
    regions=(
        "af-south-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-4",
        "ap-southeast-5",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "me-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-2",
    ),
    managed_policy="AWSMediaTailorServiceRolePolicy",  # [document] [page] [policy]
    # [policy] version 1
    statements=(
        Statement(
            ("logs:PutLogEvents",), ("arn:aws:logs:*:*:log-group:MediaTailor/*:log-stream:*",)
        ),
        Statement(
            (
                "logs:CreateLogStream",
                "logs:CreateLogGroup",
                "logs:DescribeLogGroups",
                "logs:DescribeLogStreams",
            ),
            ("arn:aws:logs:*:*:log-group:MediaTailor/*",),
        ),
    ),
    created_by=(
        "mediatailor:ConfigureLogsForPlaybackConfiguration",  # [document] [page]
        "mediatailor:ConfigureLogsForChannel",  # [page] with AS_RUN
    ),
    # a log configuration cannot be deleted, only disabled
    clean_up=(
        "mediatailor:ConfigureLogsForPlaybackConfiguration",  # [document] [page] with 0 percent
        "mediatailor:ConfigureLogsForChannel",  # [inferred] with no log types
    ),
    resource_types=(
        "AWS::MediaTailor::PlaybackConfiguration",
        "AWS::MediaTailor::Channel",
    ),  # [schema]
    # [page] fixed names
    log_groups=(
        "MediaTailor/AdDecisionServerInteractions",
        "MediaTailor/ManifestService",
        "MediaTailor/TranscodeService",
        "MediaTailor/Channel/AsRunLog",
    ),
    documentation=(
        "https://docs.aws.amazon.com/mediatailor/latest/ug/using-service-linked-roles.html",
        "https://docs.aws.amazon.com/mediatailor/latest/ug/slr-permissions.html",
        "https://docs.aws.amazon.com/mediatailor/latest/ug/create-slr.html",
        "https://docs.aws.amazon.com/mediatailor/latest/ug/monitoring-cw-logs.html",
        "https://docs.aws.amazon.com/mediatailor/latest/ug/as-run-log.html",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSMediaTailorServiceRolePolicy.html",
    ),
    contradictions=(
        Contradiction(
            about="the log groups that the role may write to",
            claims=(
                Claim("log-group:/aws/MediaTailor/*", "[document] [page]"),
                Claim("log-group:MediaTailor/*", "[policy]"),
                Claim(
                    "MediaTailor/Channel/AsRunLog and similar names",
                    "the pages about the logs [page]",
                ),
            ),
            followed="the policy, which agrees with the log groups that MediaTailor writes to",
        ),
        Contradiction(
            about="the operations that cause the service to create the role",
            claims=(
                Claim("enabling session logging", "[document]"),
                Claim("also enabling the As Run log", "the page about that log [page]"),
            ),
            followed="both; that the As Run log must also be disabled before the role can be"
            " deleted is [inferred]",
        ),
    ),
)

MEDIAPACKAGE = RoleDefinition(
    "AWSServiceRoleForMediaPackage",  # [document]
    "mediapackage.amazonaws.com",  # [document]
    feature="access logs of MediaPackage in CloudWatch Logs",  # [document] [page]
    creation=RoleCreation.IAM,  # [document]
    # all regions with an endpoint for live or VOD [botocore]: ap-south-2 and me-central-1 have only
    # VOD, the two isolated regions have only live
    regions=(
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-4",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "me-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-iso-east-1",
        "us-isob-east-1",
        "us-west-1",
        "us-west-2",
    ),
    managed_policy="MediaPackageServiceRolePolicy",  # [policy]
    # [document] [policy] version 1
    statements=(
        Statement(
            ("logs:PutLogEvents",), ("arn:aws:logs:*:*:log-group:/aws/MediaPackage/*:log-stream:*",)
        ),
        Statement(
            (
                "logs:CreateLogStream",
                "logs:CreateLogGroup",
                "logs:DescribeLogGroups",
                "logs:DescribeLogStreams",
            ),
            ("arn:aws:logs:*:*:log-group:/aws/MediaPackage/*",),
        ),
    ),
    created_by=(
        "mediapackage:ConfigureLogs",  # [document] [page]
        "mediapackage-vod:ConfigureLogs",  # [page] [schema]
    ),
    # the same operations, without the logs to be disabled
    clean_up=(
        "mediapackage:ConfigureLogs",  # [document] [page]
        "mediapackage-vod:ConfigureLogs",  # [inferred] from "disable access logging" [document]
    ),
    resource_types=("AWS::MediaPackage::Channel", "AWS::MediaPackage::PackagingGroup"),  # [schema]
    # [page] [schema] defaults; any other name must start with /aws/MediaPackage/
    log_groups=(
        "/aws/MediaPackage/IngressAccessLogs",
        "/aws/MediaPackage/EgressAccessLogs",
        "/aws/MediaPackage/VodEgressAccessLogs",
    ),
    documentation=(
        "https://docs.aws.amazon.com/mediapackage/latest/ug/using-service-linked-roles.html",
        "https://docs.aws.amazon.com/mediapackage/latest/ug/access-logging.html",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-mediapackage-packaginggroup-logconfiguration.html",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/MediaPackageServiceRolePolicy.html",
    ),
    contradictions=(
        Contradiction(
            about="the default log group of a VOD packaging group",
            claims=(
                Claim("/aws/MediaPackage/VodEgressAccessLogs", "[schema]"),
                Claim("/aws/MediaPackage/EgressAccessLogs", "[page]"),
            ),
            followed="neither; both are listed. Set a log group name explicitly",
        ),
    ),
)

ALL = (
    CHIME_VOICE_CONNECTOR,
    CHIME_MESSAGING,
    CHIME_MESSAGING_LEGACY,
    IVS_RECORD_TO_S3,
    MEDIATAILOR,
    MEDIAPACKAGE,
)


def by_role_name(role_name: str) -> RoleDefinition:
    """Return a role of the catalogue by its name.

    Raises:
        KeyError: The catalogue does not contain the role. The text lists all names.
    """
    for definition in ALL:
        if definition.role_name == role_name:
            return definition
    known = ", ".join(definition.role_name for definition in ALL)
    message = f"role_name must be one of {known}, got {role_name}"
    raise KeyError(message)


def with_superseded_roles(definitions: Iterable[RoleDefinition]) -> list[RoleDefinition]:
    """Return roles without duplicates, each followed by the older roles that it replaced."""
    return list(
        dict.fromkeys(
            each
            for definition in definitions
            for each in (
                definition,
                *(old for old in ALL if old.superseded_by == definition.role_name),
            )
        )
    )
