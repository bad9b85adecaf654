"""Questions about Voice Connector streaming and SIP media applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.catalogue import CHIME_VOICE_CONNECTOR
from slr_constructs.handler.slr_handler.aws import is_not_found
from tests.integ.experiment import Answer, Experiment
from tests.integ.experiments.owners import ROLE_CALLS, VOICE_CONNECTOR

if TYPE_CHECKING:
    from tests.integ.bench import Bench

_GET = "chime-sdk-voice:GetVoiceConnectorStreamingConfiguration"
_PUT = VOICE_CONNECTOR.type.calls.configure.operation
_ON = {"DataRetentionInHours": 0, "Disabled": False}
_NEW_SECONDS = 60
_OWNER = "The Voice Connector and the role are deleted."


def _never_configured(bench: Bench) -> str:
    connector = VOICE_CONNECTOR.add(bench)
    # Chime may not find a new connector at first, which would be another 404
    bench.wait(_NEW_SECONDS)
    error = bench.refusal(_GET, VoiceConnectorId=connector)
    if error is not None and not is_not_found(error):
        raise error
    return "empty" if error is None else "not-found"


NEVER_CONFIGURED = Experiment(
    "voice-never-configured",
    "What does GetVoiceConnectorStreamingConfiguration return if streaming was never configured?",
    (
        Answer("not-found", "404.", "Both are read as a connector without streaming."),
        Answer(
            "empty",
            "A response without a configuration.",
            "Both are read as a connector without streaming.",
        ),
    ),
    (VOICE_CONNECTOR.create, _GET, VOICE_CONNECTOR.delete),
    "The Voice Connector is deleted.",
    _never_configured,
)


def _put(bench: Bench) -> str:
    bench.create_role(CHIME_VOICE_CONNECTOR)
    connector = VOICE_CONNECTOR.add(bench)
    targets = {"StreamingNotificationTargets": [{"NotificationTarget": "EventBridge"}]}
    VOICE_CONNECTOR.enable(bench, connector, StreamingConfiguration={**_ON, **targets})
    bench.call(_PUT, VoiceConnectorId=connector, StreamingConfiguration=_ON)
    read = bench.call(_GET, VoiceConnectorId=connector)["StreamingConfiguration"]
    return "merges" if read.get("StreamingNotificationTargets") else "replaces"


PUT = Experiment(
    "voice-put",
    "Does PutVoiceConnectorStreamingConfiguration remove notification targets that it omits?",
    (
        Answer(
            "replaces",
            "The former targets are removed.",
            "The function passes the complete configuration.",
        ),
        Answer(
            "merges",
            "The former targets stay.",
            "The function passes all targets, of which there is at least one. A media insights"
            " configuration that is removed from the construct may stay.",
        ),
    ),
    (*ROLE_CALLS, *VOICE_CONNECTOR.calls, _GET),
    _OWNER,
    _put,
)


def _disabled(bench: Bench) -> str:
    bench.create_role(CHIME_VOICE_CONNECTOR)
    connector = VOICE_CONNECTOR.add(bench)
    VOICE_CONNECTOR.enable(bench, connector, StreamingConfiguration={**_ON, "Disabled": True})
    blocks = bench.blocks_deletion(
        CHIME_VOICE_CONNECTOR, lambda: VOICE_CONNECTOR.disable(bench, connector)
    )
    return "uses" if blocks else "free"


DISABLED = Experiment(
    "voice-disabled",
    "Does a streaming configuration with `Disabled` use the role?",
    (
        Answer(
            "uses",
            "IAM refuses to delete the role until the configuration is deleted.",
            "A stack and `release` delete the configuration before the role.",
        ),
        Answer(
            "free",
            "IAM deletes the role.",
            "A stack and `release` delete the configuration anyway, which is not necessary. `audit`"
            " reports it as a usage.",
        ),
    ),
    (*ROLE_CALLS, *VOICE_CONNECTOR.calls),
    _OWNER,
    _disabled,
)

_YEARS = 10
_MOST = _YEARS * 365 * 24  # the maximum of Kinesis Video Streams


def _retention(bench: Bench) -> str:
    bench.create_role(CHIME_VOICE_CONNECTOR)
    connector = VOICE_CONNECTOR.add(bench)
    VOICE_CONNECTOR.enable(bench, connector, StreamingConfiguration=_ON)
    for hours in (_MOST, _MOST + 1):
        configuration = {**_ON, "DataRetentionInHours": hours}
        if bench.refusal(_PUT, VoiceConnectorId=connector, StreamingConfiguration=configuration):
            bench.note(f"{hours} hours are refused")
            return "limited"
    return "unlimited"


RETENTION = Experiment(
    "voice-retention",
    f"Does Chime limit `DataRetentionInHours` to {_MOST} or less, as Kinesis Video Streams does?",
    (
        Answer(
            "unlimited",
            f"{_MOST + 1} hours are accepted.",
            "The construct accepts any number of hours.",
        ),
        Answer(
            "limited",
            "A larger number is refused. The evidence has the number.",
            "The construct accepts any number of hours, and the deployment fails with the message"
            " of Chime.",
        ),
    ),
    (*ROLE_CALLS, *VOICE_CONNECTOR.calls),
    _OWNER,
    _retention,
)

_CREATE = "chime-sdk-voice:CreateSipMediaApplication"
_DELETE = "chime-sdk-voice:DeleteSipMediaApplication"
_FUNCTION = {
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        },
    },
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Handler": "index.handler",
            "Runtime": "python3.13",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": "def handler(event, context):\n    return {}\n"},
        },
    },
}


def _sip_media_application(bench: Bench) -> str:
    arn = bench.deploy("function", _FUNCTION, Arn={"Fn::GetAtt": ["Function", "Arn"]})["Arn"]
    bench.create_role(CHIME_VOICE_CONNECTOR)
    application = bench.call(
        _CREATE,
        AwsRegion=bench.sandbox.region,
        Name=bench.name("menu"),
        Endpoints=[{"LambdaArn": arn}],
    )["SipMediaApplication"]["SipMediaApplicationId"]
    bench.undo(_DELETE, SipMediaApplicationId=application)
    blocks = bench.blocks_deletion(
        CHIME_VOICE_CONNECTOR, lambda: bench.call(_DELETE, SipMediaApplicationId=application)
    )
    return "blocks" if blocks else "free"


SIP_MEDIA_APPLICATION = Experiment(
    "sip-media-application",
    "Does a SIP media application block the deletion of the role of Voice Connectors?",
    (
        Answer(
            "free",
            "IAM deletes the role while one exists.",
            "A stack that is deleted keeps the role while a SIP media application exists, and"
            " `release` needs a flag, so that Speak does not fail.",
        ),
        Answer(
            "blocks",
            "IAM refuses to delete the role while one exists.",
            "A stack that is deleted keeps the role without asking IAM, and `release` reports the"
            " refusal of IAM.",
        ),
    ),
    (*ROLE_CALLS, _CREATE, _DELETE),
    "The application, its Lambda function and the role are deleted.",
    _sip_media_application,
    stack=("AWS::IAM::Role", "AWS::Lambda::Function"),
)

ALL = (NEVER_CONFIGURED, PUT, DISABLED, RETENTION, SIP_MEDIA_APPLICATION)
