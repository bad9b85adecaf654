"""The role of MediaPackage access logs, and the resource types that use it."""

from __future__ import annotations

from slr_constructs.catalogue.resource_type import (
    Calls,
    Configure,
    Contracts,
    Identifier,
    Limit,
    Listing,
    ResourceType,
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

CHANNEL = ResourceType(
    "AWS::MediaPackage::Channel",  # [schema]
    name="MediaPackage channel",
    role=MEDIAPACKAGE,
    feature="access logging",
    identifier=Identifier(
        "Id",
        "mediapackage",
        "channels/",
        "Id",
        # the ARN ends with another id than the given one (AWS CLI, mediapackage describe-channel)
        arn_attribute="Arn",
    ),
    calls=Calls(
        Configure(
            "mediapackage:ConfigureLogs",
            settings=("IngressAccessLogs", "EgressAccessLogs"),
            absent_is_disabled=True,
        ),
        remove="mediapackage:ConfigureLogs",
        list=Listing("mediapackage:ListChannels", "Channels", page_size=1000),
        describe="mediapackage:DescribeChannel",
        tags=("mediapackage:TagResource", "mediapackage:UntagResource"),
    ),
    usage=usage_if_set("IngressAccessLogs", "EgressAccessLogs"),
    contracts=Contracts(
        contract.MediaPackageChannelLogging, contract.MediaPackageChannelLoggingCleanUp
    ),
    limits=(
        Limit(("Id",), rules.MEDIAPACKAGE_ID),
        Limit(("IngressAccessLogs", "LogGroupName"), rules.CHANNEL_LOG_GROUP_NAME),
        Limit(("EgressAccessLogs", "LogGroupName"), rules.CHANNEL_LOG_GROUP_NAME),
    ),
)

PACKAGING_GROUP = ResourceType(
    "AWS::MediaPackage::PackagingGroup",  # [schema]
    name="packaging group",
    role=MEDIAPACKAGE,
    feature="access logging",
    identifier=Identifier("Id", "mediapackage-vod", "packaging-groups/", "Id", arn_attribute="Arn"),
    calls=Calls(
        Configure(
            "mediapackage-vod:ConfigureLogs",
            settings=("EgressAccessLogs",),
            absent_is_disabled=True,
        ),
        remove="mediapackage-vod:ConfigureLogs",
        list=Listing("mediapackage-vod:ListPackagingGroups", "PackagingGroups", page_size=1000),
        describe="mediapackage-vod:DescribePackagingGroup",
        tags=("mediapackage-vod:TagResource", "mediapackage-vod:UntagResource"),
    ),
    usage=usage_if_set("EgressAccessLogs"),
    contracts=Contracts(
        contract.MediaPackagePackagingGroupLogging,
        contract.MediaPackagePackagingGroupLoggingCleanUp,
    ),
    limits=(
        Limit(("Id",), rules.MEDIAPACKAGE_ID),
        Limit(("EgressAccessLogs", "LogGroupName"), rules.PACKAGING_GROUP_LOG_GROUP_NAME),
    ),
)

RESOURCE_TYPES = (CHANNEL, PACKAGING_GROUP)
