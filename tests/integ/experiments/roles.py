"""Questions about service-linked roles and permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from slr_constructs import catalogue
from slr_constructs.handler.slr_handler.aws import code, is_denied, is_unknown_service
from tests.integ.bench import NoAnswerError
from tests.integ.experiment import Answer, Experiment
from tests.integ.experiments.owners import ROLE_CALLS
from tests.integ.sandbox import DEFINITIONS

if TYPE_CHECKING:
    from tests.integ.bench import Bench

_SUFFIX = "probe"


def _custom_suffix(bench: Bench) -> str:
    accepted = False
    for definition in DEFINITIONS:
        try:
            name = bench.create_role(definition, CustomSuffix=_SUFFIX)
        except ClientError as error:
            if is_denied(error):
                raise NoAnswerError("the caller may not create service-linked roles") from None
        else:
            accepted = True
            bench.note(f"{definition.service_principal}: IAM created {name}")
    return "accepted" if accepted else "refused"


CUSTOM_SUFFIX = Experiment(
    "custom-suffix",
    "Does IAM accept a custom suffix for the principals of the five features?",
    (
        Answer(
            "refused",
            "IAM refuses a suffix for each of them.",
            "The roles have fixed names, as their documentation says.",
        ),
        Answer(
            "accepted",
            "IAM creates a role with a suffix for at least one of them.",
            "A role with a suffix is not found, and a feature does not use it.",
            contradicts="slr_constructs.catalogue: each of these roles has one fixed name",
        ),
    ),
    ROLE_CALLS,
    "A role that was created is deleted.",
    _custom_suffix,
)


def _ivs_role(bench: Bench) -> str:
    definition = catalogue.IVS_RECORD_TO_S3
    try:
        name = bench.create_role(definition)
    except ClientError as error:
        # the function treats both in the same way
        if is_unknown_service(error) or code(error) == "InvalidInput":
            return "refused"
        raise
    if name != definition.role_name:
        raise NoAnswerError(f"IAM created another role: {name}")
    return "created"


IVS_ROLE = Experiment(
    "ivs-role",
    "Does IAM create the role of IVS?",
    (
        Answer(
            "created",
            "IAM creates the role, as users report.",
            "The stack creates the role before the recording configuration.",
        ),
        Answer(
            "refused",
            "IAM has no template for this role.",
            "The stack goes on without waiting, and IVS creates the role with the recording"
            " configuration.",
        ),
    ),
    ROLE_CALLS,
    "The role is deleted.",
    _ivs_role,
)

#: a service without a service-linked role.
_WITHOUT_ROLE = "transcribe.amazonaws.com"


def _unknown_principal(bench: Bench) -> str:
    try:
        response = bench.call("iam:CreateServiceLinkedRole", AWSServiceName=_WITHOUT_ROLE)
    except ClientError as error:
        return "known" if is_unknown_service(error) else "other"
    name = str(response["Role"]["RoleName"])
    bench.expect_role(name)
    raise NoAnswerError(f"IAM created {name}")


UNKNOWN_PRINCIPAL = Experiment(
    "unknown-principal",
    "What does IAM answer for a principal without a service-linked role?",
    (
        Answer(
            "known",
            '"Cannot find Service Linked Role template", as users report.',
            "The function recognizes the text, and names the principal.",
        ),
        Answer(
            "other",
            "Another error.",
            "The function reports the error of IAM. For the role of IVS it also accepts"
            " `InvalidInput`.",
            contradicts="slr_handler.aws.is_unknown_service: the text of the error",
        ),
    ),
    ROLE_CALLS,
    "Nothing is created.",
    _unknown_principal,
)

_READS = 20
_PAUSE_SECONDS = 5
_TAG = "slr-probe"


def _own_tags(bench: Bench) -> str:
    name = bench.create_role(catalogue.MEDIATAILOR)
    for _ in range(_READS):
        if bench.refusal("iam:GetRole", RoleName=name) is None:
            break
        # another caller may see a new role later
        bench.wait(_PAUSE_SECONDS)
    for number in range(_READS):
        bench.call("iam:TagRole", RoleName=name, Tags=[{"Key": _TAG, "Value": str(number)}])
        role = bench.call("iam:GetRole", RoleName=name)["Role"]
        read = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}.get(_TAG)
        if read != str(number):
            bench.note(f"after {number} was written, {read} was read")
            return "later"
    return "at-once"


OWN_TAGS = Experiment(
    "own-tags",
    "Does a caller read its own change of a role's tags at once?",
    (
        Answer(
            "at-once",
            f"{_READS} of {_READS} reads directly after a change show it.",
            "Leases and deletion locks work without a pause before a run reads its own change.",
        ),
        Answer(
            "later",
            "A read directly after a change shows the former tags.",
            "A run that reads too early may not see its own lease or lock.",
            contradicts="slr_handler.operations.service_linked_role: a run reads its own change at"
            " once",
        ),
    ),
    (*ROLE_CALLS, "iam:GetRole", "iam:TagRole"),
    "The role is deleted.",
    _own_tags,
)


def _log_group(bench: Bench) -> str:
    account, region = bench.sandbox.account, bench.sandbox.region
    group = bench.name("log")
    bench.undo("logs:DeleteLogGroup", logGroupName=group)
    arn = f"arn:{account.partition}:logs:{region}:{account.id}:log-group:{group}"
    needed = bench.is_needed(
        {"Action": "logs:CreateLogGroup", "Resource": f"{arn}:log-stream:"},
        [{"Action": "logs:CreateLogGroup", "Resource": arn}],
        "logs:CreateLogGroup",
        logGroupName=group,
    )
    return "log-stream" if needed else "log-group"


LOG_GROUP = Experiment(
    "log-group",
    "On which ARN does CloudWatch Logs authorize the creation of a log group?",
    (
        Answer(
            "log-group",
            "On `log-group:NAME`, as the service authorization reference says.",
            "The policies name the log group with and without a suffix, so they are sufficient.",
        ),
        Answer(
            "log-stream",
            "On `log-group:NAME:log-stream:`, as denial messages show.",
            "The policies name the log group with and without a suffix, so they are sufficient.",
        ),
    ),
    ("logs:CreateLogGroup", "logs:DeleteLogGroup"),
    "The log group and the temporary role are deleted.",
    _log_group,
    stack=("AWS::IAM::Role",),
)

ALL = (CUSTOM_SUFFIX, IVS_ROLE, UNKNOWN_PRINCIPAL, OWN_TAGS, LOG_GROUP)
