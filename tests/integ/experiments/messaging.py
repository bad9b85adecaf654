"""Questions about the streaming of Chime SDK messaging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from slr_constructs.catalogue import CHIME_MESSAGING
from slr_constructs.handler.slr_handler.aws import code
from tests.integ.experiment import Answer, Experiment
from tests.integ.experiments.owners import APP_INSTANCE, ROLE_CALLS, STREAM, stream

if TYPE_CHECKING:
    from tests.integ.bench import Bench

_GET = "chime-sdk-messaging:GetMessagingStreamingConfigurations"
_PUT = APP_INSTANCE.type.calls.configure.operation
_CALLS = (*ROLE_CALLS, *APP_INSTANCE.calls)
_CLEAN_UP = "The app instance, its stream and the role are deleted."


def _put(bench: Bench) -> str:
    bench.create_role(CHIME_MESSAGING)
    arn = stream(bench)
    instance = APP_INSTANCE.add(bench)
    for data_type in ("Channel", "ChannelMessage"):
        APP_INSTANCE.enable(
            bench,
            instance,
            StreamingConfigurations=[{"DataType": data_type, "ResourceArn": arn}],
        )
    read = bench.call(_GET, AppInstanceArn=instance)["StreamingConfigurations"]
    return "merges" if len(read) > 1 else "replaces"


PUT = Experiment(
    "messaging-put",
    "Does PutMessagingStreamingConfigurations remove the data types that it omits?",
    (
        Answer(
            "merges",
            "The other data type stays.",
            "The function deletes all configurations before it removes a data type.",
        ),
        Answer(
            "replaces",
            "The other data type is removed.",
            "The function passes all data types, and deletes them first if one is removed, which is"
            " not necessary.",
        ),
    ),
    (*_CALLS, _GET),
    _CLEAN_UP,
    _put,
    stack=(STREAM,),
)


def _on_demand(bench: Bench) -> str:
    bench.create_role(CHIME_MESSAGING)
    arn = stream(bench, on_demand=True)
    instance = APP_INSTANCE.add(bench)
    streams = [{"DataType": "Channel", "ResourceArn": arn}]
    try:
        APP_INSTANCE.enable(bench, instance, StreamingConfigurations=streams)
    except ClientError as error:
        if code(error) != "BadRequestException":
            raise
        return "refused"
    return "accepted"


ON_DEMAND = Experiment(
    "messaging-on-demand",
    "Does Chime SDK messaging accept an on-demand Kinesis stream?",
    (
        Answer(
            "accepted",
            "Streaming is configured.",
            "A `MessagingStream` without `shard_count` is on-demand.",
        ),
        Answer(
            "refused",
            "The call is refused.",
            "A `MessagingStream` without `shard_count` does not work, and the deployment fails with"
            " the message of Chime.",
            contradicts="slr_constructs.MessagingStream: the default of `shard_count`",
        ),
    ),
    _CALLS,
    _CLEAN_UP,
    _on_demand,
    stack=(STREAM,),
)

_KEY = "AWS::KMS::Key"


def _key(bench: Bench) -> str:
    account = bench.sandbox.account
    everyone_here = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{account.partition}:iam::{account.id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Statement": [everyone_here]}
    # 7 is the shortest period
    properties = {"KeyPolicy": policy, "PendingWindowInDays": 7}
    resources = {"Key": {"Type": _KEY, "Properties": properties}}
    key = bench.deploy("key", resources, Arn={"Fn::GetAtt": ["Key", "Arn"]})["Arn"]
    bench.create_role(CHIME_MESSAGING)
    arn = stream(bench, key=key)
    instance = APP_INSTANCE.add(bench)
    bench.undo(APP_INSTANCE.type.calls.remove, AppInstanceArn=instance)
    needed = bench.is_needed(
        {"Action": "kms:GenerateDataKey", "Resource": key},
        [
            {"Action": _PUT.replace("chime-sdk-messaging:", "chime:"), "Resource": "*"},
            {"Action": "kinesis:*", "Resource": arn},
            {"Action": "iam:CreateServiceLinkedRole", "Resource": "*"},
        ],
        _PUT,
        AppInstanceArn=instance,
        StreamingConfigurations=[{"DataType": "Channel", "ResourceArn": arn}],
    )
    return "needed" if needed else "not-needed"


KEY = Experiment(
    "messaging-key",
    "Does the caller need `kms:GenerateDataKey` for a stream with a customer managed key?",
    (
        Answer(
            "not-needed",
            "Streaming is configured without it.",
            "The function has the permission for the keys of streams, which is not necessary.",
        ),
        Answer(
            "needed",
            "The call is refused without it.",
            "The function has the permission for the keys of streams.",
        ),
    ),
    _CALLS,
    f"{_CLEAN_UP} The temporary role is deleted. The key is deleted by KMS after 7 days.",
    _key,
    stack=(STREAM, _KEY, "AWS::IAM::Role"),
)

ALL = (PUT, ON_DEMAND, KEY)
