"""Rules: which values are valid, and the error text."""

from __future__ import annotations

import inspect
import re

import pytest

from slr_constructs.handler.slr_handler import rules
from slr_constructs.handler.slr_handler.rules import Rule

ALL_RULES = {name: each for name, each in vars(rules).items() if isinstance(each, Rule)}

APP_INSTANCE = "arn:aws:chime:us-east-1:123456789012:app-instance/one"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/chime-messaging-"
INSIGHTS = "arn:aws:chime:us-east-1:123456789012:media-insights-pipeline-configuration/calls"
IVS = "arn:aws:ivs:us-east-1:123456789012:"

VALUES: dict[str, tuple[list[object], list[object]]] = {
    "SERVICE_PRINCIPAL": (
        [
            "ivs.amazonaws.com",
            "x.amazonaws.com.cn",
            "dynamodb.application-autoscaling.amazonaws.com",
        ],
        ["", "ivs", "AWSServiceRoleForX", "Ivs.amazonaws.com", "a." + "b" * 127, None],
    ),
    "ROLE_NAME": (["AWSServiceRoleForX_y", "a" * 64], ["", "a/b", "a" * 65, "é"]),
    "CUSTOM_SUFFIX": (["keys", "a.b_c-1", "a" * 64], ["", "a/b", "a b", "a" * 65, None]),
    "ROLE_REMOVAL": (["KEEP", "WHEN_UNUSED", "REQUIRE"], ["keep", "", None]),
    "ROLE_CREATION": (["IAM", "SERVICE", "NEVER"], ["ALWAYS", ""]),
    "ROLE_DESCRIPTION": (["", "Größe: 1\n", "a" * 1000], ["a" * 1001, "\u2026", "\x00"]),
    "VOICE_CONNECTOR_ID": (
        ["a" * 21, "abcdefgh12345678901234", "01234567-89ab-cdef-0123-456789abcdef"],
        ["a" * 20, "A" * 22, "a" * 23, 1],
    ),
    "DATA_RETENTION": ([0, 1, 100_000, 24.0], [-1, 1.5, True, "1", float("inf"), float("nan")]),
    "NOTIFICATION_TARGETS": (
        [("EventBridge",), ["SNS", "SQS", "EventBridge"]],
        [(), ("SNS", "SNS"), ("Email",), "SNS", None],
    ),
    "MEDIA_INSIGHTS_ARN": ([INSIGHTS], ["x", "arn", 1, f"{INSIGHTS}/x", APP_INSTANCE]),
    "NOTIFICATION_NAME": (
        ["ChimeVoiceConnector-Streaming", "ChimeVoiceConnector-Streaming-a"],
        ["a-ChimeVoiceConnector-Streaming", None],
    ),
    "APP_INSTANCE_ARN": (
        [APP_INSTANCE, APP_INSTANCE.replace(":aws:", ":aws-cn:")],
        [f"{APP_INSTANCE}/user/x", "one", APP_INSTANCE.replace("1234", "\uff11\uff12\uff13\uff14")],
    ),
    "MESSAGING_STREAM_NAME": (
        ["chime-messaging-", "chime-messaging-all_1"],
        ["messaging", "chime-messaging-" + "a" * 113],
    ),
    "MESSAGING_STREAM_SHARDS": ([2, 50], [1, 0, "2"]),
    "MESSAGING_STREAM_RETENTION": ([24, 8760.0], [23, 24.5, 8761, "24"]),
    "MESSAGING_STREAM_ARN": ([STREAM, f"{STREAM}all"], ["chime-messaging-all", STREAM[:-1]]),
    "IVS_CHANNEL_ARN": ([f"{IVS}channel/x-1"], [f"{IVS}channel/", f"{IVS}stream-key/x", ""]),
    "IVS_RECORDING_CONFIGURATION_ARN": (
        [f"{IVS}recording-configuration/x"],
        [f"{IVS}channel/x", ""],
    ),
    "IVS_BUCKET_NAME": (["a.b-c", "a" * 63], ["ab", "a" * 64, "A_b", "a\n"]),
    "IVS_RECORDING_NAME": (["", "a-b_C", "a" * 128], ["a b", "a" * 129]),
    "IVS_RECONNECT_WINDOW": ([0, 300], [-1, 301, 0.5]),
    "IVS_THUMBNAIL_INTERVAL": ([1, 60], [0, 61]),
    "PLAYBACK_CONFIGURATION_NAME": (["tv_1-a", "a" * 64], ["", "a" * 65, "a b"]),
    "MEDIATAILOR_CHANNEL_NAME": (["news", "n" * 256], ["", "a/b", "a b", "n" * 257]),
    "PERCENT_ENABLED": ([0, 100], [-1, 101, 99.5]),
    "LIST_OPERATIONS": (
        [(), ("chime-sdk-voice:ListSipMediaApplications",)],
        [("ListThings",), ("iam:GetRole",), "iam:ListRoles"],
    ),
    "LOGGING_STRATEGIES": (
        [("LEGACY_CLOUDWATCH",), ("VENDED_LOGS", "LEGACY_CLOUDWATCH")],
        [(), ("VENDED_LOGS", "VENDED_LOGS"), ("OTHER",), "VENDED_LOGS", None],
    ),
    "EVENT_TYPES": (
        [(), ("RAW_ADS_REQUEST",)],
        [("raw",), "RAW", None, ("RAW_ADS_REQUEST", "RAW_ADS_REQUEST")],
    ),
    "MEDIAPACKAGE_ID": (["a-1_B", "a" * 256], ["", "a b", "a" * 257]),
    "CHANNEL_LOG_GROUP_NAME": (
        ["/aws/MediaPackage/a-1_B"],
        ["/aws/MediaPackage/", "/aws/MediaPackage/a/b", "/aws/MediaPackage/" + "a" * 239],
    ),
    "PACKAGING_GROUP_LOG_GROUP_NAME": (
        ["/aws/MediaPackage/a/b.c#d", "/aws/MediaPackage/" + "a" * 494],
        ["/aws/MediaPackage/", "/aws/MediaPackage/" + "a" * 495],
    ),
    "CHANNEL_ACCESS_LOG": (
        ["OFF", "DEFAULT_GROUP", "/aws/MediaPackage/a"],
        ["off", "", "/aws/MediaPackage/a/b"],
    ),
    "PACKAGING_GROUP_ACCESS_LOG": (
        ["OFF", "DEFAULT_GROUP", "/aws/MediaPackage/a/b"],
        ["off", "", "elsewhere"],
    ),
}


@pytest.mark.parametrize("name", ALL_RULES)
def test_accepts_valid_values(name: str) -> None:
    """A rule accepts both ends of the range that its text names."""
    allowed, _ = VALUES[name]

    assert [value for value in allowed if not ALL_RULES[name].holds(value)] == []


@pytest.mark.parametrize("name", ALL_RULES)
def test_rejects_invalid_values(name: str) -> None:
    """A rule rejects the next value beyond each end, and values of another type."""
    _, rejected = VALUES[name]

    assert [value for value in rejected if ALL_RULES[name].holds(value)] == []


def test_every_rule_is_tested() -> None:
    """Every rule has values above."""
    assert set(VALUES) == set(ALL_RULES)


def test_codes_are_words_and_unique() -> None:
    """A code names one rule, so a reader can search for it."""
    codes = [rule.code for rule in ALL_RULES.values()]

    assert len(set(codes)) == len(codes)
    assert [code for code in codes if not re.fullmatch(r"([A-Z][a-z]+)+", code)] == []


@pytest.mark.parametrize(
    ("got", "shown"), [(5, "5"), (1.5, "1.5"), ("a", "'a'"), (None, "None"), (("a",), "('a',)")]
)
def test_error_text_is_one_sentence(got: object, shown: str) -> None:
    """The text has the path, property, constraint, value and a stable code."""
    assert rules.refusal("Stack/Thing", "percent", "a number", got, "Percent") == (
        f"Stack/Thing: percent must be a number, got {shown} [Percent]"
    )


def test_allowed_values_are_one_line() -> None:
    """The text of the allowed values is part of a sentence."""
    for rule in ALL_RULES.values():
        assert "\n" not in rule.allowed
        assert not rule.allowed.endswith(".")
        assert inspect.cleandoc(rule.allowed) == rule.allowed
