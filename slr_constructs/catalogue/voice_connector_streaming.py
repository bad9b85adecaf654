"""The role of Voice Connectors, and the resource types that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue.resource_type import (
    Calls,
    Configure,
    Contracts,
    Identifier,
    Listing,
    OnRelease,
    Requirement,
    ResourceType,
    Usage,
)
from slr_constructs.catalogue.role_definition import (
    Claim,
    Contradiction,
    RoleCreation,
    RoleDefinition,
    Statement,
)
from slr_constructs.handler.slr_handler import contract

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    # [document] [page] neither says what to do with SIP media applications
    clean_up=("chime-sdk-voice:DeleteVoiceConnectorStreamingConfiguration",),
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

VOICE_CONNECTOR = ResourceType(
    "AWS::Chime::VoiceConnector",  # [schema] without a property for streaming
    name="Voice Connector",
    role=CHIME_VOICE_CONNECTOR,
    feature="media streaming",
    identifier=Identifier("VoiceConnectorId", "chime", "vc/"),
    calls=Calls(
        Configure(
            "chime-sdk-voice:PutVoiceConnectorStreamingConfiguration",
            settings=("StreamingConfiguration",),
            # required; code without it writes back what it read, as
            # `lca-chimevc-stack/cloudformation-templates/chime-vc-call-analytics.yaml` does
            members=("DataRetentionInHours",),
        ),
        remove="chime-sdk-voice:DeleteVoiceConnectorStreamingConfiguration",
        list=Listing(
            "chime-sdk-voice:ListVoiceConnectors",
            "VoiceConnectors",
            page_size=100,
            has_settings=False,
        ),
        describe="chime-sdk-voice:GetVoiceConnectorStreamingConfiguration",
        create="chime-sdk-voice:CreateVoiceConnector",
        function_describes=True,
        # the description does not have them [botocore]
        tags=(
            "chime-sdk-voice:ListTagsForResource",
            "chime-sdk-voice:TagResource",
            "chime-sdk-voice:UntagResource",
        ),
    ),
    contracts=Contracts(contract.VoiceConnectorStreaming),
    requirements=(
        Requirement(
            "MediaInsights",
            ("chime:PutVoiceConnectorStreamingConfiguration",),
            "arn:{partition}:chime:{region}:{account}:media-insights-pipeline-configuration/*",
        ),
    ),
    chime_resource="VoiceConnector",
)


def _may_synthesize_speech(_resource: Mapping[str, Any]) -> Usage:
    # [page] the role is for the actions Speak and SpeakAndGetDigits, which the Lambda function of
    # the application returns, so no property tells
    return Usage.MAY_USE


SIP_MEDIA_APPLICATION = ResourceType(
    # [schema] CloudFormation does not create the role: its handlers have no permission for that
    "AWS::Chime::SipMediaApplication",
    name="SIP media application",
    role=CHIME_VOICE_CONNECTOR,
    feature="speech synthesis",  # [page]
    identifier=Identifier("SipMediaApplicationId", "chime", "sma/"),
    calls=Calls(
        # it creates the role [page]; `UpdateSipMediaApplicationCall` is about a call in progress
        Configure("chime-sdk-voice:CreateSipMediaApplication"),
        remove="chime-sdk-voice:DeleteSipMediaApplication",
        list=Listing(
            "chime-sdk-voice:ListSipMediaApplications", "SipMediaApplications", page_size=100
        ),
        describe="chime-sdk-voice:GetSipMediaApplication",
        create="chime-sdk-voice:CreateSipMediaApplication",
    ),
    usage=_may_synthesize_speech,
    on_release=OnRelease.KEEPS,
    # no AWS page says whether it blocks the deletion of the role
    is_known_to_iam=False,
    chime_resource="SMA",
)

RESOURCE_TYPES = (VOICE_CONNECTOR, SIP_MEDIA_APPLICATION)
