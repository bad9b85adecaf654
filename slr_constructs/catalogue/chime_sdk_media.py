"""Two roles of the Chime SDK for meetings, which AWS asks you to create yourself.

No resource type of CloudFormation uses them: an application starts pipelines and transcriptions
while meetings run. So the catalogue has no `ResourceType` for these roles.
"""

from __future__ import annotations

from slr_constructs.catalogue.role_definition import (
    Claim,
    Contradiction,
    RoleCreation,
    RoleDefinition,
    Statement,
)

CHIME_MEDIA_PIPELINES = RoleDefinition(
    "AWSServiceRoleForAmazonChimeSDKMediaPipelines",  # [page]
    "mediapipelines.chime.amazonaws.com",  # [page]
    feature="media pipelines of Chime SDK meetings",  # [page]
    # [page] with the use case Chime SDK Media Pipelines of the IAM console
    creation=RoleCreation.IAM,
    managed_policy="AmazonChimeSDKMediaPipelinesServiceLinkedRolePolicy",  # [page] [policy]
    # [policy] version 3
    statements=(
        Statement(
            ("cloudwatch:PutMetricData",),
            ("*",),
            conditions=(("StringEquals", "cloudwatch:namespace", ("AWS/ChimeSDK",)),),
        ),
        Statement(
            (
                "kinesisvideo:GetDataEndpoint",
                "kinesisvideo:PutMedia",
                "kinesisvideo:UpdateDataRetention",
                "kinesisvideo:DescribeStream",
                "kinesisvideo:CreateStream",
            ),
            ("arn:aws:kinesisvideo:*:*:stream/ChimeMediaPipelines-*",),
        ),
        Statement(("kinesisvideo:ListStreams",), ("*",)),
        Statement(("chime:GetMeeting", "chime:CreateAttendee", "chime:DeleteAttendee"), ("*",)),
    ),
    documentation=(
        "https://docs.aws.amazon.com/chime-sdk/latest/dg/create-pipeline-role.html",
        "https://docs.aws.amazon.com/chime-sdk/latest/ag/using-service-linked-roles-media-pipeline.html",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonChimeSDKMediaPipelinesServiceLinkedRolePolicy.html",
    ),
    contradictions=(
        Contradiction(
            about="the role's permissions to write metrics and list streams",
            claims=(
                Claim(
                    "cloudwatch:PutMetricData on *; kinesisvideo:ListStreams on stream/*",
                    "[page]",
                ),
                Claim(
                    "cloudwatch:PutMetricData only for the namespace AWS/ChimeSDK;"
                    " kinesisvideo:ListStreams on *",
                    "[policy]",
                ),
            ),
            followed="the policy, because IAM enforces it",
        ),
    ),
)

CHIME_TRANSCRIPTION = RoleDefinition(
    "AWSServiceRoleForAmazonChimeTranscription",  # [page]
    "transcription.chime.amazonaws.com",  # [page]
    feature="live transcription of Chime SDK meetings",  # [page]
    # [page] with the use case Chime Transcription of the IAM console
    creation=RoleCreation.IAM,
    managed_policy="AmazonChimeTranscriptionServiceLinkedRolePolicy",  # [policy]
    # [page] [policy] version 1
    statements=(
        Statement(
            (
                "transcribe:StartStreamTranscription",
                "transcribe:StartMedicalStreamTranscription",
            ),
            ("*",),
        ),
    ),
    documentation=(
        "https://docs.aws.amazon.com/chime-sdk/latest/dg/configure-transcribe.html",
        "https://docs.aws.amazon.com/chime-sdk/latest/ag/using-service-linked-roles-transcription.html",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonChimeTranscriptionServiceLinkedRolePolicy.html",
    ),
)
