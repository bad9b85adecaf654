"""The role of app instances, the role that it replaced, and the resource type that uses them."""

from __future__ import annotations

from slr_constructs.catalogue.resource_type import (
    Calls,
    Configure,
    Contracts,
    Identifier,
    Listing,
    Requirement,
    ResourceType,
)
from slr_constructs.catalogue.role_definition import (
    Claim,
    Contradiction,
    RoleCreation,
    RoleDefinition,
    Statement,
)
from slr_constructs.handler.slr_handler import contract

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
    documentation=CHIME_MESSAGING.documentation[:1],
    contradictions=(_RENAMED_MESSAGING_ROLE,),
    superseded_by=CHIME_MESSAGING.role_name,  # [page]
    created_instead="AWSServiceRoleForAmazonChime",  # [policy] [seen] it cannot stream messages
)

APP_INSTANCE = ResourceType(
    "AWS::Chime::AppInstance",  # [schema] without a property for streaming
    name="app instance",
    role=CHIME_MESSAGING,
    feature="message streaming",
    identifier=Identifier("AppInstanceArn", "chime", "app-instance/"),
    calls=Calls(
        Configure(
            "chime-sdk-messaging:PutMessagingStreamingConfigurations",
            # the second one belongs to the former API
            settings=("StreamingConfigurations", "AppInstanceStreamingConfigurations"),
        ),
        remove="chime-sdk-messaging:DeleteMessagingStreamingConfigurations",
        list=Listing(
            "chime-sdk-identity:ListAppInstances", "AppInstances", page_size=50, has_settings=False
        ),
        describe="chime-sdk-messaging:GetMessagingStreamingConfigurations",
        create="chime-sdk-identity:CreateAppInstance",
        function_describes=True,
        # the description does not have them [botocore]
        tags=(
            "chime-sdk-identity:ListTagsForResource",
            "chime-sdk-identity:TagResource",
            "chime-sdk-identity:UntagResource",
        ),
    ),
    contracts=Contracts(contract.AppInstanceStreaming),
    # Otherwise the call fails: "Unable to access Kinesis stream"
    requirements=(
        Requirement(
            "AppInstanceStreams",
            ("kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"),
            "arn:{partition}:kinesis:{region}:{account}:stream/chime-messaging-*",
        ),
        Requirement(
            "AppInstanceStreamKeys",
            ("kms:GenerateDataKey",),
            # the key of a stream may belong to another account
            "arn:{partition}:kms:{region}:*:key/*",
        ),
    ),
    chime_resource="AppInstance",
)

RESOURCE_TYPES = (APP_INSTANCE,)
