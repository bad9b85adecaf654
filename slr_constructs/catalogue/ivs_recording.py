"""The role of IVS recording, and the resource types that use it."""

from __future__ import annotations

from slr_constructs.catalogue.resource_type import (
    Calls,
    Configure,
    Contracts,
    Identifier,
    Limit,
    Listing,
    OnRelease,
    Requirement,
    ResourceType,
    always,
    usage_if_set,
)
from slr_constructs.catalogue.role_definition import (
    Claim,
    Contradiction,
    RoleCreation,
    RoleDefinition,
    Statement,
)
from slr_constructs.handler.slr_handler import contract, rules

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

_CONFIGURATION = "AWS::IVS::RecordingConfiguration"

# it must be disabled before its recording configuration is deleted, so it is the first
CHANNEL = ResourceType(
    "AWS::IVS::Channel",  # [schema]
    name="IVS channel",
    role=IVS_RECORD_TO_S3,
    feature="recording",
    identifier=Identifier("arn", "ivs", "channel/"),
    calls=Calls(
        Configure("ivs:UpdateChannel", settings=("recordingConfigurationArn",)),
        remove="ivs:UpdateChannel",
        list=Listing("ivs:ListChannels", "channels", page_size=100),
        describe="ivs:GetChannel",
        tags=("ivs:TagResource", "ivs:UntagResource"),
    ),
    usage=usage_if_set("RecordingConfigurationArn"),
    contracts=Contracts(contract.IvsChannelRecording),
    limits=(Limit(("RecordingConfigurationArn",), rules.IVS_RECORDING_CONFIGURATION_ARN),),
    uses_through=("RecordingConfigurationArn", _CONFIGURATION),
)

# it uses the role while it exists
RECORDING_CONFIGURATION = ResourceType(
    _CONFIGURATION,  # [schema]
    name="IVS recording configuration",
    role=IVS_RECORD_TO_S3,
    feature="recording",
    identifier=Identifier("arn", "ivs", "recording-configuration/"),
    calls=Calls(
        Configure("ivs:CreateRecordingConfiguration", settings=("destinationConfiguration",)),
        remove="ivs:DeleteRecordingConfiguration",
        list=Listing("ivs:ListRecordingConfigurations", "recordingConfigurations", page_size=100),
        describe="ivs:GetRecordingConfiguration",
    ),
    usage=always,
    requirements=(
        Requirement(
            "TagRecordingConfigurations",
            ("ivs:TagResource",),
            "arn:{partition}:ivs:{region}:{account}:recording-configuration/*",
        ),
        # [schema] of the type
        Requirement(
            "RecordToBuckets", ("s3:GetBucketLocation", "s3:ListBucket"), "arn:{partition}:s3:::*"
        ),
    ),
    on_release=OnRelease.DELETES,
    limits=(
        Limit(("Name",), rules.IVS_RECORDING_NAME),
        Limit(("RecordingReconnectWindowSeconds",), rules.IVS_RECONNECT_WINDOW, is_number=True),
        Limit(
            ("ThumbnailConfiguration", "TargetIntervalSeconds"),
            rules.IVS_THUMBNAIL_INTERVAL,
            is_number=True,
        ),
    ),
)

RESOURCE_TYPES = (CHANNEL, RECORDING_CONFIGURATION)
