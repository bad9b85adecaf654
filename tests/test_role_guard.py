"""The guard at synthesis: findings, acknowledgements, imported roles, and the time it takes."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import (
    Acknowledgment,
    App,
    CfnStack,
    CfnStackSet,
    Environment,
    NestedStack,
    Stack,
    Stage,
    Validations,
    aws_iam,
    aws_s3_assets,
)
from constructs import Construct
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from sample_app.app import build
from slr_constructs import RoleGuard, ServiceLinkedRole, Severity, UsageError, catalogue
from slr_constructs.guard import check as check_module
from slr_constructs.guard.check import RULES, check
from slr_constructs.guard.quick_look import may_have_findings
from slr_constructs.handler.slr_handler import contract
from slr_constructs.templates import app as app_module
from slr_constructs.templates.reading import StackTemplate, TemplateError, read
from slr_constructs.templates.role_usage import IDENTITY
from tests.guard.test_cases import CASES
from tests.interoperation.guarded import (
    guarded,
    reported,
    reported_in_app,
    reported_in_stack,
    rules_and_paths,
    violations_of,
)
from tests.interoperation.test_plain_resources import everything_right, recording, shows

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct

ROOT = Path(__file__).parents[1]
CDK = ROOT / "node_modules" / ".bin" / "cdk"
#: Older releases print the report and raise an error without it.
CDK_PRINTS_ITS_REPORT = Version(importlib.metadata.version("aws-cdk-lib")) < Version("2.275")
IVS = catalogue.IVS_RECORD_TO_S3
ONE, TWO = "111122223333", "444455556666"
ID = "slr-constructs::RoleNotDeclared"
LOGS = {"Id": "live", "EgressAccessLogs": {}}

#: At its end, the app prints which of the libraries for templates are loaded.
PLAIN = """
import atexit
import sys

from aws_cdk import App, Stack, Validations, aws_ivs, aws_sns
from slr_constructs import RoleGuard, Severity

@atexit.register
def print_loaded_modules():
    print("loaded", [each in sys.modules for each in ("cfnlint", "networkx")], file=sys.stderr)


app = App()
stack = Stack(app, "Show")
{resource}
Validations.of(app).add_plugins(RoleGuard(fail_on=Severity.WARNING))
app.synth()
"""
TOPIC = 'aws_sns.Topic(stack, "Topic")'
RECORDING = (
    'aws_ivs.CfnRecordingConfiguration(stack, "Recording",'
    ' destination_configuration={"s3": {"bucketName": "recordings"}})'
)


# findings


def test_a_finding_fails_the_synthesis_of_a_test_with_its_full_text() -> None:
    """In pytest, CDK raises an error with the text that the command line prints."""
    app = App(analytics_reporting=False)
    recording(Stack(app, "Show"))
    Validations.of(app).add_plugins(RoleGuard(fail_on=Severity.WARNING))

    with pytest.raises(RuntimeError) as failed:
        app.synth()

    rule = next(each for each in RULES if each.id == "RoleNotDeclared")
    text = str(failed.value)
    assert text.startswith("ValidationFailed")
    if CDK_PRINTS_ITS_REPORT:
        pytest.skip("this release of CDK does not raise with the report")
    assert (
        "ERROR `Recording` configures recording, but neither this stack nor a stack it depends on"
        f" declares the role `AWSServiceRoleForIVSRecordToS3`. {rule.why} (slr-constructs)\n"
        "   Show/Recording (Recording) aws-cdk-lib.aws_ivs.CfnRecordingConfiguration\n"
        f"   Suggested fix: {rule.fix}\n"
        f"   See {rule.source}\n"
        f"   Acknowledge with '{ID}'\n"
    ) in text


def test_the_plugin_has_a_name_and_a_version() -> None:
    """The ids of acknowledged rules start with the name, so it must not change."""
    guard = RoleGuard()

    assert guard.name == "slr-constructs"
    assert guard.version == importlib.metadata.version("slr-constructs")
    assert guard.rule_ids == sorted(each.id for each in RULES)


def test_warnings_do_not_fail_the_synthesis(tmp_path: Path) -> None:
    """A native role may fail in some accounts, so the guard shows a warning."""
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    service = IVS.service_principal
    aws_iam.CfnServiceLinkedRole(Stack(app, "Show"), "Role", aws_service_name=service)
    Validations.of(app).add_plugins(RoleGuard())

    app.synth()

    (violation,) = reported(tmp_path)
    assert (violation["ruleName"], violation["severity"]) == ("NativeRole", "warning")


def test_a_finding_names_the_property() -> None:
    """CDK uses it to show the code that sets the property."""

    def define(app: App) -> None:
        stack = Stack(app, "Show")
        role = ServiceLinkedRole(stack, "Role", definition=IVS)
        plain = recording(stack)
        plain.add_override("DeletionPolicy", "Retain")
        plain.node.add_dependency(role)

    (violation,) = guarded(define)
    (where,) = violation["violatingConstructs"]
    assert violation["ruleName"] == "FeatureOutlivesRole"
    assert where["cloudFormationResource"]["propertyPaths"] == ["DeletionPolicy"]


def test_the_sample_app_has_no_findings() -> None:
    """It has every feature, in five stacks."""
    assert reported_in_app(build) == []


def test_two_apps_of_one_process_can_share_a_guard() -> None:
    """The findings of the two apps are separate."""
    guard = RoleGuard()
    apps = [App(analytics_reporting=False) for _ in range(2)]
    for app, define in zip(apps, (recording, everything_right), strict=True):
        define(Stack(app, "Show"))
        Validations.of(app).add_plugins(guard)

    assert [rules_and_paths(violations_of(app)) for app in apps] == [
        [("RoleNotDeclared", "Show/Recording")],
        [],
    ]


def test_the_guard_does_not_change_the_assembly(tmp_path: Path) -> None:
    """The files are the same, and the guard adds no file."""

    def digests(name: str, *, with_guard: bool) -> dict[str, str]:
        app = App(outdir=str(tmp_path / name), analytics_reporting=False)
        recording(Stack(app, "Show"))
        everything_right(NestedStack(Stack(app, "Other"), "Inner"))
        if with_guard:
            Validations.of(app).add_plugins(RoleGuard())
        violations_of(app)
        return {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in (tmp_path / name).iterdir()
            if file.is_file() and file.name != "validation-report.json"
        }

    assert digests("with", with_guard=True) == digests("without", with_guard=False)


# acknowledgements


def acknowledge(construct: IConstruct) -> None:
    """Acknowledge that a role is not declared."""
    Validations.of(construct).acknowledge(Acknowledgment(id=ID, reason="the service creates it"))


def test_an_acknowledged_rule_is_not_reported_for_the_construct_and_its_children() -> None:
    """The rule is still reported for other constructs."""

    def define(stack: Stack) -> None:
        for name in ("Acknowledged", "Above", "Other"):
            recording(Construct(stack, name))
        acknowledge(stack.node.find_child("Acknowledged").node.find_child("Recording"))
        acknowledge(stack.node.find_child("Above"))

    assert reported_in_stack(define) == [("RoleNotDeclared", "Show/Other/Recording")]


def test_the_synthesis_succeeds_when_all_findings_are_acknowledged(tmp_path: Path) -> None:
    """CDK keeps the findings and the reasons in its report."""
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    stack = Stack(app, "Show")
    inner = NestedStack(stack, "Inner")
    recording(stack)
    recording(inner)
    acknowledge(stack)
    Validations.of(app).add_plugins(RoleGuard())

    app.synth()

    (report,) = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    assert report["violations"] == []
    assert {each["reason"] for each in report["suppressedViolations"]} == {"the service creates it"}


def test_a_rule_that_the_template_acknowledges_is_not_reported() -> None:
    """CDK does not read such acknowledgements, but an included template has no other way."""

    def define(stack: Stack) -> None:
        acknowledged = [{"id": "RoleNotDeclared", "reason": "the service creates it"}]
        recording(stack).add_metadata("slr-constructs", {"acknowledge": acknowledged})

    assert reported_in_stack(define) == []


def test_an_acknowledgement_of_an_unknown_rule_is_reported() -> None:
    """The finding is for the stack, because the construct may define no resource."""

    def define(stack: Stack) -> None:
        nothing = Acknowledgment(id="slr-constructs::RoleNotDecleared", reason="a slip")
        Validations.of(Construct(stack, "Part")).acknowledge(nothing)

    (violation,) = guarded(lambda app: define(Stack(app, "Show")))
    assert rules_and_paths([violation]) == [("AcknowledgementIgnored", "Show")]
    assert violation["severity"] == "info"


# imported roles


def imported(define: Callable[[App], tuple[Construct, Construct]]) -> list[str]:
    """Import the role in one scope, use it in another, and return the paths of findings."""

    def app(app: App) -> None:
        importing, using = define(app)
        ServiceLinkedRole.from_existing(importing, "Imported", IVS)
        recording(using)

    return [path for _, path in reported_in_app(app)]


def test_an_imported_role_exists_for_its_stack_and_nested_stacks() -> None:
    """It also exists for the parent of its stack."""

    def same(app: App) -> tuple[Construct, Construct]:
        show = Stack(app, "Show")
        return show, show

    def below(app: App) -> tuple[Construct, Construct]:
        show = Stack(app, "Show")
        return show, NestedStack(NestedStack(show, "Outer"), "Inner")

    def above(app: App) -> tuple[Construct, Construct]:
        return below(app)[::-1]

    assert [imported(each) for each in (same, below, above)] == [[], [], []]


@pytest.mark.parametrize(
    ("accounts", "missed"),
    [
        ((None, None), []),
        ((ONE, None), []),
        ((ONE, ONE), []),
        ((ONE, TWO), ["Show/Recording"]),
    ],
    ids=["unknown", "one-known", "same", "different"],
)
def test_an_imported_role_exists_for_all_stacks_of_the_account(
    accounts: tuple[str | None, str | None], missed: list[str]
) -> None:
    """It is managed in the account, so a feature of another stack can use it."""

    def define(app: App) -> tuple[Construct, Construct]:
        first, second = (
            Stack(app, name, env=Environment(account=account, region="us-east-1"))
            for name, account in zip(("Shared", "Show"), accounts, strict=True)
        )
        return first, second

    assert imported(define) == missed


def test_an_imported_role_exists_only_for_its_stage() -> None:
    """Another stage may be deployed to another account."""

    def define(app: App, *, other: bool) -> tuple[Construct, Construct]:
        beta, prod = Stage(app, "Beta"), Stage(app, "Prod")
        return Stack(beta, "Shared"), Stack(prod if other else beta, "Show")

    assert imported(lambda app: define(app, other=False)) == []
    assert imported(lambda app: define(app, other=True)) == ["Prod/Show/Recording"]


def test_the_guard_of_a_stage_uses_only_the_imported_roles_of_the_stage(tmp_path: Path) -> None:
    """The roles of other stages are constructs of the app too, but not of the stage."""
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    beta, prod = Stage(app, "Beta"), Stage(app, "Prod")
    ServiceLinkedRole.from_existing(Stack(beta, "Show"), "Imported", IVS)
    recording(Stack(prod, "Show"))
    Validations.of(prod).add_plugins(RoleGuard())

    assert rules_and_paths(violations_of(app)) == [("RoleNotDeclared", "Prod/Show/Recording")]


def test_an_imported_role_of_another_service_does_not_count() -> None:
    """The name of the role must be the same."""

    def define(stack: Stack) -> None:
        ServiceLinkedRole.from_existing(stack, "Imported", catalogue.MEDIATAILOR)
        recording(stack)

    assert reported_in_stack(define) == [("RoleNotDeclared", "Show/Recording")]


# templates that cannot be parsed


def test_a_loop_that_cannot_be_analyzed_is_a_warning(tmp_path: Path) -> None:
    """It does not fail the synthesis, and the rest of the app is checked."""
    loop = {"Fn::ForEach::Topics": ["Name", ["A"], ["no resources"]]}
    file = tmp_path / "topics.json"
    file.write_text(json.dumps({"Transform": "AWS::LanguageExtensions", "Resources": loop}))

    def define(stack: Stack) -> None:
        asset = aws_s3_assets.Asset(stack, "Template", path=str(file))
        CfnStack(stack, "Inner", template_url=asset.http_url)
        shows(stack)

    violations = guarded(lambda app: define(Stack(app, "Show")))
    assert [(each["ruleName"], each["severity"]) for each in violations] == [
        ("CleanUpMissing", "error"),
        ("RoleNotDeclared", "warning"),
        ("NotAnalyzed", "warning"),
    ]
    assert "the loop cannot be expanded" in violations[-1]["description"]


@pytest.mark.parametrize(
    ("limit", "severities"),
    [
        (Severity.ERROR, ["error", "warning", "info"]),
        (Severity.WARNING, ["error", "error", "info"]),
        (Severity.NOTE, ["error", "error", "error"]),
    ],
)
def test_the_least_severe_findings_that_fail_the_synthesis_can_be_set(
    tmp_path: Path, limit: Severity, severities: list[str]
) -> None:
    """CDK fails only for errors, so that is what they become. Equal notes are one violation."""
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    stack = Stack(app, "Show")
    shows(stack)
    for name in "AB":
        CfnStack(stack, name, template_url="https://example.com/a.json")
    Validations.of(app).add_plugins(RoleGuard(fail_on=limit))

    with pytest.raises(RuntimeError):
        app.synth()

    violations = reported(tmp_path)
    assert [each["severity"] for each in violations] == severities
    assert [each["constructPath"] for each in violations[-1]["violatingConstructs"]] == [
        "Show/A",
        "Show/B",
    ]


@pytest.mark.parametrize("limit", ["warning", None, "WARNING"], ids=str)
def test_fails_when_the_severity_is_another_value(limit: Any) -> None:  # noqa: ANN401 - a wrong type
    """The message names the argument."""
    with pytest.raises(UsageError, match=r"^RoleGuard: fail_on must be a Severity, got .*PropKind"):
        RoleGuard(fail_on=limit)


def test_an_app_that_cannot_be_read_at_all_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The synthesis continues."""

    def refuse(*_: Any, **__: Any) -> None:  # noqa: ANN401 - any arguments
        raise TemplateError("2 stacks have the name Show/Inner")

    monkeypatch.setattr(app_module, "App", refuse)
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    recording(Stack(app, "Show"))
    Validations.of(app).add_plugins(RoleGuard())

    app.synth()

    (violation,) = reported(tmp_path)
    assert (violation["ruleName"], violation["severity"]) == ("NotAnalyzed", "info")
    assert violation["description"].startswith(
        "No stack is checked: 2 stacks have the name Show/Inner."
    )


def test_a_nested_template_without_a_construct_is_read_too(tmp_path: Path) -> None:
    """CDK knows only its file."""
    file = tmp_path / "inner.json"
    group = {
        "Type": "AWS::MediaPackage::PackagingGroup",
        "Properties": {"Id": "shows", "EgressAccessLogs": {}},
    }
    file.write_text(json.dumps({"Resources": {"Shows": group}}))

    def define(app: App) -> None:
        stack = Stack(app, "Show")
        asset = aws_s3_assets.Asset(stack, "Template", path=str(file))
        CfnStack(stack, "Inner", template_url=asset.http_url)

    violations = guarded(define)
    assert [rule for rule, _ in rules_and_paths(violations)] == [
        "CleanUpMissing",
        "RoleNotDeclared",
    ]
    (where,) = violations[0]["violatingConstructs"]
    assert where["constructPath"] == ""
    assert where["cloudFormationResource"]["logicalId"] == "Shows"
    assert where["cloudFormationResource"]["templatePath"].startswith("asset.")


def test_the_guard_of_a_stage_reads_the_assets_of_the_app(tmp_path: Path) -> None:
    """They are next to the assembly of the stage, which names them."""
    file = tmp_path / "inner.json"
    group = {
        "Type": "AWS::MediaPackage::PackagingGroup",
        "Properties": {"Id": "shows", "EgressAccessLogs": {}},
    }
    file.write_text(json.dumps({"Resources": {"Shows": group}}))
    app = App(outdir=str(tmp_path / "out"), analytics_reporting=False)
    stage = Stage(app, "Beta")
    stack = Stack(stage, "Show")
    asset = aws_s3_assets.Asset(stack, "Template", path=str(file))
    CfnStack(stack, "Inner", template_url=asset.http_url)
    Validations.of(stage).add_plugins(RoleGuard())

    assert [rule for rule, _ in rules_and_paths(violations_of(app))] == [
        "CleanUpMissing",
        "RoleNotDeclared",
    ]


def test_a_finding_for_a_whole_nested_stack_names_its_construct() -> None:
    """Such a finding has no resource in the nested stack."""

    def define(app: App) -> None:
        NestedStack(Stack(app, "Show"), "Inner").add_transform("Ours")

    assert reported_in_app(define) == [
        ("NotAnalyzed", "Show/Inner.NestedStack/Inner.NestedStackResource"),
    ]


def test_an_internal_error_of_the_guard_fails_the_synthesis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not a finding, and it is not ignored."""

    def fail(*_: Any, **__: Any) -> None:  # noqa: ANN401 - any arguments
        raise LookupError("an internal error")

    monkeypatch.setattr(check_module, "check", fail)
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    recording(Stack(app, "Show"))
    Validations.of(app).add_plugins(RoleGuard())

    with pytest.raises(RuntimeError) as failed:
        app.synth()

    ours = r"'slr-constructs' failed: .*an internal error"
    report = "Validation failed" if CDK_PRINTS_ITS_REPORT else ours
    assert re.search(report, str(failed.value))


@pytest.mark.parametrize("missing", ["cfnlint", "networkx", "yaml"])
def test_fails_when_the_extra_is_missing(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """The constructor fails, not the first synthesis with a feature."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "slr_constructs._extras.find_spec",
        lambda name: None if name == missing else find(name),
    )

    with pytest.raises(ModuleNotFoundError) as refused:
        RoleGuard()

    assert str(refused.value) == (
        "RoleGuard requires the extra guard: pip install 'slr-constructs[guard]'"
    )
    assert refused.value.name == missing


# the quick look


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.stem)
def test_the_quick_look_finds_every_template_with_findings(case: Path) -> None:
    """The guard checks a template only if the quick look selects it."""
    stacks = read([case])

    assert may_have_findings(stacks) or not check(app_module.App(stacks))


@given(st.data())
def test_the_quick_look_finds_every_part_of_a_template_with_findings(data: st.DataObject) -> None:
    """The part has only some resources of a case."""
    case = data.draw(st.sampled_from(CASES))
    (stack, *_) = read([case])
    resources = stack.template["Resources"]
    kept = data.draw(st.sets(st.sampled_from(sorted(resources)))) if resources else set()
    # for the guard, a reference to an omitted resource is not an error
    part = StackTemplate("Part", {"Resources": {each: resources[each] for each in sorted(kept)}})

    assert may_have_findings([part]) or not check(app_module.App([part]))


def test_the_quick_look_finds_a_loop_without_its_transform() -> None:
    """The guard reports that the loop cannot be expanded."""
    part = StackTemplate("Part", {"Resources": {"Fn::ForEach::Shows": ["Show"]}})

    assert check(app_module.App([part]))
    assert may_have_findings([part])


def resource(type_name: str, **properties: Any) -> StackTemplate:  # noqa: ANN401 - any properties
    """Return a stack of one resource."""
    return StackTemplate(
        "Show", {"Resources": {"One": {"Type": type_name, "Properties": properties}}}
    )


@pytest.mark.parametrize(
    "type_name",
    sorted(
        {*IDENTITY, contract.ServiceLinkedRole.RESOURCE_TYPE}
        | {each.type for each in catalogue.RESOURCE_TYPES}
    ),
)
def test_the_quick_look_knows_every_type(type_name: str) -> None:
    """The types are those of the catalogue and of this library."""
    assert may_have_findings([resource(type_name)])


@pytest.mark.parametrize(
    "operation",
    sorted(
        {
            operation
            for each in catalogue.RESOURCE_TYPES
            for operation in (each.calls.configure.operation, each.calls.remove)
        }
    ),
)
def test_the_quick_look_knows_every_operation(operation: str) -> None:
    """It knows the spellings of JavaScript, Python and the AWS CLI, without the client."""
    name = operation.partition(":")[2]
    words = "".join(f" {each}" if each.isupper() else each for each in name).split()

    for spelling in (name, "_".join(words).lower(), "-".join(words).lower()):
        assert may_have_findings([resource("AWS::Lambda::Function", Code={"ZipFile": spelling})])


@pytest.mark.parametrize(
    ("action", "telling"),
    [
        ("iam:CreateServiceLinkedRole", True),
        ("iam:Create*", True),
        ("iam:*Role", True),
        ("IAM:Create?erviceLinked*", True),
        ("iam:Get*", False),
        ("iam:*", False),
        ("*", False),
        ("s3:*", False),
    ],
)
def test_the_quick_look_knows_wildcards(action: str, *, telling: bool) -> None:
    """The wildcards of administrators are not findings, so no template is read for them."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    stack = resource("AWS::IAM::ManagedPolicy", PolicyDocument={"Statement": [statement]})

    assert may_have_findings([stack]) is telling
    assert bool(check(app_module.App([stack]))) is telling


def test_the_quick_look_selects_templates_that_are_not_fully_analyzed() -> None:
    """A part that is not analyzed, or the result of a macro, may be any resource."""
    assert may_have_findings([StackTemplate("Show", {}, not_analyzed=((None, "left out"),))])
    assert may_have_findings([StackTemplate("Show", {"Transform": "Ours"})])
    assert not may_have_findings([StackTemplate("Show", {})])
    assert not may_have_findings([])


# the CDK command line


@pytest.mark.parametrize(
    ("resource", "finds"), [(TOPIC, False), (RECORDING, True)], ids=["no feature", "a finding"]
)
def test_the_cdk_command_line_shows_what_is_wrong(
    tmp_path: Path, resource: str, *, finds: bool
) -> None:
    """And fails; an app without features sees no output and loads no library for templates."""
    (tmp_path / "app.py").write_text(PLAIN.format(resource=resource))
    (tmp_path / "cdk.json").write_text(
        json.dumps({"app": f"{sys.executable} app.py", "versionReporting": False, "notices": False})
    )
    # the app must not detect that a test runs it
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}

    run = subprocess.run(
        [CDK, "synth", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=env
        | {"PYTHONPATH": str(ROOT), "NODE_NO_WARNINGS": "1", "CDK_DISABLE_CLI_TELEMETRY": "1"},
    )

    assert (run.returncode != 0) is finds, run.stderr
    assert ("ERROR `Recording` configures recording" in run.stderr) is finds
    assert (f"Acknowledge with '{ID}'" in run.stderr) is finds
    assert rules_and_paths(reported(tmp_path / "cdk.out")) == (
        [("RoleNotDeclared", "Show/Recording")] if finds else []
    )
    (loaded,) = re.findall(r"^loaded (.*)$", run.stderr, re.MULTILINE)
    assert ast.literal_eval(loaded) == [finds, finds], run.stderr


def test_a_finding_in_a_stack_set_names_the_construct_that_deploys_it() -> None:
    """CDK knows only that construct."""
    body = {"Resources": {"Live": {"Type": "AWS::MediaPackage::Channel", "Properties": LOGS}}}

    def define(stack: Stack) -> None:
        CfnStackSet(
            stack,
            "Set",
            permission_model="SERVICE_MANAGED",
            stack_set_name="set",
            template_body=json.dumps(body),
        )

    assert reported_in_stack(define) == [
        ("CleanUpMissing", "Show/Set"),
        ("RoleNotDeclared", "Show/Set"),
    ]
