"""The template of `slr-constructs baseline`: it is what the constructs synthesize."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import (
    App,
    BootstraplessSynthesizer,
    CfnCondition,
    CfnElement,
    CfnParameter,
    Fn,
    Stack,
    Validations,
    aws_iam,
    cloudformation_include,
)
from cdk_nag import AwsSolutionsChecks

from slr_constructs import (
    RoleRemoval,
    ServiceLinkedRole,
    ServiceLinkedRoleFunction,
    _function_definition,
    catalogue,
)
from slr_constructs._function_definition import REQUEST_BYTES
from slr_constructs.catalogue import RoleCreation
from slr_constructs.cli.role_argument import ROLES
from slr_constructs.testing import template_of
from tests.cli.commands import run_command
from tests.programs import cfn_lint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: the short names of the roles that the command accepts.
CREATED = tuple(short for short, role in ROLES.items() if role.creation is not RoleCreation.NEVER)
#: those that it prints by default.
DEFAULT = (
    "chime-voice-connector",
    "chime-messaging",
    "ivs-record-to-s3",
    "mediatailor",
    "mediapackage",
)
SELECTIONS = [(), CREATED, *((short,) for short in CREATED), CREATED[1:3]]


@cache
def printed(*arguments: str) -> str:
    """Return what the command prints."""
    result = run_command("baseline", *arguments)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def template(*arguments: str) -> dict[str, Any]:
    """Return the printed template."""
    return dict(json.loads(printed(*arguments)))


def synthesized(roles: Sequence[str]) -> dict[str, Any]:
    """Return the template of a stack that keeps roles, with the baseline's parameter and ids."""
    stack = Stack(App(), "Baseline", synthesizer=BootstraplessSynthesizer())
    boundary = CfnParameter(stack, "PermissionsBoundary")
    condition = CfnCondition(
        stack,
        "HasPermissionsBoundary",
        expression=Fn.condition_not(
            Fn.condition_equals(boundary.value_as_string, "no-permissions-boundary")
        ),
    )
    given = Fn.condition_if(condition.logical_id, boundary.value_as_string, {"Ref": "AWS::NoValue"})
    ServiceLinkedRoleFunction.configure(
        stack,
        permissions_boundary=aws_iam.ManagedPolicy.from_managed_policy_arn(
            stack, "Boundary", given.to_string()
        ),
    )
    for short in roles:
        definition = ROLES[short]
        ServiceLinkedRole(
            stack, definition.role_name, definition=definition, removal=RoleRemoval.KEEP
        )
    for construct in stack.node.find_all():
        if CfnElement.is_cfn_element(construct):
            _, *parts = construct.node.path.split("/")
            name = "".join(part.removeprefix("Resource") for part in parts)
            construct.override_logical_id(name)  # type: ignore[attr-defined]
    return dict(template_of(stack))


@pytest.mark.parametrize("roles", SELECTIONS, ids=lambda each: ", ".join(each) or "all")
def test_the_template_is_that_of_the_constructs(roles: tuple[str, ...]) -> None:
    """The resources, their properties and their order, for all roles and for each."""
    ours, theirs = template(*roles), synthesized(roles or DEFAULT)

    for section in ("Resources", "Conditions"):
        assert ours[section] == theirs[section]


def test_the_command_prints_the_same_bytes_for_the_same_roles() -> None:
    """In another process, in another order, and when roles are named twice or in another way."""
    code = "from slr_constructs.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "baseline"], capture_output=True, check=True, text=True
    )

    assert run.stdout == printed() == printed(*reversed(DEFAULT))
    for order in itertools.permutations(CREATED[:3]):
        assert printed(*order) == printed(*CREATED[:3])
    role = ROLES[CREATED[0]]
    assert printed(role.role_name, role.service_principal) == printed(CREATED[0])


def test_the_template_has_its_version_and_its_roles() -> None:
    """You can see in the console which version a stack was deployed with."""
    body = template()

    assert body["Metadata"] == {
        "slr-constructs-baseline": {
            "Version": version("slr-constructs"),
            "Roles": [ROLES[short].role_name for short in DEFAULT],
        }
    }
    assert f"(slr-constructs {version('slr-constructs')})" in body["Description"]


def test_outputs_have_the_arn_and_the_outcome_of_each_role() -> None:
    """The outcome says whether the role was created or adopted."""
    name = catalogue.MEDIATAILOR.role_name
    outputs = template("mediatailor")["Outputs"]

    assert outputs == {
        f"{name}Arn": {
            "Value": {
                "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/"
                f"mediatailor.amazonaws.com/{name}"
            }
        },
        f"{name}Outcome": {"Value": {"Fn::GetAtt": [name, "Outcome"]}},
    }


def test_the_template_fits_into_a_request() -> None:
    """With all roles, and with room for more."""
    assert len(printed(*CREATED).encode()) < REQUEST_BYTES - 2000


def test_fails_when_the_template_is_too_large_for_a_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One sentence, and no file."""
    size = len(printed().encode())
    monkeypatch.setattr(_function_definition, "REQUEST_BYTES", 40_000)
    output = tmp_path / "baseline.json"

    result = run_command("baseline", "--output", output)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"slr-constructs: the template would have {size:,} bytes, but CloudFormation accepts at"
        " most 40,000 in a request. Name fewer roles\n"
    )
    assert not output.exists()


def test_fails_when_iam_no_longer_creates_a_role() -> None:
    """A new account would not get it."""
    result = run_command("baseline", "mediatailor", "chime-messaging-legacy")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "slr-constructs: IAM no longer creates the role AmazonChimeServiceChatStreamingAccess."
        f" Name one or more of {', '.join(CREATED)}\n"
    )


def test_fails_when_a_role_is_unknown() -> None:
    """As in other commands."""
    result = run_command("baseline", "media")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("slr-constructs: unknown role 'media'")


def test_the_output_is_written_to_a_file(tmp_path: Path) -> None:
    """The same bytes."""
    output = tmp_path / "baseline.json"

    assert run_command("baseline", "-o", output).stdout == ""
    assert output.read_text() == printed()


def test_cfn_lint_and_our_own_rules_find_nothing(tmp_path: Path) -> None:
    """No errors, warnings or notes."""
    path = tmp_path / "baseline.json"
    path.write_text(printed())

    checked = run_command("check", path, "--fail-on", "note")

    assert cfn_lint(path) == ("", "", 0)
    assert checked.stdout == "No findings in 1 stack.\n"
    assert checked.exit_code == 0


def test_cdk_nag_finds_nothing(tmp_path: Path) -> None:
    """The template is included in an app, so that cdk-nag reads its resources."""
    path = tmp_path / "baseline.json"
    path.write_text(printed())
    app = App(outdir=str(tmp_path / "out"))
    stack = Stack(app, "Stack", synthesizer=BootstraplessSynthesizer())
    cloudformation_include.CfnInclude(stack, "Baseline", template_file=str(path))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))

    app.synth()

    report = json.loads((tmp_path / "out" / "validation-report.json").read_text())
    assert [each for plugin in report["pluginReports"] for each in plugin["violations"]] == []
