"""The guard at synth: what it says and what not, what fails, and what it costs who has no role."""

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
from slr_constructs import RoleGuard, ServiceLinkedRole, catalogue
from slr_constructs.guard import check as check_module
from slr_constructs.guard.check import RULES, check
from slr_constructs.guard.quick_look import is_telling
from slr_constructs.handler.slr_handler import contract
from slr_constructs.templates import app as app_module
from slr_constructs.templates.lifecycle import IDENTITY
from slr_constructs.templates.reading import StackTemplate, TemplateError, read
from tests.features.every_feature import RECIPES, Recipe
from tests.guard.test_cases import CASES
from tests.interoperation.guarded import (
    guarded,
    reported,
    said,
    said_of,
    said_of_stack,
    violations_of,
)
from tests.interoperation.test_plain_resources import everything_right, recording, shows

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct

ROOT = Path(__file__).parents[1]
CDK = ROOT / "node_modules" / ".bin" / "cdk"
#: older releases print their report and raise without it.
CDK_PRINTS_ITS_REPORT = Version(importlib.metadata.version("aws-cdk-lib")) < Version("2.275")
IVS = catalogue.IVS_RECORD_TO_S3
ONE, TWO = "111122223333", "444455556666"
ID = "slr-constructs::RoleNotDeclared"

#: at its end, an app says which of the libraries for templates it has loaded.
PLAIN = """
import atexit
import sys

from aws_cdk import App, Stack, Validations, aws_ivs, aws_sns
from slr_constructs import RoleGuard

@atexit.register
def say_what_is_loaded():
    print("loaded", [each in sys.modules for each in ("cfnlint", "networkx")], file=sys.stderr)


app = App()
stack = Stack(app, "Show")
{resource}
Validations.of(app).add_plugins(RoleGuard())
app.synth()
"""
TOPIC = 'aws_sns.Topic(stack, "Topic")'
RECORDING = (
    'aws_ivs.CfnRecordingConfiguration(stack, "Recording",'
    ' destination_configuration={"s3": {"bucketName": "recordings"}})'
)


# what is said


def test_a_finding_fails_the_synth_of_a_test_with_all_that_there_is_to_say() -> None:
    """In pytest, CDK raises with the text that a command line would print."""
    app = App(analytics_reporting=False)
    recording(Stack(app, "Show"))
    Validations.of(app).add_plugins(RoleGuard())

    with pytest.raises(RuntimeError) as failed:
        app.synth()

    rule = next(each for each in RULES if each.id == "RoleNotDeclared")
    text = str(failed.value)
    assert text.startswith("ValidationFailed")
    if CDK_PRINTS_ITS_REPORT:
        pytest.skip("this release of CDK does not raise with the report")
    assert (
        "ERROR `Recording` switches recording on, and no stack that it waits for declares"
        f" `AWSServiceRoleForIVSRecordToS3`. {rule.why} (slr-constructs)\n"
        "   Show/Recording (Recording) aws-cdk-lib.aws_ivs.CfnRecordingConfiguration\n"
        f"   Suggested fix: {rule.mend}\n"
        f"   See {rule.source}\n"
        f"   Acknowledge with '{ID}'\n"
    ) in text


def test_the_plugin_says_who_it_is() -> None:
    """The name is what acknowledgements start with, so it stays."""
    guard = RoleGuard()

    assert guard.name == "slr-constructs"
    assert guard.version == importlib.metadata.version("slr-constructs")
    assert guard.rule_ids == sorted(each.id for each in RULES)


def test_warnings_are_shown_and_fail_nothing(tmp_path: Path) -> None:
    """A native role may fail in some account."""
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    service = IVS.service_principal
    aws_iam.CfnServiceLinkedRole(Stack(app, "Show"), "Role", aws_service_name=service)
    Validations.of(app).add_plugins(RoleGuard())

    app.synth()

    (violation,) = reported(tmp_path)
    assert (violation["ruleName"], violation["severity"]) == ("NativeRole", "warning")


def test_a_finding_says_where_in_the_resource() -> None:
    """In the words of CDK, which shows who has set the property."""

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


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_nothing_is_said_of_our_features(recipe: Recipe) -> None:
    """With an owner of the app or an existing one."""
    assert said_of_stack(lambda stack: recipe.define(stack, "a", None)) == []


def test_nothing_is_said_of_the_sample_app() -> None:
    """Every feature at once, in five stacks."""
    assert said_of(build) == []


def test_two_apps_of_one_process_have_a_guard_each() -> None:
    """Neither speaks of the other, and one guard may be both's."""
    guard = RoleGuard()
    apps = [App(analytics_reporting=False) for _ in range(2)]
    for app, define in zip(apps, (recording, everything_right), strict=True):
        define(Stack(app, "Show"))
        Validations.of(app).add_plugins(guard)

    assert [said(violations_of(app)) for app in apps] == [
        [("RoleNotDeclared", "Show/Recording")],
        [],
    ]


def test_the_assembly_is_left_as_it_is(tmp_path: Path) -> None:
    """Byte for byte, and without a file of the guard's."""

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


# what is acknowledged


def acknowledge(construct: IConstruct) -> None:
    """Acknowledge that a role is not declared."""
    Validations.of(construct).acknowledge(Acknowledgment(id=ID, reason="the service makes it"))


def test_what_is_acknowledged_is_not_said_of_that_construct_and_its_children() -> None:
    """And fails nothing; of others, it is said."""

    def define(stack: Stack) -> None:
        for name in ("Acknowledged", "Above", "Other"):
            recording(Construct(stack, name))
        acknowledge(stack.node.find_child("Acknowledged").node.find_child("Recording"))
        acknowledge(stack.node.find_child("Above"))

    assert said_of_stack(define) == [("RoleNotDeclared", "Show/Other/Recording")]


def test_nothing_fails_when_all_is_acknowledged(tmp_path: Path) -> None:
    """CDK keeps it in its report, with the reason."""
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
    assert {each["reason"] for each in report["suppressedViolations"]} == {"the service makes it"}


def test_what_the_template_acknowledges_is_not_said() -> None:
    """CDK does not read that; an included template has no other way to say so."""

    def define(stack: Stack) -> None:
        said_so = [{"id": "RoleNotDeclared", "reason": "the service makes it"}]
        recording(stack).add_metadata("slr-constructs", {"acknowledge": said_so})

    assert said_of_stack(define) == []


def test_an_acknowledgement_of_no_rule_is_said() -> None:
    """Of the stack, for the construct may define nothing."""

    def define(stack: Stack) -> None:
        nothing = Acknowledgment(id="slr-constructs::RoleNotDecleared", reason="a slip")
        Validations.of(Construct(stack, "Part")).acknowledge(nothing)

    (violation,) = guarded(lambda app: define(Stack(app, "Show")))
    assert said([violation]) == [("AcknowledgementIgnored", "Show")]
    assert violation["severity"] == "info"


# roles that are imported


def imported(define: Callable[[App], tuple[Construct, Construct]]) -> list[str]:
    """Import the role in the one scope, use it in the other, and return where it is missed."""

    def app(app: App) -> None:
        importing, using = define(app)
        ServiceLinkedRole.from_existing(importing, "Imported", IVS)
        recording(using)

    return [path for _, path in said_of(app)]


def test_an_imported_role_is_there_for_its_stack_and_those_nested_in_it() -> None:
    """And for the stack that it is nested in."""

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
    ids=["nobody knows", "one, maybe", "one", "two"],
)
def test_an_imported_role_is_there_for_all_stacks_of_the_account(
    accounts: tuple[str | None, str | None], missed: list[str]
) -> None:
    """Somebody looks after it there, so a feature may be given it in another stack."""

    def define(app: App) -> tuple[Construct, Construct]:
        first, second = (
            Stack(app, name, env=Environment(account=account, region="us-east-1"))
            for name, account in zip(("Shared", "Show"), accounts, strict=True)
        )
        return first, second

    assert imported(define) == missed


def test_an_imported_role_is_there_for_its_stage_alone() -> None:
    """Another stage may be another account's."""

    def define(app: App, *, other: bool) -> tuple[Construct, Construct]:
        beta, prod = Stage(app, "Beta"), Stage(app, "Prod")
        return Stack(beta, "Shared"), Stack(prod if other else beta, "Show")

    assert imported(lambda app: define(app, other=False)) == []
    assert imported(lambda app: define(app, other=True)) == ["Prod/Show/Recording"]


def test_a_stage_with_a_guard_of_its_own_knows_its_imports_alone(tmp_path: Path) -> None:
    """Those of other stages are among the constructs, and in no template it reads."""
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    beta, prod = Stage(app, "Beta"), Stage(app, "Prod")
    ServiceLinkedRole.from_existing(Stack(beta, "Show"), "Imported", IVS)
    recording(Stack(prod, "Show"))
    Validations.of(prod).add_plugins(RoleGuard())

    assert said(violations_of(app)) == [("RoleNotDeclared", "Prod/Show/Recording")]


def test_an_imported_role_of_another_service_helps_nobody() -> None:
    """It is the name that counts."""

    def define(stack: Stack) -> None:
        ServiceLinkedRole.from_existing(stack, "Imported", catalogue.MEDIATAILOR)
        recording(stack)

    assert said_of_stack(define) == [("RoleNotDeclared", "Show/Recording")]


# what cannot be read


def test_what_cannot_be_read_is_a_note_and_the_rest_is_checked(tmp_path: Path) -> None:
    """It fails nobody's synth."""
    loop = {"Fn::ForEach::Topics": ["Name", ["A"], {"${Name}": {"Type": "AWS::SNS::Topic"}}]}
    file = tmp_path / "topics.json"
    file.write_text(json.dumps({"Transform": "AWS::LanguageExtensions", "Resources": loop}))

    def define(stack: Stack) -> None:
        asset = aws_s3_assets.Asset(stack, "Template", path=str(file))
        CfnStack(stack, "Inner", template_url=asset.http_url)
        shows(stack)

    violations = guarded(lambda app: define(Stack(app, "Show")))
    assert [each["severity"] for each in violations] == ["error", "error", "info"]
    assert violations[-1]["ruleName"] == "NotRead"
    assert "Fn::ForEach::Topics" in violations[-1]["description"]


def test_an_app_that_cannot_be_read_at_all_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with it; the synth goes on."""

    def refuse(*_: Any, **__: Any) -> None:  # noqa: ANN401 - of whatever it is called with
        raise TemplateError("2 stacks are called Show/Inner")

    monkeypatch.setattr(app_module, "App", refuse)
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    recording(Stack(app, "Show"))
    Validations.of(app).add_plugins(RoleGuard())

    app.synth()

    (violation,) = reported(tmp_path)
    assert (violation["ruleName"], violation["severity"]) == ("NotRead", "info")
    assert violation["description"].startswith(
        "Nothing is checked: 2 stacks are called Show/Inner."
    )


def test_a_nested_template_without_a_construct_is_read_too(tmp_path: Path) -> None:
    """CDK knows its file alone."""
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
    assert [rule for rule, _ in said(violations)] == ["RoleNotDeclared", "ReleaseMissing"]
    (where,) = violations[0]["violatingConstructs"]
    assert where["constructPath"] == ""
    assert where["cloudFormationResource"]["logicalId"] == "Shows"
    assert where["cloudFormationResource"]["templatePath"].startswith("asset.")


def test_a_nested_stack_as_a_whole_is_shown_by_its_construct() -> None:
    """What is said of all of it has no resource of its own."""

    def define(app: App) -> None:
        NestedStack(Stack(app, "Show"), "Inner").add_transform("Ours")

    assert said_of(define) == [
        ("NotRead", "Show/Inner.NestedStack/Inner.NestedStackResource"),
    ]


def test_an_error_of_the_guard_s_own_fails_the_synth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no finding, and not passed over."""

    def fail(*_: Any, **__: Any) -> None:  # noqa: ANN401 - of whatever it is called with
        raise LookupError("an error of ours")

    monkeypatch.setattr(check_module, "check", fail)
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    recording(Stack(app, "Show"))
    Validations.of(app).add_plugins(RoleGuard())

    with pytest.raises(RuntimeError) as failed:
        app.synth()

    ours = r"'slr-constructs' failed: .*an error of ours"
    report = "Validation failed" if CDK_PRINTS_ITS_REPORT else ours
    assert re.search(report, str(failed.value))


@pytest.mark.parametrize("missing", ["cfnlint", "networkx", "yaml"])
def test_fails_when_the_extra_is_missing(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """At once, and not at the first synth with a feature."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "slr_constructs.role_guard.find_spec",
        lambda name: None if name == missing else find(name),
    )

    with pytest.raises(ModuleNotFoundError) as refused:
        RoleGuard()

    assert str(refused.value) == (
        "RoleGuard needs more than the constructs: pip install 'slr-constructs[guard]'"
    )
    assert refused.value.name == missing


# the quick look


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.stem)
def test_the_quick_look_passes_over_nothing(case: Path) -> None:
    """Whatever the guard finds, it has seen before."""
    stacks = read([case], lenient=True)

    assert is_telling(stacks) or not check(app_module.App(stacks, lenient=True))


@given(st.data())
def test_the_quick_look_passes_over_no_part_of_a_template(data: st.DataObject) -> None:
    """Some resources of a case, without the rest of them."""
    case = data.draw(st.sampled_from(CASES))
    (stack, *_) = read([case], lenient=True)
    resources = stack.template["Resources"]
    kept = data.draw(st.sets(st.sampled_from(sorted(resources)))) if resources else set()
    # a reference to what is left out is no error to the guard
    part = StackTemplate("Part", {"Resources": {each: resources[each] for each in sorted(kept)}})

    assert is_telling([part]) or not check(app_module.App([part], lenient=True))


def resource(type_name: str, **properties: Any) -> StackTemplate:  # noqa: ANN401 - any properties
    """Return a stack of one resource."""
    return StackTemplate(
        "Show", {"Resources": {"One": {"Type": type_name, "Properties": properties}}}
    )


@pytest.mark.parametrize(
    "type_name",
    sorted(
        {*IDENTITY, contract.ServiceLinkedRole.RESOURCE_TYPE}
        | {each for role in catalogue.ALL for each in role.resource_types}
    ),
)
def test_the_quick_look_knows_every_type(type_name: str) -> None:
    """Those of the catalogue, and our own."""
    assert is_telling([resource(type_name)])


@pytest.mark.parametrize(
    "operation",
    sorted({each for role in catalogue.ALL for each in (*role.created_by, *role.clean_up)}),
)
def test_the_quick_look_knows_every_operation(operation: str) -> None:
    """As JavaScript, Python and the command line spell it, whatever the client is called there."""
    name = operation.partition(":")[2]
    words = "".join(f" {each}" if each.isupper() else each for each in name).split()

    for spelling in (name, "_".join(words).lower(), "-".join(words).lower()):
        assert is_telling([resource("AWS::Lambda::Function", Code={"ZipFile": spelling})])


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
def test_the_quick_look_knows_what_wildcards_stand_for(action: str, *, telling: bool) -> None:
    """The stars of administrators are no finding, so that no template is read for them."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    stack = resource("AWS::IAM::ManagedPolicy", PolicyDocument={"Statement": [statement]})

    assert is_telling([stack]) is telling
    assert bool(check(app_module.App([stack]))) is telling


def test_the_quick_look_counts_what_is_left_out() -> None:
    """It may be anything, and so may what a macro makes."""
    assert is_telling([StackTemplate("Show", {}, unread=((None, "left out"),))])
    assert is_telling([StackTemplate("Show", {"Transform": "Ours"})])
    assert not is_telling([StackTemplate("Show", {})])
    assert not is_telling([])


# the command line


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
    # the app must not take itself for a part of the tests
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
    assert ("ERROR `Recording` switches recording on" in run.stderr) is finds
    assert (f"Acknowledge with '{ID}'" in run.stderr) is finds
    assert said(reported(tmp_path / "cdk.out")) == (
        [("RoleNotDeclared", "Show/Recording")] if finds else []
    )
    (loaded,) = re.findall(r"^loaded (.*)$", run.stderr, re.MULTILINE)
    assert ast.literal_eval(loaded) == [finds, finds], run.stderr
