"""The role of MediaTailor logs, and the resource types that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue.resource_type import (
    Calls,
    Configure,
    Contracts,
    Identifier,
    Limit,
    Listing,
    ResourceType,
    Usage,
    is_intrinsic,
    is_unset,
)
from slr_constructs.catalogue.role_definition import (
    Claim,
    Contradiction,
    RoleCreation,
    RoleDefinition,
    Statement,
)
from slr_constructs.handler.slr_handler import contract, rules

if TYPE_CHECKING:
    from collections.abc import Mapping


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


def _logs_sessions(properties: Mapping[str, Any]) -> Usage:
    logs = properties.get("LogConfiguration")
    percent = logs.get("PercentEnabled") if isinstance(logs, dict) else None
    if is_unset(logs) or percent in (0, "0"):
        return Usage.DOES_NOT_USE
    if not isinstance(logs, dict) or is_intrinsic(logs) or is_intrinsic(percent):
        return Usage.MAY_USE
    # the role is for direct writes. [page] MediaTailor creates it for any percentage, but no page
    # says that vended logs use it
    vended = logs.get("EnabledLoggingStrategies") == ["VENDED_LOGS"]
    return Usage.MAY_USE if vended else Usage.USES


def _logs_runs(properties: Mapping[str, Any]) -> Usage:
    logs = properties.get("LogConfiguration")
    types = logs.get("LogTypes") if isinstance(logs, dict) else None
    if is_unset(logs) or types == []:
        return Usage.DOES_NOT_USE
    known = isinstance(logs, dict) and not is_intrinsic(logs) and not is_intrinsic(types)
    return Usage.USES if known else Usage.MAY_USE


PLAYBACK_CONFIGURATION = ResourceType(
    "AWS::MediaTailor::PlaybackConfiguration",  # [schema]
    name="playback configuration",
    role=MEDIATAILOR,
    feature="session logging",
    identifier=Identifier(
        "PlaybackConfigurationName", "mediatailor", "playbackConfiguration/", "Name"
    ),
    # `PutPlaybackConfiguration` has no parameter for logs [botocore]
    calls=Calls(
        Configure(
            "mediatailor:ConfigureLogsForPlaybackConfiguration", settings=("PercentEnabled",)
        ),
        remove="mediatailor:ConfigureLogsForPlaybackConfiguration",
        list=Listing("mediatailor:ListPlaybackConfigurations", "Items", page_size=100),
        describe="mediatailor:GetPlaybackConfiguration",
        tags=("mediatailor:TagResource", "mediatailor:UntagResource"),
    ),
    usage=_logs_sessions,
    contracts=Contracts(
        contract.MediaTailorSessionLogging, contract.MediaTailorSessionLoggingCleanUp
    ),
    limits=(
        Limit(("Name",), rules.PLAYBACK_CONFIGURATION_NAME),
        Limit(("LogConfiguration", "PercentEnabled"), rules.PERCENT_ENABLED, is_number=True),
    ),
)

CHANNEL = ResourceType(
    "AWS::MediaTailor::Channel",  # [schema]
    name="MediaTailor channel",
    role=MEDIATAILOR,
    feature="as-run logging",
    identifier=Identifier("ChannelName", "mediatailor", "channel/", "ChannelName"),
    calls=Calls(
        Configure("mediatailor:ConfigureLogsForChannel", settings=("LogTypes",)),
        remove="mediatailor:ConfigureLogsForChannel",
        list=Listing("mediatailor:ListChannels", "Items", page_size=100),
        describe="mediatailor:DescribeChannel",
        tags=("mediatailor:TagResource", "mediatailor:UntagResource"),
    ),
    usage=_logs_runs,
    contracts=Contracts(contract.MediaTailorAsRunLogging, contract.MediaTailorAsRunLoggingCleanUp),
)

#: the types of events of each prop, as `ConfigureLogsForPlaybackConfiguration` accepts them
#: [botocore]. The schema of CloudFormation has no list of them.
EVENT_TYPES: dict[str, tuple[str, ...]] = {
    "ads_interaction_publish_opt_in_event_types": (
        "POST_ADS_RESPONSE_FUNCTION_COMPLETED",
        "POST_ADS_RESPONSE_HOOK_SUMMARY",
        "PRE_ADS_REQUEST_FUNCTION_COMPLETED",
        "PRE_ADS_REQUEST_HOOK_SUMMARY",
        "PRE_MANIFEST_INSERTION_FUNCTION_COMPLETED",
        "PRE_MANIFEST_INSERTION_HOOK_SUMMARY",
        "RAW_ADS_REQUEST",
        "RAW_ADS_RESPONSE",
        "RAW_BID_REQUEST",
        "RAW_BID_RESPONSE",
    ),
    "ads_interaction_exclude_event_types": (
        "AD_MARKER_FOUND",
        "BEACON_FIRED",
        "BEACON_RECEIVED",
        "EMPTY_VAST_RESPONSE",
        "EMPTY_VMAP_RESPONSE",
        "ERROR_ADS_INVALID_RESPONSE",
        "ERROR_ADS_IO",
        "ERROR_ADS_RESPONSE_PARSE",
        "ERROR_ADS_RESPONSE_UNKNOWN_ROOT_ELEMENT",
        "ERROR_ADS_TIMEOUT",
        "ERROR_DISALLOWED_HOST",
        "ERROR_FIRING_BEACON_FAILED",
        "ERROR_PERSONALIZATION_DISABLED",
        "ERROR_UNKNOWN",
        "ERROR_UNKNOWN_HOST",
        "ERROR_VAST_INVALID_MEDIA_FILE",
        "ERROR_VAST_INVALID_VAST_AD_TAG_URI",
        "ERROR_VAST_MISSING_CREATIVES",
        "ERROR_VAST_MISSING_IMPRESSION",
        "ERROR_VAST_MISSING_MEDIAFILES",
        "ERROR_VAST_MISSING_OVERLAYS",
        "ERROR_VAST_MULTIPLE_LINEAR",
        "ERROR_VAST_MULTIPLE_TRACKING_EVENTS",
        "ERROR_VAST_REDIRECT_EMPTY_RESPONSE",
        "ERROR_VAST_REDIRECT_FAILED",
        "ERROR_VAST_REDIRECT_MULTIPLE_VAST",
        "FILLED_AVAIL",
        "FILLED_OVERLAY_AVAIL",
        "INTERSTITIAL_VOD_FAILURE",
        "INTERSTITIAL_VOD_SUCCESS",
        "MAKING_ADS_REQUEST",
        "MODIFIED_TARGET_URL",
        "NON_AD_MARKER_FOUND",
        "POST_ADS_RESPONSE_FUNCTION_ERROR",
        "POST_ADS_RESPONSE_HOOK_ERROR",
        "PRE_ADS_REQUEST_FUNCTION_ERROR",
        "PRE_ADS_REQUEST_HOOK_ERROR",
        "PRE_MANIFEST_INSERTION_FUNCTION_ERROR",
        "PRE_MANIFEST_INSERTION_HOOK_ERROR",
        "REDIRECTED_VAST_RESPONSE",
        "VAST_REDIRECT",
        "VAST_RESPONSE",
        "VOD_TIME_BASED_AVAIL_PLAN_SUCCESS",
        "VOD_TIME_BASED_AVAIL_PLAN_VAST_RESPONSE_FOR_OFFSET",
        "VOD_TIME_BASED_AVAIL_PLAN_WARNING_NO_ADVERTISEMENTS",
        "WARNING_NO_ADVERTISEMENTS",
        "WARNING_URL_VARIABLE_SUBSTITUTION_FAILED",
        "WARNING_VPAID_AD_DROPPED",
    ),
    "manifest_service_publish_opt_in_event_types": (
        "PRE_SESSION_INIT_FUNCTION_COMPLETED",
        "PRE_SESSION_INIT_HOOK_SUMMARY",
    ),
    "manifest_service_exclude_event_types": (
        "CONFIG_SECURITY_ERROR",
        "CONFIG_SYNTAX_ERROR",
        "CONNECTION_ERROR",
        "ERROR_ADS_INTERPOLATION",
        "ERROR_BUMPER_END_INTERPOLATION",
        "ERROR_BUMPER_START_INTERPOLATION",
        "ERROR_CDN_AD_SEGMENT_INTERPOLATION",
        "ERROR_CDN_CONTENT_SEGMENT_INTERPOLATION",
        "ERROR_LIVE_PRE_ROLL_ADS_INTERPOLATION",
        "ERROR_ORIGIN_PREFIX_INTERPOLATION",
        "ERROR_PROFILE_NAME_INTERPOLATION",
        "ERROR_SLATE_AD_URL_INTERPOLATION",
        "GENERATED_MANIFEST",
        "HOST_DISALLOWED",
        "INCOMPATIBLE_HLS_VERSION",
        "INVALID_SINGLE_PERIOD_DASH_MANIFEST",
        "IO_ERROR",
        "LAST_PERIOD_MISSING_AUDIO",
        "LAST_PERIOD_MISSING_AUDIO_WARNING",
        "MANIFEST_ERROR",
        "NO_MASTER_OR_MEDIA_PLAYLIST",
        "NO_MASTER_PLAYLIST",
        "NO_MEDIA_PLAYLIST",
        "ORIGIN_MANIFEST",
        "PARSING_ERROR",
        "PRE_SESSION_INIT_FUNCTION_ERROR",
        "PRE_SESSION_INIT_HOOK_ERROR",
        "SCTE35_PARSING_ERROR",
        "SESSION_INITIALIZED",
        "TIMEOUT_ERROR",
        "TRACKING_RESPONSE",
        "UNKNOWN_ERROR",
        "UNKNOWN_HOST",
        "UNSUPPORTED_SINGLE_PERIOD_DASH_MANIFEST",
    ),
}

RESOURCE_TYPES = (PLAYBACK_CONFIGURATION, CHANNEL)
