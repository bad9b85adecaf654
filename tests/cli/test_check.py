"""`slr-constructs check`: text, JSON and SARIF, and the exit status."""

from __future__ import annotations

import json
import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk
import pytest
from aws_cdk import Acknowledgment, Stack, Validations, aws_mediapackage

from scripts.project import ROOT
from slr_constructs import ServiceLinkedRole
from slr_constructs.cli.sarif import sarif
from slr_constructs.guard.additions import acknowledgement, as_yaml
from slr_constructs.guard.check import RULES, check
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from tests.cli.commands import run_command
from tests.features.every_feature import RECIPES
from tests.links import SITE, anchors_of
from tests.templates.apps import CONTEXT

SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html"

#: a template with one warning.
POLICY = """\
# the policy of the pipeline
Resources:
  Deploy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement:
          - {Effect: Allow, Action: iam:CreateServiceLinkedRole, Resource: "*"}
"""
#: a template with errors, some of them acknowledged, a macro, and a malformed Fn::ForEach.
CATCH_UP = """\
Transform: [AWS::Serverless-2016-10-31, Tidy]
Resources:
  Shows:
    Type: AWS::MediaPackage::PackagingGroup
    Metadata:
      slr-constructs:
        acknowledge:
          - {id: RoleNotDeclared, reason: the platform team has the role}
          - {id: CleanUpMissing, reason: the operator does it by hand}
    Properties:
      Id: shows
      EgressAccessLogs: {}
  Ads:
    Type: AWS::MediaTailor::PlaybackConfiguration
    Properties:
      Name: ads
      LogConfiguration: {PercentEnabled: 250}
  Fn::ForEach::Topics:
    - Name
    - [A, B]
    - [Topic]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a directory with two templates."""
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(POLICY)
    Path("catch-up.yaml").write_text(CATCH_UP)
    return tmp_path


run = partial(run_command, "check")


def rule(name: str) -> Any:  # noqa: ANN401 - a rule
    """Return a rule."""
    return next(each for each in RULES if each.id == name)


def heading(name: str, severity: str | None = None) -> str:
    """Return the first line about a rule."""
    of = rule(name)
    return f"{severity or of.severity.value:9}{of.title}  [{name}]\n"


def explained(name: str, *addition: str) -> str:
    """Return the last lines about a rule."""
    of = rule(name)
    metadata = ("Metadata:", "  slr-constructs:", "    acknowledge:", f"    - id: {name}")
    yaml = (*metadata, "      reason: why it is acceptable")
    return (
        f"    why   {of.why}\n    CDK   {of.fix}\n    YAML  {of.fix_in_template}\n"
        + "".join(f"          {each}\n" for each in addition)
        + "    or    acknowledge it, in CDK with Validations.of(construct).acknowledge and the id"
        + f" slr-constructs::{name}, or in the template:\n"
        + "".join(f"          {each}\n" for each in yaml)
        + "\n"
    )


def addition_of(name: str) -> list[str]:
    """Return the lines of the part to add for the finding that is not acknowledged."""
    found = [each for each in check(App.read([Path("catch-up.yaml")])) if each.rule.id == name]
    (addition,) = (each.addition for each in found if each.resource == "Ads")
    return as_yaml(addition).splitlines()


def test_text_groups_findings_by_rule_and_starts_with_errors() -> None:
    """Each rule is explained once, and the exit status is 1 because there are errors."""
    result = run("catch-up.yaml")

    assert result.exit_code == 1
    assert result.stdout == (
        heading("CleanUpMissing")
        + "  - no clean-up resource disables session logging before `Ads` is deleted: no custom"
        " resource calls `mediatailor:ConfigureLogsForPlaybackConfiguration`\n"
        + explained("CleanUpMissing", *addition_of("CleanUpMissing"))
        + heading("InvalidPropertyValue")
        + "  - `Ads`: LogConfiguration.PercentEnabled must be a whole number from 0 to 100, got 250"
        " [PercentEnabled]\n"
        + explained("InvalidPropertyValue")
        + heading("NotAnalyzed", "warning")
        + "  - Fn::ForEach::Topics: not analyzed: the loop cannot be expanded: it must be a list of"
        " a variable, its values and its resources\n"
        + explained("NotAnalyzed")
        + heading("RoleNotDeclared")
        + "  - `Ads` configures session logging, but neither this stack nor a stack it depends on"
        " declares the role `AWSServiceRoleForMediaTailor`\n"
        + explained("RoleNotDeclared", *addition_of("RoleNotDeclared"))
        + heading("NotAnalyzed")
        + "  - not analyzed: the output of the macro `Tidy`\n"
        + explained("NotAnalyzed")
        + "2 errors, 2 warnings, 1 note, 2 acknowledged in 1 stack.\n"
    )
    assert result.stderr == ""


def test_text_names_the_stack_if_there_are_several() -> None:
    """The location has only the parts that the text of the finding does not contain."""
    result = run("policy.yaml", "catch-up.yaml")

    assert "\n  - policy: `Deploy` allows `iam:CreateServiceLinkedRole`" in result.stdout
    assert "\n  - catch-up: not analyzed: the output of the macro `Tidy`" in result.stdout
    assert result.stdout.endswith("\n2 errors, 3 warnings, 1 note, 2 acknowledged in 2 stacks.\n")


def test_text_names_the_resource_if_the_finding_does_not(tmp_path: Path) -> None:
    """The text of this finding names only the role and the other resource."""
    native = {
        "Type": "AWS::IAM::ServiceLinkedRole",
        "Properties": {"AWSServiceName": "ivs.amazonaws.com"},
    }
    path = tmp_path / "twice.json"
    path.write_text(json.dumps({"Resources": {"First": native, "Second": native}}))

    line = next(each for each in run(path).stdout.splitlines() if each.startswith("  - "))
    assert line.startswith("  - Second: `AWSServiceRoleForIVSRecordToS3` is also declared by")


def test_warnings_and_notes_do_not_change_the_exit_status() -> None:
    """The exit status is 0 without errors."""
    result = run("policy.yaml")

    assert result.exit_code == 0
    assert result.stdout.endswith("\n1 warning in 1 stack.\n")


def test_a_template_without_findings_is_reported_in_each_format() -> None:
    """Text has a sentence, JSON and SARIF have an empty list."""
    Path("empty.yaml").write_text("Resources: {}\n")

    assert run("empty.yaml").stdout == "No findings in 1 stack.\n"
    assert json.loads(run("empty.yaml", "--format", "json").stdout)["findings"] == []
    log = json.loads(run("empty.yaml", "--format", "sarif").stdout)
    assert log["runs"][0]["results"] == []
    assert len(log["runs"][0]["tool"]["driver"]["rules"]) == len(RULES)


def test_acknowledged_findings_are_listed_with_the_option() -> None:
    """They are listed with their reasons, and the counts stay the same."""
    result = run("catch-up.yaml", "--acknowledged")

    assert result.exit_code == 1
    assert (
        heading("CleanUpMissing")
        + "  - no clean-up resource disables session logging before `Ads` is deleted: no custom"
        " resource calls `mediatailor:ConfigureLogsForPlaybackConfiguration`\n"
        "  - no clean-up resource disables access logging before `Shows` is deleted: no custom"
        " resource calls `mediapackage-vod:ConfigureLogs`\n"
        "    acknowledged: the operator does it by hand\n"
    ) in result.stdout
    assert result.stdout.endswith("\n2 errors, 2 warnings, 1 note, 2 acknowledged in 1 stack.\n")


def test_acknowledged_errors_do_not_change_the_exit_status() -> None:
    """The exit status is 0, and the rule is only shown with `--acknowledged`."""
    template = CATCH_UP.partition("  Ads:\n")[0].replace(", Tidy", "")
    Path("known.yaml").write_text(template)

    assert run("known.yaml").stdout == "No findings, 2 acknowledged in 1 stack.\n"
    listed = run("known.yaml", "--acknowledged")
    assert listed.exit_code == 0
    assert listed.stdout.startswith(heading("CleanUpMissing"))


def test_json_has_all_details_of_the_text() -> None:
    """JSON also has the locations; each rule is explained once."""
    result = run("catch-up.yaml", "--format", "json", "--acknowledged")
    report = json.loads(result.stdout)

    assert result.exit_code == 1
    assert {key: report[key] for key in ("errors", "warnings", "notes", "acknowledged")} == {
        "errors": 2,
        "warnings": 2,
        "notes": 1,
        "acknowledged": 2,
    }
    by_rule = {(each["rule"], each["resource"]): each for each in report["findings"]}
    assert by_rule["InvalidPropertyValue", "Ads"] == {
        "rule": "InvalidPropertyValue",
        "severity": "error",
        "stack": "catch-up",
        "resource": "Ads",
        "path": None,
        "location": "Properties/LogConfiguration/PercentEnabled",
        "file": "catch-up.yaml",
        "line": 13,
        "text": "`Ads`: LogConfiguration.PercentEnabled must be a whole number from 0 to 100, got"
        " 250 [PercentEnabled]",
        "yaml": None,
        "acknowledged": None,
    }
    reason = "the platform team has the role"
    assert by_rule["RoleNotDeclared", "Shows"]["acknowledged"] == reason
    assert by_rule["RoleNotDeclared", "Ads"]["yaml"].startswith("Parameters:\n")
    assert by_rule["NotAnalyzed", "Fn::ForEach::Topics"]["line"] == 18
    assert report["rules"].keys() == {each["rule"] for each in report["findings"]}
    assert report["rules"]["RoleNotDeclared"] == {
        "title": rule("RoleNotDeclared").title,
        "why": rule("RoleNotDeclared").why,
        "fix": rule("RoleNotDeclared").fix,
        "fix_in_template": rule("RoleNotDeclared").fix_in_template,
        "acknowledge": as_yaml(acknowledgement(rule("RoleNotDeclared"))),
        "source": SOURCE,
    }


def logged(*arguments: object) -> dict[str, Any]:
    """Return the one run of a SARIF log."""
    log = json.loads(run(*arguments, "--format", "sarif").stdout)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("/sarif-schema-2.1.0.json")
    (one,) = log["runs"]
    return dict(one)


def test_sarif_has_all_rules() -> None:
    """The rules without findings are included, so that code scanning can close old alerts."""
    driver = logged("policy.yaml")["tool"]["driver"]

    assert driver["name"] == "slr-constructs"
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"])
    assert driver["informationUri"] == SITE
    assert [each["id"] for each in driver["rules"]] == [each.id for each in RULES]
    for each, of in zip(driver["rules"], RULES, strict=True):
        # required by the standard and by GitHub code scanning
        assert each["shortDescription"] == {"text": of.title}
        assert each["fullDescription"] == {"text": of.why}
        assert each["help"] == {
            "text": f"{of.why}\n\nIn CDK: {of.fix}\n\nIn a template: {of.fix_in_template}\n\n"
            f"Or acknowledge it in the template:\n{as_yaml(acknowledgement(of))}\n\n"
            f"Source: {of.source}"
        }
        assert each["defaultConfiguration"] == {"level": of.severity.value}
        page, _, anchor = each["helpUri"].partition("#")
        assert page == f"{SITE}rules/"
        assert anchor == of.id.lower()
        assert anchor in anchors_of(ROOT / "docs/rules.md")


def test_sarif_has_the_locations_of_findings() -> None:
    """The file is relative to the working directory; the logical location is in the template."""
    (result,) = logged("policy.yaml")["results"]

    fingerprints = result.pop("partialFingerprints")
    assert result == {
        "ruleId": "CreateServiceLinkedRoleAnywhere",
        "ruleIndex": RULES.index(rule("CreateServiceLinkedRoleAnywhere")),
        "level": "warning",
        "message": {"text": "`Deploy` allows `iam:CreateServiceLinkedRole` for every service"},
        "locations": [
            {
                "logicalLocations": [{"fullyQualifiedName": "policy/Deploy", "kind": "resource"}],
                "physicalLocation": {
                    "artifactLocation": {"uri": "policy.yaml"},
                    "region": {"startLine": 3},
                },
            }
        ],
    }
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in fingerprints.values())


def test_a_template_without_a_file_has_a_logical_location() -> None:
    """A finding about a whole stack has the stack as its location."""
    app = App([StackTemplate("Show", {"Resources": {}, "Transform": "Tidy"})])
    (result,) = sarif(app, [(each, None) for each in check(app)])["runs"][0]["results"]

    assert result["locations"] == [
        {"logicalLocations": [{"fullyQualifiedName": "Show", "kind": "module"}]}
    ]


def test_a_finding_keeps_its_fingerprint_if_its_line_or_value_changes() -> None:
    """It stays the same alert in code scanning. Findings of other resources differ."""
    before = logged("catch-up.yaml")["results"]
    Path("catch-up.yaml").write_text("# moved\n" + CATCH_UP.replace("250", "300"))
    after = logged("catch-up.yaml")["results"]

    prints = [[each["partialFingerprints"] for each in results] for results in (before, after)]
    assert before != after
    assert prints[0] == prints[1]
    assert len({json.dumps(each) for each in prints[0]}) == len(
        {(each["ruleId"], json.dumps(each["locations"])) for each in before}
    )


def test_sarif_suppresses_acknowledged_findings() -> None:
    """They are in the log only with `--acknowledged`."""
    assert all("suppressions" not in each for each in logged("catch-up.yaml")["results"])
    listed = logged("catch-up.yaml", "--acknowledged")["results"]
    suppressed = {each["ruleId"]: each["suppressions"] for each in listed if "suppressions" in each}

    assert suppressed["CleanUpMissing"] == [
        {"kind": "inSource", "justification": "the operator does it by hand"}
    ]


def test_a_template_outside_of_the_working_directory_has_an_absolute_uri(tmp_path: Path) -> None:
    """Characters that a URI must not contain are quoted."""
    here = tmp_path / "of the app"
    here.mkdir()
    (here / "a b.yaml").write_text(POLICY)

    (near,) = logged(Path("of the app", "a b.yaml"))["results"]
    os.chdir(here)
    (far,) = logged(tmp_path / "policy.yaml")["results"]

    uris = [
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in (near, far)
    ]
    assert uris == ["of%20the%20app/a%20b.yaml", (tmp_path / "policy.yaml").as_uri()]


def test_lines_of_json_templates_are_found() -> None:
    """The line is that of the key in Resources, even if other keys have the same name."""
    template = {
        "Outputs": {"Deploy": {"Value": "a \\" + '" { ['}},
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Metadata": {"Deploy": {}, "Resources": {}}},
            "Deploy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "PolicyDocument": {
                        "Statement": {
                            "Effect": "Allow",
                            "Action": "iam:CreateServiceLinkedRole",
                            "Resource": "*",
                        }
                    }
                },
            },
        },
    }
    text = json.dumps(template, indent=1)
    Path("policy.json").write_text(text)
    Path("short.json").write_text(json.dumps(template))

    (result,) = logged("policy.json")["results"]
    (short,) = logged("short.json")["results"]

    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert text.splitlines()[line - 1] == '  "Deploy": {'
    assert short["locations"][0]["physicalLocation"]["region"]["startLine"] == 1


LIVE = '{"Type": "AWS::MediaPackage::Channel", "Properties": {"Id": "a", "EgressAccessLogs": 1}}'
ODD_JSON = """\
{"Resources": {"Deploy": 1},
 "Resources": {
  "Deploy": {"Type": "AWS::SNS::Topic"},
  "D\\u0065ploy":
   {"Type": "AWS::MediaPackage::Channel", "Properties": {"Id": "a b", "EgressAccessLogs": {}}},
  "Odd": []
 }
}
"""


def test_lines_of_unusual_json_are_found() -> None:
    """It has a byte order mark, an escaped key, and duplicate keys, of which the last one counts.

    The line is that of the first one, and parts that were not analyzed have a line too. The key
    `Resources` is repeated too, which is a finding about the whole template.
    """
    Path("odd.json").write_text(ODD_JSON, encoding="utf-8-sig")

    findings = json.loads(run("odd.json", "--format", "json").stdout)["findings"]

    assert {(each["resource"], each["line"]) for each in findings} == {
        (None, None),
        ("Deploy", 3),
        ("Odd", 6),
    }


def test_lines_of_a_deeply_nested_json_template_are_found() -> None:
    """The reader accepts no deeper one."""
    deep = "[" * 190 + "]" * 190
    resource = LIVE.replace("}}", f', "Tags": {deep}}}}}')
    Path("deep.json").write_text(f'{{"Resources":\n{{"Live": {resource}}}}}')

    findings = json.loads(run("deep.json", "--format", "json").stdout)["findings"]

    assert {(each["resource"], each["line"]) for each in findings} == {("Live", 2)}


def assembly(folder: Path) -> Path:
    """Write an assembly with a stack that acknowledges one of its two errors."""
    app = aws_cdk.App(outdir=str(folder), analytics_reporting=False, context=CONTEXT)
    stack = Stack(app, "Show")
    logs = aws_mediapackage.CfnChannel.LogConfigurationProperty()
    live = aws_mediapackage.CfnChannel(stack, "Live", id="live", egress_access_logs=logs)
    Validations.of(live).acknowledge(
        Acknowledgment(id="slr-constructs::RoleNotDeclared", reason="it is known")
    )
    app.synth()
    return folder


def test_a_cloud_assembly_is_checked(tmp_path: Path) -> None:
    """Findings have construct paths, and the acknowledgments of the app count."""
    folder = assembly(tmp_path / "cdk.out")
    result = run(folder, "--format", "json")
    (finding,) = json.loads(result.stdout)["findings"]

    assert result.exit_code == 1
    assert (finding["rule"], finding["path"]) == ("CleanUpMissing", "Live")
    assert finding["file"] == str(folder / "Show.template.json")
    assert (folder / "Show.template.json").read_text().splitlines()[finding["line"] - 1] == (
        '  "Live": {'
    )


def test_stacks_with_these_constructs_have_no_findings(tmp_path: Path) -> None:
    """One app with all features."""
    app = aws_cdk.App(outdir=str(tmp_path / "cdk.out"), analytics_reporting=False, context=CONTEXT)
    for number, recipe in enumerate(RECIPES.values()):
        # an existing owner of each, because two stacks must not configure the same one
        recipe.define(Stack(app, f"Stack{number}"), chr(ord("a") + number), None)
    app.synth()

    result = run(tmp_path / "cdk.out")

    assert (result.exit_code, result.stdout) == (0, f"No findings in {len(RECIPES)} stacks.\n")


def test_imported_roles_count_as_in_the_guard(tmp_path: Path) -> None:
    """The metadata of the assembly names them; a bare template does not."""
    app = aws_cdk.App(outdir=str(tmp_path), analytics_reporting=False, context=CONTEXT)
    for number, recipe in enumerate(RECIPES.values()):
        stack = Stack(app, f"Stack{number}")
        ServiceLinkedRole.from_existing(stack, "Imported", recipe.definition)
        recipe.define(stack, chr(ord("a") + number), None)
    app.synth()

    assert run(tmp_path).stdout == f"No findings in {len(RECIPES)} stacks.\n"
    for number in range(len(RECIPES)):
        assert "RoleNotDeclared" in run(tmp_path / f"Stack{number}.template.json").stdout


def test_output_is_written_to_a_file(tmp_path: Path) -> None:
    """The exit status does not change."""
    file = tmp_path / "slr.sarif"
    result = run("catch-up.yaml", "--format", "sarif", "--output", file)

    assert (result.exit_code, result.stdout) == (1, "")
    assert file.read_text() == run("catch-up.yaml", "--format", "sarif").stdout


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("nowhere.yaml", None, "nowhere.yaml: no such file or directory"),
        ("cut.yaml", "a: [", "cut.yaml is not a CloudFormation template: did not find expected"),
        (
            "list.yaml",
            "- a\n",
            "list.yaml is not a CloudFormation template: it must be a mapping with Resources",
        ),
        ("other.yaml", "a: b\n", "other.yaml is not a CloudFormation template: no Resources"),
    ],
)
def test_fails_if_a_template_cannot_be_read(name: str, text: str | None, sentence: str) -> None:
    """The error is one sentence on stderr, and the exit status is 2 instead of 1."""
    if text is not None:
        Path(name).write_text(text)

    result = run(name)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"slr-constructs: {sentence}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("limit", "statuses"), [("error", [1, 0, 0]), ("warning", [1, 1, 0]), ("note", [1, 1, 1])]
)
def test_the_exit_status_depends_on_the_least_severe_findings_that_fail(
    limit: str, statuses: list[int]
) -> None:
    """The files have an error, a warning and a note."""
    Path("note.yaml").write_text("Transform: Tidy\nResources: {}\n")
    files = ("catch-up.yaml", "policy.yaml", "note.yaml")

    assert [run(each, "--fail-on", limit).exit_code for each in files] == statuses


def test_findings_with_the_same_text_are_one_line() -> None:
    """Many nested stacks may have no template."""
    nested = "Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://a/b}"
    resources = "".join(f"  Part{number}: {{{nested}}}\n" for number in range(13))
    Path("parts.yaml").write_text(f"Resources:\n{resources}")

    lines = [each for each in run("parts.yaml").stdout.splitlines() if each.startswith("  - ")]

    assert lines == [
        (
            "  - Part0, Part1, Part2, Part3 and 9 more: not analyzed: the template of the nested"
            " stack was not found, so its resources are not analyzed"
        )
    ]


@pytest.mark.parametrize("text", ["a: [", "- a\n", "a: b\n", "\0"], ids=repr)
def test_an_unreadable_file_among_several_is_a_warning(text: str) -> None:
    """The others are checked."""
    Path("bad.yaml").write_text(text)

    report = json.loads(run("bad.yaml", "policy.yaml", "--format", "json").stdout)

    assert [(each["rule"], each["severity"], each["stack"]) for each in report["findings"]] == [
        ("NotAnalyzed", "warning", "bad"),
        ("CreateServiceLinkedRoleAnywhere", "warning", "policy"),
    ]
    assert report["findings"][0]["text"].startswith(
        "not analyzed: bad.yaml is not a CloudFormation template: "
    )


def test_a_file_that_does_not_exist_is_an_error_even_among_several() -> None:
    """The path may be misspelt."""
    result = run("policy.yaml", "polcy.yaml")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "slr-constructs: polcy.yaml: no such file or directory\n"
