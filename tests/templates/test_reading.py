"""Assemblies as CDK writes them, templates as people do, and files that are neither."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk
import pytest
from aws_cdk import CfnOutput, NestedStack, Stack, Stage, aws_sns
from constructs import Construct

from slr_constructs.templates.reading import StackTemplate, TemplateError, read, read_template
from tests.templates.apps import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOPIC = {"Type": "AWS::SNS::Topic"}


def synthesized(
    folder: Path,
    define: Callable[[aws_cdk.App], object],
    **context: Any,  # noqa: ANN401
) -> Path:
    """Write an assembly, and return its folder."""
    out = folder / "cdk.out"
    app = aws_cdk.App(outdir=str(out), analytics_reporting=False, context=CONTEXT | context)
    define(app)
    app.synth()
    return out


def names(stacks: list[StackTemplate]) -> list[str]:
    """Return what the stacks are called."""
    return [each.name for each in stacks]


def written(folder: Path, name: str, content: Any) -> Path:  # noqa: ANN401 - what JSON has
    """Write a file as JSON, or as it is if it is text."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def refused(*paths: Path) -> str:
    """Return why paths cannot be read."""
    with pytest.raises(TemplateError) as error:
        read(paths)
    return str(error.value)


# assemblies


def test_the_stacks_of_an_assembly_wait_for_one_another(tmp_path: Path) -> None:
    """As the manifest has it, without the assets that they wait for too."""

    def define(app: aws_cdk.App) -> None:
        first, second = Stack(app, "First"), Stack(app, "Second", stack_name="other-name")
        CfnOutput(second, "Name", value=aws_sns.Topic(first, "Topic").topic_name)
        aws_sns.Topic(second, "Topic")

    stacks = read([synthesized(tmp_path, define)])

    assert [(each.name, each.waits_for) for each in stacks] == [
        ("First", ()),
        ("Second", ("First",)),
    ] or [(each.name, each.waits_for) for each in stacks] == [
        ("First", ()),
        ("Second (other-name)", ("First",)),
    ]


def test_the_manifest_stands_for_its_assembly(tmp_path: Path) -> None:
    """Shells complete file names."""
    out = synthesized(tmp_path, lambda app: aws_sns.Topic(Stack(app, "Show"), "Topic"))

    assert read([out]) == read([out / "manifest.json"])


def test_stages_have_assemblies_of_their_own(tmp_path: Path) -> None:
    """Their stacks carry their names."""

    def define(app: aws_cdk.App) -> None:
        for name in ("Test", "Prod"):
            stage = Stage(app, name)
            first, second = Stack(stage, "First"), Stack(stage, "Second")
            aws_sns.Topic(first, "Topic")
            aws_sns.Topic(second, "Topic")
            second.add_stack_dependency(first)

    stacks = read([synthesized(tmp_path, define)])

    assert {each.name: each.waits_for for each in stacks} == {
        "Test/First": (),
        "Test/Second": ("Test/First",),
        "Prod/First": (),
        "Prod/Second": ("Prod/First",),
    }


@pytest.mark.parametrize("metadata", [True, False])
def test_nested_stacks_follow_their_parents(tmp_path: Path, *, metadata: bool) -> None:
    """With the metadata that the CDK command line asks for, and by the assets' manifest without."""

    def define(app: aws_cdk.App) -> None:
        inner = NestedStack(Stack(app, "Show"), "Inner")
        aws_sns.Topic(inner, "Topic")
        aws_sns.Topic(NestedStack(inner, "Innermost"), "Topic")

    context = {"aws:cdk:enable-asset-metadata": metadata}
    stacks = read([synthesized(tmp_path, define, **context)])

    assert names(stacks) == ["Show", "Show/Inner", "Show/Inner/Innermost"]
    outer, inner, innermost = stacks
    for parent, nested in ((outer, inner), (inner, innermost)):
        assert nested.nested_in is not None
        name, logical_id = nested.nested_in
        assert name == parent.name
        assert parent.template["Resources"][logical_id]["Type"] == "AWS::CloudFormation::Stack"
        assert parent.notes == ()


def test_nested_stacks_of_one_id_are_told_apart_by_their_scopes(tmp_path: Path) -> None:
    """Two constructs of one kind, say, each with a nested stack of its own."""

    def define(app: aws_cdk.App) -> None:
        show = Stack(app, "Show")
        for name in "AB":
            inner = NestedStack(Construct(show, name), "Inner")
            aws_sns.Topic(NestedStack(Construct(inner, "C"), "Innermost"), "Topic")

    assert sorted(names(read([synthesized(tmp_path, define)]))) == [
        "Show",
        "Show/A/Inner",
        "Show/A/Inner/C/Innermost",
        "Show/B/Inner",
        "Show/B/Inner/C/Innermost",
    ]


@pytest.mark.parametrize(
    ("env", "account", "region"),
    [
        (None, None, None),
        ({"region": "eu-west-1"}, None, "eu-west-1"),
        ({"account": "111122223333", "region": "us-east-1"}, "111122223333", "us-east-1"),
    ],
    ids=["agnostic", "region", "both"],
)
def test_a_stack_tells_where_it_is_deployed(
    tmp_path: Path, env: dict[str, str] | None, account: str | None, region: str | None
) -> None:
    """And so do those nested in it."""

    def define(app: aws_cdk.App) -> None:
        show = Stack(app, "Show", env=aws_cdk.Environment(**env) if env else None)
        aws_sns.Topic(NestedStack(show, "Inner"), "Topic")

    stacks = read([synthesized(tmp_path, define)])

    assert [(each.account, each.region) for each in stacks] == [(account, region)] * 2


def test_a_stack_without_resources_is_read(tmp_path: Path) -> None:
    """CDK writes a template without Resources for it."""
    out = synthesized(tmp_path, lambda app: Stack(app, "Show"))

    assert names(read([out])) == ["Show"]


# templates

YAML = """
AWSTemplateFormatVersion: 2010-09-09
Conditions:
  Always: !Equals [a, a]
Resources:
  Topic:
    Type: AWS::SNS::Topic
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub '${Topic.TopicName}-queue'
      Tags:
        - Key: !If [Always, a, !Ref AWS::NoValue]
          Value: !GetAtt Topic.TopicName
"""


def test_yaml_with_short_tags_is_read(tmp_path: Path) -> None:
    """As most templates that people write are."""
    (stack,) = read([written(tmp_path, "show.template.yaml", YAML)])

    assert stack.name == "show"
    properties = stack.template["Resources"]["Queue"]["Properties"]
    assert properties["QueueName"] == {"Fn::Sub": "${Topic.TopicName}-queue"}
    assert properties["Tags"][0]["Value"] == {"Fn::GetAtt": ["Topic", "TopicName"]}


@pytest.mark.parametrize(
    "text",
    [
        '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
        '\ufeff\n {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
        "{Resources: {Topic: {Type: AWS::SNS::Topic}}}",
    ],
    ids=["JSON", "byte order mark", "YAML in braces"],
)
def test_what_looks_like_json_is_read(tmp_path: Path, text: str) -> None:
    """JSON by far the fastest, and YAML where it is none."""
    (stack,) = read([written(tmp_path, "show.json", text)])

    assert stack.template["Resources"] == {"Topic": TOPIC}


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    """`a/template.yaml` and `b/template.yaml` are usual names."""
    paths = [written(tmp_path / each, "template.yaml", YAML) for each in "ab"]

    assert names(read(paths)) == [str(tmp_path / each / "template") for each in "ab"]


def test_a_template_goes_by_the_name_that_it_is_given(tmp_path: Path) -> None:
    """So that two versions of one stack are compared, whatever their files are called."""
    (stack,) = read([written(tmp_path, "show.yaml", YAML)], name="Show")

    assert stack.name == "Show"


def nesting(url: Any, **metadata: str) -> dict[str, Any]:  # noqa: ANN401 - a text or an intrinsic
    """Return a template with a nested stack."""
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    return {"Resources": {"Inner": nested | {"Metadata": metadata}}}


def test_a_nested_template_may_be_named_by_its_path(tmp_path: Path) -> None:
    """As `aws cloudformation package` has it before it has run."""
    written(tmp_path, "parts/inner.yaml", YAML)
    outer = written(tmp_path, "outer.json", nesting("parts/inner.yaml"))

    assert names(read([outer])) == ["outer", "outer/Inner"]


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.s3.amazonaws.com/inner.json",
        "not/there.json",
        {"Ref": "Url"},
        {"Fn::Sub": f"https://s3.${{AWS::URLSuffix}}/bucket/{'0' * 64}.json"},
        None,
    ],
    ids=str,
)
def test_a_nested_template_elsewhere_is_left_out_and_noted(tmp_path: Path, url: Any) -> None:  # noqa: ANN401
    """Nothing is fetched; the nested stack is one resource."""
    written(tmp_path, "other.assets.json", {"files": {"1": {}}})
    written(tmp_path, "odd.assets.json", {"files": []})
    outer = written(tmp_path, "outer.json", nesting(url))

    (stack,) = read([outer])

    assert stack.notes == (
        (
            "outer: the template of the nested stack Inner is not here, so the nested stack stands"
            " for its resources"
        ),
    )


def test_properties_that_are_no_mapping_name_no_template(tmp_path: Path) -> None:
    """A transform may stand there."""
    template = {"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Metadata": "a"}}}

    (stack,) = read([written(tmp_path, "outer.json", template)])

    assert len(stack.notes) == 1


def test_names_are_shown_on_one_line(tmp_path: Path) -> None:
    """A template is somebody else's text, and a terminal obeys some of it."""
    written(tmp_path, "inner.json", {"Resources": {}})
    metadata = {"aws:cdk:path": "Show/a\x1b[2J`b.NestedStack/a.NestedStackResource"}
    outer = written(tmp_path, "outer.json", nesting("inner.json", **metadata))

    assert names(read([outer]))[1] == "outer/a\ufffd[2J\ufffdb"


# what is neither


def test_fails_when_nothing_is_there(tmp_path: Path) -> None:
    """The path is said as it was given."""
    path = tmp_path / "cdk.out"

    assert refused(path) == f"{path} is not there"


def test_fails_when_a_folder_is_no_assembly(tmp_path: Path) -> None:
    """And says what would be one."""
    assert refused(tmp_path) == (
        f"{tmp_path} is no cloud assembly: it has no manifest.json (`cdk synth` writes one, into"
        " cdk.out)"
    )


def test_fails_when_a_file_cannot_be_read(tmp_path: Path) -> None:
    """With the reason of the system."""
    path = tmp_path / ("a" * 300)

    assert refused(path) == f"{path} cannot be read: File name too long"


#: PyYAML has a limit of its own since 6.0.4.
TOO_DEEP_IN_YAML = ("it is nested more than 200 deep", "exceeded maximum nesting depth in line 1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it has no Resources"),
        ("just words", "a template is a mapping with Resources"),
        ("[1, 2]", "a template is a mapping with Resources"),
        ("Parameters: {}", "it has no Resources"),
        ('{"Resources": {"A": ]}}', "Expecting value in line 1, column 21"),
        ("a: [1,\nb: 2", "did not find expected ',' or ']' in line 2"),
        ("a: !Unknown &x\n  b: c: d", "mapping values are not allowed in this context in line 2"),
        ("a: *nothing", "found undefined alias in line 1"),
        ("a\x00b: c", "unacceptable character #x0000: control characters are not allowed"),
        ("A: 1\nA: 2", "Duplicate found 'A' (line 1) in line 1"),
        ("{" * 100_000, "Expecting property name enclosed in double quotes in line 1, column 2"),
        ('{"a":' * 100_000, "it is nested more than 200 deep"),
        ("[" * 100_000, "it is nested more than 200 deep"),
        ("[" * 250 + "]" * 250, "it is nested more than 200 deep"),
        ("a: " + "[" * 100_000, TOO_DEEP_IN_YAML),
        ("- " * 100_000, TOO_DEEP_IN_YAML),
    ],
    ids=lambda each: f"{each[:30]} {len(each)}",
)
def test_fails_when_a_file_is_no_template(
    tmp_path: Path, text: str, why: str | tuple[str, ...]
) -> None:
    """With the place, where there is one."""
    path = written(tmp_path, "file.txt", text)

    message = refused(path)

    whys = (why,) if isinstance(why, str) else why
    assert message.startswith(tuple(f"{path} is no template: {each}" for each in whys))
    assert "\n" not in message


def test_fails_when_a_file_is_no_text(tmp_path: Path) -> None:
    """An archive, say."""
    path = tmp_path / "file.zip"
    path.write_bytes(b"PK\x03\x04\xff\xfe")

    assert refused(path) == f"{path} is no template: it is no text in UTF-8"


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ({"artifacts": []}, "artifacts is malformed"),
        ({"artifacts": {"A": 1}}, "artifacts is malformed"),
        ({"artifacts": {"A": {"type": "aws:cloudformation:stack"}}}, "A has no templateFile"),
        (
            {"artifacts": {"A": {"type": "cdk:cloud-assembly", "properties": {}}}},
            "A has no directoryName",
        ),
        (
            {
                "artifacts": {
                    "A": {
                        "type": "aws:cloudformation:stack",
                        "properties": {"templateFile": "A.json"},
                        "dependencies": 1,
                    }
                }
            },
            "A waits for no list",
        ),
    ],
)
def test_fails_when_a_manifest_is_malformed(
    tmp_path: Path, manifest: dict[str, Any], why: str
) -> None:
    """Some other tool's, say."""
    path = written(tmp_path, "manifest.json", manifest)

    assert refused(tmp_path) == f"{path} is no manifest of a cloud assembly: {why}"


def test_fails_when_the_template_of_a_stack_is_not_there(tmp_path: Path) -> None:
    """A folder that was copied in part."""
    out = synthesized(tmp_path, lambda app: aws_sns.Topic(Stack(app, "Show"), "Topic"))
    (out / "Show.template.json").unlink()

    assert refused(out) == f"{out / 'Show.template.json'} is not there"


def test_fails_when_two_stacks_have_one_name(tmp_path: Path) -> None:
    """The same path twice, say."""
    path = written(tmp_path, "show.yaml", YAML)

    assert refused(path, path) == f"2 stacks are called {path.with_name('show')}"


def test_fails_when_a_template_nests_itself(tmp_path: Path) -> None:
    """Directly, or through another."""
    direct = written(tmp_path, "direct.json", nesting("direct.json"))
    first = written(tmp_path, "first.json", nesting("second.json"))
    written(tmp_path, "second.json", nesting("first.json"))

    assert refused(direct) == "direct: Inner nests a template in itself"
    assert refused(first) == "first/Inner: Inner nests a template in itself"


def test_fails_when_a_nested_template_has_no_resource(tmp_path: Path) -> None:
    """The stack is named."""
    written(tmp_path, "inner.json", {"Resources": {"A": 1}})
    outer = written(tmp_path, "outer.json", nesting("inner.json"))

    assert refused(outer) == ("outer/Inner: A is no resource: a resource is a mapping with a Type")


def test_a_manifest_is_read_without_its_stacks(tmp_path: Path) -> None:
    """`read_template` asks for a mapping, and no more."""
    path = written(tmp_path, "some.json", {"files": {}})

    assert read_template(path) == {"files": {}}
