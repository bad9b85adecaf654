"""The roles: every fact about AWS that this library relies on, in one place.

A role is one `RoleDefinition`. The five features this library knows have one each;
`CHIME_MESSAGING_LEGACY` is the older role of the messaging feature, which an account may still
carry. Your own `RoleDefinition` works like these.

Where a fact comes from stands in a tag beside it:

- `[document]`: the AWS page about the role, in the edition this library was written from;
- `[page]`: today's edition of that page, or another page in the role's `documentation`;
- `[policy]`: the role's AWS managed policy, default version, as the AWS Managed Policy Reference
  prints it and moto ships it;
- `[botocore]`: the service model, or the list of endpoints, in botocore;
- `[schema]`: the CloudFormation resource schema, as cfn-lint ships it;
- `[seen]`: not AWS but people who did it and published what came of it, above all
  github.com/righteousgambit/quiet-riot (`terraform/`) for the roles that IAM made, and
  github.com/zoph-io/MAMIP for the history of managed policies;
- `[inferred]`: our conclusion; nobody documents it.

A fact with several tags is said by all of them. Where sources disagree, the role's
`contradictions` name both sides and say which one is followed. `tests/test_catalogue.py` compares
all that others publish with what they publish. Nothing here was tried against AWS itself.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from slr_constructs.handler.slr_handler import rules

if TYPE_CHECKING:
    from collections.abc import Iterable


class RoleCreation(Enum):
    """Who may make the role."""

    IAM = "IAM"
    """Anybody who may call `iam:CreateServiceLinkedRole`: its documentation says so."""

    SERVICE = "SERVICE"
    """The service, with its feature. IAM is asked first, but nobody promises that it agrees."""

    NEVER = "NEVER"
    """Nobody: IAM makes another role for this principal now. Adopt it where it still exists."""


Condition: TypeAlias = tuple[str, str, tuple[str, ...]]
"""Operator, condition key, and the values of which one must match."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that the policy of a role allows."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says."""

    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One thing that sources disagree about, and which of them is followed."""

    about: str
    claims: tuple[Claim, ...]
    followed: str


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A service-linked role, and what has to be known to make it, use it and let go of it.

    Only the first two are needed:

        RoleDefinition("AWSServiceRoleForX", "x.amazonaws.com")

    A name that IAM does not take is refused with a ValueError.

    Operations are written `client:Operation`, with the name of the boto3 client. That is not
    always the prefix of the IAM action: `chime-sdk-voice:...` is allowed by `chime:...`.

    Args:
        role_name: The one name the service gives the role.

        service_principal: Who assumes the role. Case counts.

        feature: What the role unlocks, in one phrase.
            Default: not said.

        creation: Who may make the role.
            Default: IAM, as for most services.

        regions: Where at least one of the `created_by` services is offered, in any partition,
            sorted. The role itself is global.
            Default: not checked.

        managed_policy: The AWS managed policy that holds the role's permissions.
            Default: not known.

        statements: What the role allows its service.
            Default: not known.

        created_by: The operations that make the service create the role.
            Default: not known.

        clean_up: The operations that let go of the role, once called for everything in the
            account, in every region.
            Default: not known.

        resource_types: The CloudFormation types that carry the feature, or own what it is
            switched on for.
            Default: not known.

        log_groups: Where the service writes if it is told no other name.
            Default: it writes no logs, or that is not known.

        documentation: Addresses of the pages that say all this.
            Default: none.

        contradictions: Where sources disagree.
            Default: none known.

        superseded_by: The name of the role that took this one's place.
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
        """Refuse names that IAM would refuse, before they are part of a template."""
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
        """Compose the ARN of the role in one account.

        Both arguments are taken as they are, so that `${AWS::Partition}` and tokens pass through.
        """
        return f"arn:{partition}:iam::{account}:role{self.path}{self.role_name}"


CHIME_VOICE_CONNECTOR = RoleDefinition(
    "AWSServiceRoleForAmazonChimeVoiceConnector",  # [document] [page]
    "voiceconnector.chime.amazonaws.com",  # [document] [page]
    feature="streaming of Voice Connector calls to Kinesis Video Streams",  # [document]
    creation=RoleCreation.IAM,  # [document] [page] [seen]
    # all that have an endpoint [botocore]
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
    # [policy] version 5, which fixes the names that streams, topics and queues must have
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
    # [document] [page] neither says whether a SIP media application holds the role too
    clean_up=("chime-sdk-voice:DeleteVoiceConnectorStreamingConfiguration",),
    # [schema] the owner, which has no property for streaming
    resource_types=("AWS::Chime::VoiceConnector",),
    documentation=(
        "https://docs.aws.amazon.com/chime-sdk/latest/ag/using-service-linked-roles-stream.html",
        "https://docs.aws.amazon.com/chime-sdk/latest/ag/cvc-linked-role-policy.html",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonChimeVoiceConnectorServiceLinkedRolePolicy.html",
    ),
    contradictions=(
        Contradiction(
            about="what the role may do with Kinesis video streams",
            claims=(
                Claim("kinesisvideo:* on stream/ChimeVoiceConnector-*", "[document] [page]"),
                Claim("five further actions on stream/ChimeMediaPipelines-*", "[page]"),
                Claim(
                    "five named actions on stream/ChimeVoiceConnector-*, and"
                    " kinesisvideo:ListStreams on *; nothing on stream/ChimeMediaPipelines-*",
                    "[policy]",
                ),
                Claim(
                    "no version of the policy since 2019 has kinesisvideo:*",
                    "the history of managed policies [seen]",
                ),
            ),
            followed="the policy: it is what IAM enforces",
        ),
        Contradiction(
            about="what makes the service create the role",
            claims=(
                Claim("starting media streaming for a Voice Connector", "[document]"),
                Claim("that, and creating or updating a SIP media application", "[page]"),
            ),
            followed="today's page; what lets go of the role is said for streaming alone",
        ),
        Contradiction(
            about="the command that stops streaming",
            claims=(
                Claim(
                    "aws chime delete-voice-connector-streaming-configuration", "[document] [page]"
                ),
                Claim("the chime client has no operation for Voice Connectors", "[botocore]"),
            ),
            followed="botocore: the client chime-sdk-voice has the same operation",
        ),
    ),
)

_RENAMED_MESSAGING_ROLE = Contradiction(
    about="the role of messaging streams, and its principal",
    claims=(
        Claim(
            "AmazonChimeServiceChatStreamingAccess, trusted by chime.amazonaws.com", "[document]"
        ),
        Claim(
            "AWSServiceRoleForChimeSDKMessaging, trusted by messaging.chime.amazonaws.com",
            "[page] [seen]",
        ),
        Claim(
            "AmazonChimeServiceChatStreamingAccess where it tells how to clean up,"
            " AmazonChimeServiceRoleForChimeSDKMessaging where it tells how to delete",
            "the same page, further down [page]",
        ),
        Claim(
            "chime.amazonaws.com now has the role AWSServiceRoleForAmazonChime, whose"
            " AmazonChimeServiceRolePolicy lets it stream nothing",
            "[policy] [seen]",
        ),
    ),
    followed="the permissions section of today's page, which agrees with the role ARNs seen in"
    " accounts; the older role is never made, and adopted where an account still has it",
)

CHIME_MESSAGING = RoleDefinition(
    "AWSServiceRoleForChimeSDKMessaging",  # [page] [seen]
    "messaging.chime.amazonaws.com",  # [page] [seen]
    feature="streaming of app instances' messages to Kinesis Data Streams",  # [document] [page]
    creation=RoleCreation.IAM,  # [page]
    regions=("eu-central-1", "us-east-1"),  # [botocore]
    managed_policy="AmazonChimeSDKMessagingServiceRolePolicy",  # [policy]
    # [page] [policy] version 1, which fixes the name a stream must have
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
    # [schema] the owner, which has no property for streaming
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
                Claim("no client has the former; chime-sdk-messaging has the latter", "[botocore]"),
            ),
            followed="today's page and botocore",
        ),
    ),
)

CHIME_MESSAGING_LEGACY = RoleDefinition(
    "AmazonChimeServiceChatStreamingAccess",  # [document]
    "chime.amazonaws.com",  # [document]
    feature=CHIME_MESSAGING.feature,  # [document]
    creation=RoleCreation.NEVER,  # [policy] [seen] see its contradiction
    # [document] its prose, in the terms of the current policy
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
    clean_up=CHIME_MESSAGING.clean_up,  # [page] whose heading there still names the older role
    resource_types=CHIME_MESSAGING.resource_types,  # [schema]
    documentation=CHIME_MESSAGING.documentation[:1],
    contradictions=(_RENAMED_MESSAGING_ROLE,),
    superseded_by=CHIME_MESSAGING.role_name,  # [page]
)

IVS_RECORD_TO_S3 = RoleDefinition(
    "AWSServiceRoleForIVSRecordToS3",  # [document] [page]
    "ivs.amazonaws.com",  # [document] [page]
    feature="recording of IVS channels to S3",  # [document]
    creation=RoleCreation.SERVICE,  # [document] [page] by silence; see its contradiction
    # all that have an endpoint [botocore]
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
    # [document] [page] the recording configuration is taken off every channel, and then deleted
    clean_up=("ivs:UpdateChannel", "ivs:DeleteRecordingConfiguration"),
    resource_types=("AWS::IVS::RecordingConfiguration", "AWS::IVS::Channel"),  # [schema]
    documentation=(
        "https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/security-service-linked-roles.html",
        "https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/security-iam.html",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/IVSRecordToS3.html",
    ),
    contradictions=(
        Contradiction(
            about="the buckets the role may write to",
            claims=(
                Claim("s3:PutObject on your Amazon S3 buckets", "[document] [page]"),
                Claim("s3:PutObject on arn:aws:s3:::AWSIVS_*/ivs/* alone", "[policy]"),
                Claim(
                    "whoever creates a recording configuration needs iam:PutRolePolicy",
                    "[page] [schema]",
                ),
            ),
            followed="the policy, for what the role holds from the start; that IVS then adds the"
            " one bucket to the role itself is [inferred]",
        ),
        Contradiction(
            about="whether IAM makes the role",
            claims=(
                Claim(
                    "IVS creates it, with a recording configuration; nothing of IAM",
                    "[document] [page]",
                ),
                Claim("iam:CreateServiceLinkedRole with ivs.amazonaws.com made it", "[seen]"),
            ),
            followed="both: IAM is asked, and where it refuses, the role is left to IVS",
        ),
    ),
)

MEDIATAILOR = RoleDefinition(
    "AWSServiceRoleForMediaTailor",  # [document] [page]
    "mediatailor.amazonaws.com",  # [document] [page]
    feature="session logs and as-run logs of MediaTailor in CloudWatch Logs",  # [document] [page]
    creation=RoleCreation.IAM,  # [document] [page] [seen]
    # all that have an endpoint [botocore]
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
    # a log configuration cannot be deleted, only switched off
    clean_up=(
        "mediatailor:ConfigureLogsForPlaybackConfiguration",  # [document] [page] with 0 percent
        "mediatailor:ConfigureLogsForChannel",  # [inferred] with no log types
    ),
    resource_types=(
        "AWS::MediaTailor::PlaybackConfiguration",
        "AWS::MediaTailor::Channel",
    ),  # [schema]
    # [page] names that nobody can change
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
            about="the log groups the role may write to",
            claims=(
                Claim("log-group:/aws/MediaTailor/*", "[document] [page]"),
                Claim("log-group:MediaTailor/*", "[policy]"),
                Claim(
                    "MediaTailor/Channel/AsRunLog and its like", "the pages about the logs [page]"
                ),
            ),
            followed="the policy, which agrees with the groups that MediaTailor writes",
        ),
        Contradiction(
            about="what makes the service create the role",
            claims=(
                Claim("enabling session logging", "[document]"),
                Claim("enabling the As Run log too", "the page about that log [page]"),
            ),
            followed="both; that the As Run log must be off too for the role to go is [inferred]",
        ),
    ),
)

MEDIAPACKAGE = RoleDefinition(
    "AWSServiceRoleForMediaPackage",  # [document]
    "mediapackage.amazonaws.com",  # [document]
    feature="access logs of MediaPackage in CloudWatch Logs",  # [document] [page]
    creation=RoleCreation.IAM,  # [document]
    # all that have an endpoint for live or for VOD [botocore]: ap-south-2 and me-central-1 have VOD
    # alone, the two isolated regions have live alone
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
    # the same operations, without the logs that are to stop
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
            followed="neither: both are listed, and only a name that is given is sure",
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
    """Find a role of the catalogue; a KeyError lists those it has."""
    for definition in ALL:
        if definition.role_name == role_name:
            return definition
    known = ", ".join(definition.role_name for definition in ALL)
    message = f"role_name must be one of {known}, got {role_name}"
    raise KeyError(message)


def with_older_names(definitions: Iterable[RoleDefinition]) -> list[RoleDefinition]:
    """Return roles, each followed by those whose place it took, and none twice."""
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
