"""`slr-constructs order`: lines, JSON and pictures of templates as CDK writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk
import pytest
from aws_cdk import Acknowledgment, NestedStack, Stack, Validations, aws_iam, aws_ivs, aws_sns
from click.testing import CliRunner

from slr_constructs.cli import output
from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.pictures.html import html
from slr_constructs.pictures.mermaid import mermaid
from slr_constructs.pictures.svg import svg
from slr_constructs.templates.app import App
from tests.templates.apps import CONTEXT

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """Return an assembly with L1s, a nested stack and a stack that waits for another."""
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
    # CDK would warn of it some time later, into whatever test is running then
    Validations.of(empty).acknowledge(
        Acknowledgment(id="CloudFormation-Validate::F0001", reason="this is about empty stacks")
    )
    app.synth()
    return out


def run(*arguments: object) -> Result:
    """Call the command."""
    return CliRunner().invoke(
        slr_constructs, ["order", *map(str, arguments)], prog_name="slr-constructs"
    )


def test_the_order_is_told_in_lines(assembly: Path) -> None:
    """Stacks first, then each stack's resources, on the way up and on the way down."""
    result = run(assembly)

    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout == (
        "stacks, in the order of deployment; they are destroyed the other way round\n"
        "    1  First\n"
        "    1  Empty\n"
        "    2  Last, waits for First\n"
        "\n"
        "First\n"
        "  creation\n"
        "    1  role            Role  AWS::IAM::ServiceLinkedRole\n"
        "    2  feature         Recording  AWS::IVS::RecordingConfiguration\n"
        "  teardown\n"
        "    1  feature         Recording  AWS::IVS::RecordingConfiguration\n"
        "    2  role            Role  AWS::IAM::ServiceLinkedRole\n"
        "\n"
        "Empty\n"
        "  no resources\n"
        "\n"
        "Last, waits for First\n"
        "  creation\n"
        "    1                  Inner.NestedStack/Inner.NestedStackResource "
        " AWS::CloudFormation::Stack\n"
        "  teardown\n"
        "    1                  Inner.NestedStack/Inner.NestedStackResource "
        " AWS::CloudFormation::Stack\n"
        "\n"
        "Last/Inner, nested in Last, wave 1\n"
        "  creation\n"
        "    1                  Topic  AWS::SNS::Topic\n"
        "  teardown\n"
        "    1                  Topic  AWS::SNS::Topic\n"
    )


def test_one_stack_needs_no_list_of_stacks(tmp_path: Path) -> None:
    """A template has none."""
    path = tmp_path / "show.yaml"
    path.write_text("Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n")

    assert run(path).stdout == (
        "show\n  creation\n    1                  Topic  AWS::SNS::Topic\n"
        "  teardown\n    1                  Topic  AWS::SNS::Topic\n"
    )


def test_json_has_all_that_the_lines_have_and_why(assembly: Path) -> None:
    """For programs: waves, marks, and what says that a resource waits."""
    told = json.loads(run(assembly, "--format", "json").stdout)
    first, _, last, inner = told["stacks"]
    ids = {
        each["path"]: logical_id
        for stack in told["stacks"]
        for logical_id, each in stack["resources"].items()
    }

    assert told["stack_waves"] == [["First", "Empty"], ["Last"]]
    assert first == {
        "name": "First",
        "waits_for": [],
        "nested_in": None,
        "creation": [[ids["Role"]], [ids["Recording"]]],
        "deletion": [[ids["Recording"]], [ids["Role"]]],
        "resources": {
            ids["Role"]: {
                "path": "Role",
                "type": "AWS::IAM::ServiceLinkedRole",
                "marks": ["role"],
                "waits_for": [],
            },
            ids["Recording"]: {
                "path": "Recording",
                "type": "AWS::IVS::RecordingConfiguration",
                "marks": ["feature"],
                "waits_for": [{"logical_id": ids["Role"], "said_by": "DependsOn"}],
            },
        },
    }
    assert (last["waits_for"], inner["name"]) == (["First"], "Last/Inner")
    nested = ids["Inner.NestedStack/Inner.NestedStackResource"]
    assert inner["nested_in"] == {"stack": "Last", "logical_id": nested}


@pytest.mark.parametrize(
    ("form", "picture"),
    [("mermaid", mermaid), ("svg", svg), ("html", html)],
    ids=["mermaid", "svg", "html"],
)
def test_pictures_are_those_of_the_pictures(assembly: Path, form: str, picture: object) -> None:
    """To standard output, or into a file."""
    assert callable(picture)
    drawn = picture(App.read([assembly])).rstrip("\n")
    file = assembly.with_name("picture")

    result = run(assembly, "--format", form)
    written = run(assembly, "--format", form, "--output", file)

    assert (result.exit_code, result.stdout) == (0, f"{drawn}\n")
    assert (written.exit_code, written.stdout) == (0, "")
    assert file.read_text() == f"{drawn}\n"


def test_only_what_has_to_do_with_roles_may_be_told(assembly: Path) -> None:
    """Waves keep their numbers, and stacks without a role are said to be such."""
    lines = run(assembly, "--only-roles").stdout.split("\n\n")[1:]

    assert lines[0].splitlines()[1:3] == [
        "  creation",
        "    1  role            Role  AWS::IAM::ServiceLinkedRole",
    ]
    assert lines[1] == "Empty\n  nothing that has to do with a role"
    app = App.read([assembly])
    for form, picture in (("mermaid", mermaid), ("svg", svg)):
        drawn = picture(app, only_roles=True).rstrip("\n")
        assert run(assembly, "--only-roles", "--format", form).stdout == f"{drawn}\n"


@pytest.mark.parametrize("form", ["json", "html"])
def test_fails_when_a_part_is_asked_of_a_format_that_has_all(assembly: Path, form: str) -> None:
    """It says whose marks to look at."""
    result = run(assembly, "--only-roles", "--format", form)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"slr-constructs: --only-roles is for text, Mermaid and SVG: {form} has all, with its"
        " marks\n"
    )


def test_lines_may_be_written_too(assembly: Path) -> None:
    """Without colours, wherever the command runs."""
    file = assembly.with_name("order.txt")
    run(assembly, "-o", file)

    assert file.read_text() == run(assembly).stdout


def test_a_terminal_gets_long_names_folded_beside_their_numbers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And marks that are bold, where it has colours."""
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


def test_what_was_left_out_is_said_beside(tmp_path: Path) -> None:
    """On the error stream: the order that is told may be read by a program."""
    path = tmp_path / "show.json"
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://a/b"}}
    path.write_text(json.dumps({"Resources": {"Inner": nested}}))

    result = run(path, "--format", "json")

    assert json.loads(result.stdout)["stacks"][0]["name"] == "show"
    assert result.stderr == (
        "slr-constructs: show: the template of the nested stack Inner is not here, so the nested"
        " stack stands for its resources\n"
    )


def test_fails_when_nothing_is_there(tmp_path: Path) -> None:
    """One sentence, and 2."""
    result = run(tmp_path / "cdk.out")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"slr-constructs: {tmp_path / 'cdk.out'} is not there\n"


def test_fails_when_no_order_can_be_read(tmp_path: Path) -> None:
    """The stack is named, and control characters stay out of terminals."""
    path = tmp_path / "show.json"
    path.write_text(json.dumps({"Resources": {"A\x1b[2J": 1}}))

    result = run(path)

    assert result.exit_code == 2
    assert result.stderr == (
        "slr-constructs: show: A\ufffd[2J is no resource: a resource is a mapping with a Type\n"
    )


def test_fails_when_the_file_cannot_be_written(assembly: Path) -> None:
    """A folder that is not there, say."""
    path = assembly / "no" / "such" / "folder"

    result = run(assembly, "-o", path)

    assert result.exit_code == 2
    assert result.stderr == (
        f"slr-constructs: {path} cannot be written: No such file or directory\n"
    )


def test_a_name_that_no_encoding_has_is_printed(tmp_path: Path) -> None:
    """JSON may spell half of a character."""
    path = tmp_path / "show.json"
    metadata = {"aws:cdk:path": "show/\ud800"}
    body = {"Type": "AWS::SNS::Topic", "Metadata": metadata}
    path.write_text(json.dumps({"Resources": {"A": body}}))

    for form in ("text", "json", "mermaid", "svg", "html"):
        assert run(path, "--format", form, "-o", tmp_path / "out").exit_code == 0, form


def test_paths_are_not_click_s_to_check() -> None:
    """Its words would be others than ours."""
    assert output.PATH.exists is False
