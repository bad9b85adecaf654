"""Questions about the recording of IVS channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue import IVS_RECORD_TO_S3
from slr_constructs.catalogue.ivs_recording import RECORDING_CONFIGURATION
from tests.integ.bench import NoAnswerError
from tests.integ.experiment import Answer, Experiment
from tests.integ.experiments.owners import ROLE_CALLS

if TYPE_CHECKING:
    from tests.integ.bench import Bench

_CREATE = RECORDING_CONFIGURATION.calls.configure.operation
_DELETE = "ivs:DeleteRecordingConfiguration"
_GET = "ivs:GetRecordingConfiguration"
_LIST = "ivs:ListRecordingConfigurations"
_BUCKET = "AWS::S3::Bucket"
_CALLS = (*ROLE_CALLS[1:], _CREATE, _DELETE, _GET)
_CLEAN_UP = "The recording configurations, the bucket and the role are deleted."
_POLLS = 24
_POLL_SECONDS = 5


def _destination(bench: Bench) -> dict[str, Any]:
    resources = {"Bucket": {"Type": _BUCKET}}
    bucket = bench.deploy("bucket", resources, Name={"Ref": "Bucket"})["Name"]
    return {"destinationConfiguration": {"s3": {"bucketName": bucket}}}


def _record(bench: Bench, destination: dict[str, Any], name: str) -> str:
    """Let IVS create a recording configuration, and its role if necessary."""
    bench.expect_role(IVS_RECORD_TO_S3.role_name)
    response = bench.call(_CREATE, name=bench.name(name), **destination)
    arn = str(response["recordingConfiguration"]["arn"])
    bench.undo(_DELETE, arn=arn)
    for _ in range(_POLLS):
        state = bench.call(_GET, arn=arn)["recordingConfiguration"]["state"]
        if state == "ACTIVE":
            return arn
        if state == "CREATE_FAILED":
            break
        bench.wait(_POLL_SECONDS)
    raise NoAnswerError(f"the recording configuration is {state}")


def _inline_policy(bench: Bench) -> str:
    _record(bench, _destination(bench), "first")
    role: dict[str, Any] = {"RoleName": IVS_RECORD_TO_S3.role_name}
    names = bench.call("iam:ListRolePolicies", **role)["PolicyNames"]
    for name in names:
        policy = bench.call("iam:GetRolePolicy", **role, PolicyName=name)
        bench.note(f"{name}: {policy['PolicyDocument']}")
    return "inline" if names else "none"


INLINE_POLICY = Experiment(
    "ivs-inline-policy",
    "Does IVS write an inline policy for the bucket to its role?",
    (
        Answer(
            "inline",
            "The role has an inline policy. The evidence has its name and text.",
            "The role may write to the bucket. `audit` shows the names of inline policies.",
        ),
        Answer(
            "none",
            "The role has only its managed policy.",
            "The library does not depend on the policy. The permissions `iam:PutRolePolicy` and"
            " `iam:AttachRolePolicy` in its policies are not necessary.",
        ),
    ),
    (*_CALLS, "iam:ListRolePolicies", "iam:GetRolePolicy"),
    _CLEAN_UP,
    _inline_policy,
    stack=(_BUCKET,),
)


def _caller(bench: Bench) -> str:
    destination = _destination(bench)
    # afterwards the role exists
    _record(bench, destination, "first")
    account = bench.sandbox.account
    role = IVS_RECORD_TO_S3.arn(partition=account.partition, account=account.id)
    name = bench.name("second")
    needed = bench.is_needed(
        {"Action": ["iam:AttachRolePolicy", "iam:PutRolePolicy"], "Resource": role},
        [
            {"Action": [_CREATE, "ivs:TagResource"], "Resource": "*"},
            {"Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": "*"},
            {"Action": "iam:CreateServiceLinkedRole", "Resource": role},
        ],
        _CREATE,
        name=name,
        **destination,
    )
    for each in bench.call(_LIST)["recordingConfigurations"]:
        if each.get("name") == name:
            bench.undo(_DELETE, arn=each["arn"])
    return "needed" if needed else "not-needed"


CALLER = Experiment(
    "ivs-caller",
    "Does the caller of CreateRecordingConfiguration need `iam:PutRolePolicy` and"
    " `iam:AttachRolePolicy` if the role exists?",
    (
        Answer(
            "not-needed",
            "The recording configuration is created without them.",
            "The policies that `slr-constructs policy` prints have them, which is not necessary.",
        ),
        Answer(
            "needed",
            "The call is refused without them.",
            "The policies that `slr-constructs policy` prints have them.",
        ),
    ),
    (*_CALLS, _LIST),
    f"{_CLEAN_UP} The temporary role is deleted.",
    _caller,
    stack=(_BUCKET, "AWS::IAM::Role"),
)

ALL = (INLINE_POLICY, CALLER)
