"""`slr-constructs order`: text, JSON and diagrams of templates that CDK writes."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import aws_cdk
import pytest
from aws_cdk import Acknowledgment, NestedStack, Stack, Validations, aws_iam, aws_ivs, aws_sns

from slr_constructs.cli import arguments
from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.pictures.html import html
from slr_constructs.pictures.mermaid import mermaid
from slr_constructs.pictures.svg import svg
from slr_constructs.templates.app import App
from tests.cli.commands import run_command
from tests.templates.apps import CONTEXT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """Return an assembly with L1s, a nested stack and a stack that depends on another one."""
    out = tmp_path / "cdk.out"
    app = aws_cdk.App(outdir=str(out), analytics_reporting=False, context=CONTEXT)
    last, first = Stack(app, "Last"), Stack(app, "First")
    last.add_stack_dependency(first)
    aws_sns.CfnTopic(NestedStack(last, "Inner"), "Topic")
    role = aws_iam.CfnServiceLinkedRole(first, "Role", aws_service_name="ivs.amazonaws.com")
    recording = aws_ivs.CfnRecordingConfiguration(
        first,
        "Recording",
        destination_configuration=aws_ivs.CfnRecordingConfiguration.DestinationConfigurationProperty(
            s3=aws_ivs.CfnRecordingConfiguration.S3DestinationConfigurationProperty(
                bucket_name="recordings"
            )
        ),
    )
    recording.add_resource_dependency(role)
    empty = Stack(app, "Empty")
    # CDK would print a warning later, while another test is running
    Validations.of(empty).acknowledge(
        Acknowledgment(id="CloudFormation-Validate::F0001", reason="this is about empty stacks")
    )
    app.synth()
    return out


run = partial(run_command, "order")


def test_text_has_the_order_of_stacks_and_resources(assembly: Path) -> None:
    """A summary comes first, then the resources of each stack, for creation and for deletion."""
    result = run(assembly)

    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout == (
        "4 stacks: 4 resources, 1 role, 1 feature; stacks in the order of deployment, destroyed in"
        " reverse order\n"
        "    1  First  2 resources, 1 role, 1 feature\n"
        "    1  Empty  0 resources\n"
        "    2  Last, depends on First  2 resources\n"
        "\n"
        "First\n"
        "  creation\n"
        "    1  role            Role  AWS::IAM::ServiceLinkedRole\n"
        "    2  feature         Recording  AWS::IVS::RecordingConfiguration\n"
        "  deletion\n"
        "    1  feature         Recording  AWS::IVS::RecordingConfiguration\n"
        "    2  role            Role  AWS::IAM::ServiceLinkedRole\n"
        "\n"
        "Empty\n"
        "  no resources\n"
        "\n"
        "Last, depends on First\n"
        "  creation\n"
        "    1                  Inner.NestedStack/Inner.NestedStackResource "
        " AWS::CloudFormation::Stack\n"
        "  deletion\n"
        "    1                  Inner.NestedStack/Inner.NestedStackResource "
        " AWS::CloudFormation::Stack\n"
        "\n"
        "Last/Inner, nested in Last, step 1\n"
        "  creation\n"
        "    1                  Topic  AWS::SNS::Topic\n"
        "  deletion\n"
        "    1                  Topic  AWS::SNS::Topic\n"
    )


def test_a_single_stack_has_no_list_of_stacks(tmp_path: Path) -> None:
    """A template is a single stack."""
    path = tmp_path / "show.yaml"
    path.write_text("Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n")

    assert run(path).stdout == (
        "show\n  creation\n    1                  Topic  AWS::SNS::Topic\n"
        "  deletion\n    1                  Topic  AWS::SNS::Topic\n"
    )


def test_json_has_all_details_of_the_text_and_the_sources_of_dependencies(assembly: Path) -> None:
    """Steps, marks, and the source of each dependency."""
    report = json.loads(run(assembly, "--format", "json").stdout)
    first, _, last, inner = report["stacks"]
    ids = {
        each["path"]: logical_id
        for stack in report["stacks"]
        for logical_id, each in stack["resources"].items()
    }

    assert report["stack_steps"] == [["First", "Empty"], ["Last"]]
    assert first == {
        "name": "First",
        "depends_on": [],
        "nested_in": None,
        "creation": [[ids["Role"]], [ids["Recording"]]],
        "deletion": [[ids["Recording"]], [ids["Role"]]],
        "resources": {
            ids["Role"]: {
                "path": "Role",
                "type": "AWS::IAM::ServiceLinkedRole",
                "marks": ["role"],
                "depends_on": [],
            },
            ids["Recording"]: {
                "path": "Recording",
                "type": "AWS::IVS::RecordingConfiguration",
                "marks": ["feature"],
                "depends_on": [{"logical_id": ids["Role"], "sources": "DependsOn"}],
            },
        },
    }
    assert (last["depends_on"], inner["name"]) == (["First"], "Last/Inner")
    nested = ids["Inner.NestedStack/Inner.NestedStackResource"]
    assert inner["nested_in"] == {"stack": "Last", "logical_id": nested}


@pytest.mark.parametrize(
    ("form", "picture"),
    [("mermaid", mermaid), ("svg", svg), ("html", html)],
    ids=["mermaid", "svg", "html"],
)
def test_diagrams_are_written(assembly: Path, form: str, picture: object) -> None:
    """To standard output, or to a file."""
    assert callable(picture)
    drawn = picture(App.read([assembly])).rstrip("\n")
    file = assembly.with_name("picture")

    result = run(assembly, "--format", form)
    written = run(assembly, "--format", form, "--output", file)

    assert (result.exit_code, result.stdout) == (0, f"{drawn}\n")
    assert (written.exit_code, written.stdout) == (0, "")
    assert file.read_text() == f"{drawn}\n"


def test_only_resources_of_roles_are_shown_with_the_option(assembly: Path) -> None:
    """Steps keep their numbers, and stacks without roles are marked."""
    lines = run(assembly, "--only-roles").stdout.split("\n\n")[1:]

    assert lines[0].splitlines()[1:3] == [
        "  creation",
        "    1  role            Role  AWS::IAM::ServiceLinkedRole",
    ]
    assert lines[1] == "Empty\n  no resources that belong to a role"
    app = App.read([assembly])
    for form, picture in (("mermaid", mermaid), ("svg", svg)):
        drawn = picture(app, only_roles=True).rstrip("\n")
        assert run(assembly, "--only-roles", "--format", form).stdout == f"{drawn}\n"


@pytest.mark.parametrize(
    ("options", "shown", "steps"),
    [
        (["First"], ["First"], [["First"], []]),
        (["Last"], ["Last", "Last/Inner"], [[], ["Last"]]),
        (["Last/Inner"], ["Last", "Last/Inner"], [[], ["Last"]]),
        (["L*"], ["Last", "Last/Inner"], [[], ["Last"]]),
        (["Last", "F*"], ["First", "Last", "Last/Inner"], [["First"], ["Last"]]),
    ],
)
def test_only_the_chosen_stacks_are_shown(
    assembly: Path, options: list[str], shown: list[str], steps: list[list[str]]
) -> None:
    """With their nested stacks and the parents of nested stacks, in the order of all stacks."""
    chosen = [part for each in options for part in ("--stack", each)]

    report = json.loads(run(assembly, *chosen, "--format", "json").stdout)

    assert [each["name"] for each in report["stacks"]] == shown
    assert report["stack_steps"] == steps
    for form in ("text", "mermaid", "svg", "html"):
        output = run(assembly, *chosen, "--format", form).stdout
        assert "Empty" not in output, form
    text = run(assembly, *chosen).stdout
    assert ("stacks: " in text) is (len(shown) > 1)


def test_fails_if_no_stack_has_the_name(assembly: Path) -> None:
    """The error has similar names."""
    result = run(assembly, "--stack", "Inner")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "slr-constructs: no stack is named Inner; similar names: Last/Inner, First, Last\n"
    )


@pytest.mark.parametrize("form", ["json", "html"])
def test_fails_if_only_roles_is_used_with_another_format(assembly: Path, form: str) -> None:
    """The error names the format."""
    result = run(assembly, "--only-roles", "--format", form)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"slr-constructs: --only-roles works with text, mermaid and svg, got {form}\n"
    )


def test_text_is_written_to_a_file(assembly: Path) -> None:
    """The file has no colors, with or without a terminal."""
    file = assembly.with_name("order.txt")
    run(assembly, "-o", file)

    assert file.read_text() == run(assembly).stdout


def test_long_names_are_wrapped_beside_their_numbers_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Marked resources are bold if the terminal has colors."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")
    path = tmp_path / "show.yaml"
    metadata = f"Metadata: {{'aws:cdk:path': 'show/{'Long/' * 8}Role'}}"
    path.write_text(f"Resources:\n  Role:\n    Type: AWS::IAM::ServiceLinkedRole\n    {metadata}\n")
    command = slr_constructs.get_command(None, "order")  # type: ignore[arg-type]
    assert command is not None
    command.main([str(path)], standalone_mode=False)

    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("    1  role            \x1b[1mLong/Long/")
    assert lines[3].startswith(" " * 23)
    assert "\x1b[1m" in lines[3]


def test_parts_that_are_left_out_are_reported_on_stderr(tmp_path: Path) -> None:
    """A program may read stdout."""
    path = tmp_path / "show.json"
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://a/b"}}
    path.write_text(json.dumps({"Resources": {"Inner": nested}}))

    result = run(path, "--format", "json")

    assert json.loads(result.stdout)["stacks"][0]["name"] == "show"
    assert result.stderr == (
        "slr-constructs: show: Inner: the template of the nested stack was not found, so its"
        " resources are not analyzed\n"
    )


def test_fails_if_the_path_does_not_exist(tmp_path: Path) -> None:
    """The error is one sentence on stderr, and the exit status is 2."""
    result = run(tmp_path / "cdk.out")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"slr-constructs: {tmp_path / 'cdk.out'}: no such file or directory\n"


def test_an_invalid_resource_is_reported(tmp_path: Path) -> None:
    """The rest is shown. The message names the stack, and contains no control characters."""
    path = tmp_path / "show.json"
    path.write_text(json.dumps({"Resources": {"A\x1b[2J": 1}}))

    result = run(path)

    assert (result.exit_code, result.stdout) == (0, "show\n  no resources\n")
    assert result.stderr == (
        "slr-constructs: show: A\ufffd[2J: not a resource: it must be a mapping with a Type\n"
    )


def test_fails_if_the_file_cannot_be_written(assembly: Path) -> None:
    """For example because the directory does not exist."""
    path = assembly / "no" / "such" / "folder"

    result = run(assembly, "-o", path)

    assert result.exit_code == 2
    assert result.stderr == (
        f"slr-constructs: {path} cannot be written: No such file or directory\n"
    )


def test_a_name_with_a_lone_surrogate_is_printed(tmp_path: Path) -> None:
    """JSON can contain half of a surrogate pair."""
    path = tmp_path / "show.json"
    metadata = {"aws:cdk:path": "show/\ud800"}
    body = {"Type": "AWS::SNS::Topic", "Metadata": metadata}
    path.write_text(json.dumps({"Resources": {"A": body}}))

    for form in ("text", "json", "mermaid", "svg", "html"):
        assert run(path, "--format", form, "-o", tmp_path / "out").exit_code == 0, form


def test_click_does_not_check_that_paths_exist() -> None:
    """The message would differ from that of the reader."""
    assert arguments.PATH.exists is False


def test_a_stack_that_another_stack_deploys_elsewhere_is_shown(tmp_path: Path) -> None:
    """It has an order of its own."""
    inline = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    stack_set = {"Type": "AWS::CloudFormation::StackSet", "Properties": {"TemplateBody": inline}}
    path = tmp_path / "show.json"
    path.write_text(json.dumps({"Resources": {"Deploy": stack_set}}))

    result = run(path)

    assert (result.exit_code, result.stderr) == (0, "")
    assert "show/Deploy, deployed to other accounts by show\n" in result.stdout


def test_a_template_with_a_circular_dependency_is_shown(tmp_path: Path) -> None:
    """The resources of the cycle have no order among themselves."""
    path = tmp_path / "show.yaml"
    path.write_text(
        "Resources: {A: {Type: a, DependsOn: B}, B: {Type: b, DependsOn: A},"
        " C: {Type: c, DependsOn: A}}"
    )

    result = run(path, "--format", "json")

    assert json.loads(result.stdout)["stacks"][0]["creation"] == [["A", "B"], ["C"]]
    assert result.stderr == (
        "slr-constructs: show: circular dependency between resources: A -DependsOn-> B -DependsOn->"
        " A\n"
    )
