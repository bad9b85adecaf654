"""Hostile input: no file makes a command print a traceback, leave its folder, or take long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_constructs.templates.app import MOST_ROLES
from slr_constructs.templates.files import MEGABYTE
from slr_constructs.templates.reading import LARGEST_IN_ALL, LARGEST_TEMPLATE, MOST_IN_ALL
from tests.cli.commands import run_command

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS, MEGABYTES = 10, 500
#: those that read templates, with the format that takes the longest.
COMMANDS = (("check",), ("order", "--format", "html"), ("diff",))
STACK_SET = "AWS::CloudFormation::StackSet"
NESTED = "AWS::CloudFormation::Stack"
ROLE = {
    "Type": "AWS::IAM::ServiceLinkedRole",
    "Properties": {"AWSServiceName": "ivs.amazonaws.com"},
}
#: the logical id in a file that no command may read.
OUTSIDE = "OutsideOfTheFolder"


def template(**bodies: Any) -> str:  # noqa: ANN401 - any part of a template
    """Return a template with resources; a body without a type gets one."""
    return json.dumps({"Resources": {key: {"Type": "T"} | each for key, each in bodies.items()}})


def policy(action: Any, resource: Any) -> str:  # noqa: ANN401 - any part of a template
    """Return a template with a policy."""
    document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}
    properties = {"PolicyDocument": document}
    return template(A={"Type": "AWS::IAM::ManagedPolicy", "Properties": properties})


def function(runtime: str, code: str) -> str:
    """Return a template with a custom resource and the code of its function."""
    properties = {"Runtime": runtime, "Code": {"ZipFile": code}}
    return template(
        F={"Type": "AWS::Lambda::Function", "Properties": properties},
        A={"Type": "Custom::X", "Properties": {"ServiceToken": {"Fn::GetAtt": ["F", "Arn"]}}},
    )


def inner(url: str) -> dict[str, Any]:
    """Return a nested stack."""
    return {"Type": NESTED, "Properties": {"TemplateURL": url}}


def with_loops(count: int, values: list[Any], bodies: dict[str, Any]) -> str:
    """Return a template with loops that are alike, except for the names of their resources."""
    loops = {
        f"Fn::ForEach::L{number}": [
            "X",
            values,
            {f"{key}{number}": body for key, body in bodies.items()},
        ]
        for number in range(count)
    }
    return json.dumps({"Resources": loops})


def long_chain(folder: Path) -> None:
    """Write 300 templates that nest one another, and one that nests itself with another name."""
    for number in range(300):
        (folder / f"{number}.json").write_text(template(A=inner(f"{number + 1}.json")))
    (folder / "300.json").write_text(template(A=inner("../inner/300.json")))


def doubling(folder: Path) -> None:
    """Write 23 templates, each of which nests the next one twice."""
    for number in range(23):
        url = f"{number + 1}.json"
        (folder / f"{number}.json").write_text(template(A=inner(url), B=inner(url)))
    (folder / "23.json").write_text(template())


def large_children(folder: Path) -> None:
    """Write a template that nests a large one 200 times."""
    (folder / "0.json").write_text(template(**{f"A{n}": inner("1.json") for n in range(200)}))
    (folder / "1.json").write_text(template(A={"P": [*range(200_000)]}))


def pipe(folder: Path) -> None:
    """Write a pipe, and a template that nests it."""
    os.mkfifo(folder / "pipe")
    (folder / "0.json").write_text(template(A=inner("pipe"), B=inner("/dev/zero")))


def assemblies(folder: Path) -> None:
    """Write an assembly that contains the next one, and so on, 300 times."""
    for number in range(300):
        artifact = {
            "type": "cdk:cloud-assembly",
            "properties": {"directoryName": "." if number == 299 else "a"},
        }
        folder.mkdir(exist_ok=True)
        (folder / "manifest.json").write_text(json.dumps({"artifacts": {"a": artifact}}))
        folder /= "a"


def assembly_in_itself(folder: Path) -> None:
    """Write an assembly that contains itself twice."""
    artifact = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"a": artifact, "b": artifact}}))


def inline(depth: int) -> str:
    """Return a template with a text of a template in it, and so on."""
    text = "Resources: {}\n"
    for _ in range(depth):
        body = textwrap.indent(text, "    ")
        head = f"  Type: {STACK_SET}\n  Properties:\n   TemplateBody: |\n"
        text = f"Resources:\n A:\n{head}{body}"
    return text


def numbered(count: int, body: Callable[[int], dict[str, Any]]) -> str:
    """Return a template with resources that are alike."""
    return template(**{f"A{number}": body(number) for number in range(count)})


MERGES = "\n".join(f"x{n}: &x{n} {{<<: [*x{n - 1}, *x{n - 1}]}}" for n in range(1, 25))
ALIASES = "\n".join(f"x{n}: &x{n} [*x{n - 1}]" for n in range(1, 2000))
#: runs commands in processes that have imported everything, and prints what each of them used.
MEASURED = """
import json, os, sys
import cfnlint.decode.cfn_yaml
from slr_constructs.cli import check, diff, main, order

for words in json.loads(sys.argv[1]):
    child = os.fork()
    if child == 0:
        sys.argv[1:] = words
        sys.stdout = open(os.devnull, "w")
        main()
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    seconds, megabytes = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000
    print(json.dumps([words, code, seconds, megabytes]), flush=True)
"""
#: for each input: the text of a template, or a function that writes `0.json` or a manifest into a
#: folder; and a part of the sentence that the commands print, if there must be one.
CORPUS: dict[str, tuple[str | Callable[[Path], None], str]] = {
    "merge keys": (f"x0: &x0 {{a: 1}}\n{MERGES}\nResources: {{}}", "too large"),
    "aliases": (f"x0: &x0 []\n{ALIASES}\nResources: {{}}", "levels deep"),
    "value in itself": ("Resources: &a {A: *a}", "contains itself"),
    "too large": (" " * 2_000_001, "larger than 2 MB"),
    "many values": (template(A={"P": [0] * 600_000}), "too many values"),
    "many keys in YAML": (
        "Resources:\n" + "".join(f" A{n}: {{Type: T}}\n" for n in range(19_990)),
        "",
    ),
    "digits": (template(A={}).replace('"T"', "9" * 5_000), "is not a CloudFormation template"),
    "digits in YAML": (f"Resources: {{A: 0x{'f' * 5_000}}}", "1000 digits"),
    "set in YAML": ("Resources: {A: {Type: T, P: !!set {a}}}", "constructor"),
    "date in YAML": (
        f"Resources: {{A: {{Type: {NESTED}, Properties: {{TemplateURL: 2020-01-01}}}}}}",
        "",
    ),
    "null character": (template(A=inner("a\0b")), "outside"),
    "surrogate": (template(A=inner("\ud800")), "outside"),
    "device and pipe": (pipe, ""),
    "nested twice": (doubling, "in all"),
    "nested deeply": (long_chain, ""),
    "nested and large": (large_children, "in all"),
    "assembly in itself": (assembly_in_itself, "named twice"),
    "templates in texts": (inline(100), "50 levels deep"),
    "assemblies": (assemblies, "50 other assemblies"),
    "long path": (template(A={"Metadata": {"aws:cdk:path": "a" * 60_000}}), ""),
    "long paths": (numbered(30, lambda _: {"Metadata": {"aws:cdk:path": "aB/" * 20_000}}), ""),
    "long action": (policy(f"{'a' * 900_000}:ab*", "*a?" * 300_000), ""),
    "wildcards": (policy("iam:" + "*e" * 200_000, "*a?" * 300_000), ""),
    "variables": (policy("iam:CreateServiceLinkedRole", {"Fn::Sub": "${" * 900_000}), ""),
    "loops": (
        with_loops(200, [*range(1_000)], {"A${X}N": {"Type": "T"}}),
        "in all",
    ),
    "long loop": (
        with_loops(1, [*range(1_000)], {"A${X}N": {"Type": "T", "P": "${X}" * 400_000}}),
        "",
    ),
    "long value of a loop": (with_loops(1, ["x" * 1_000], {"A${X}N": {"Type": "T"}}), ""),
    "chain": (numbered(15_000, lambda n: {"DependsOn": f"A{n - 1}" if n else []}), ""),
    "dependencies": (
        numbered(600, lambda n: {"DependsOn": [f"A{m}" for m in range(max(n - 250, 0), n)]}),
        "",
    ),
    "roles": (numbered(501, lambda _: ROLE), "500 declarations"),
    "code": (function("nodejs22.x", "new   ivs" * 180_000), ""),
    "quotes in code": (function("python3.13", "'ivs'.     \\'" * 130_000), ""),
}


#: the longest of which other tests cover all branches. Coverage takes most of their time.
COVERED = {
    "chain",
    "dependencies",
    "long loop",
    "many keys in YAML",
    "nested and large",
    "nested twice",
}


CONFIGURATION = {"Type": "AWS::IVS::RecordingConfiguration"}


def configurations(letter: str, name: str) -> str:
    """Return a template with 10,000 recording configurations, each with its own name."""
    return template(
        **{
            f"{letter}{number}": CONFIGURATION | {"Properties": {"Name": f"{name}{number}"}}
            for number in range(10_000)
        }
    )


def with_roles(letter: str) -> str:
    """Return a template with 500 roles and 9,000 recording configurations."""
    roles = {f"{letter}R{number}": ROLE for number in range(500)}
    usages = {
        f"{letter}{number}": CONFIGURATION | {"DependsOn": f"{letter}R{number % 500}"}
        for number in range(9_000)
    }
    return template(**roles, **usages)


def chain(step: int) -> str:
    """Return a template with 12,000 recording configurations that depend on their neighbors."""
    return numbered(12_000, lambda n: CONFIGURATION | {"DependsOn": f"A{n + step}"})


#: pairs of templates.
UNLIKE = {
    "other ids": (configurations("A", "x"), configurations("B", "x")),
    "other ids and names": (configurations("A", "x"), configurations("B", "y")),
    "reversed chain": (chain(1), chain(-1)),
    "other roles": (with_roles("A"), with_roles("B")),
}


def written(folder: Path, name: str) -> tuple[Path, str]:
    """Write an input of the corpus, and return its path and the sentence."""
    content, sentence = CORPUS[name]
    path = folder / "0.json"
    if isinstance(content, str):
        path.write_text(content)
    else:
        (folder / "inner").mkdir()
        content(folder / "inner")
        path = folder / "inner/0.json"
        path = path if path.exists() else path.parent
    return path, sentence


def run(*words: object) -> str:
    """Run a command, and return its output: a result, or one sentence on stderr."""
    result = run_command(*words)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in {0, 1, 2}
    if result.exit_code == 2:
        assert result.stderr.startswith("slr-constructs: ")
        assert result.stderr.count("\n") == 1
    return result.output


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.no_cover if name in COVERED else ()) for name in CORPUS],
)
def test_check_handles_hostile_input(tmp_path: Path, name: str) -> None:
    """It prints the sentence or a result, in time."""
    path, sentence = written(tmp_path, name)
    start = time.process_time()

    output = run("check", path)

    # a slow machine may take longer
    assert time.process_time() - start < 3 * SECONDS
    assert sentence in output
    assert output.isprintable() or "\x1b" not in output


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CORPUS)
def test_no_command_takes_much_time_or_memory(tmp_path: Path, name: str) -> None:
    """Each command runs in its own process, which has limits."""
    path, _ = written(tmp_path, name)
    commands = [[*words, *[str(path)] * (1 + (words == ("diff",)))] for words in COMMANDS]

    assert_within_limits(commands)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", UNLIKE)
def test_unlike_templates_are_compared_in_time(tmp_path: Path, name: str) -> None:
    """As many resources as 1 MB has room for, and all of them differ."""
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, text in zip(paths, UNLIKE[name], strict=True):
        path.write_text(text)

    assert_within_limits([["diff", *map(str, paths)]])


def assert_within_limits(commands: list[list[str]]) -> None:
    """Run each command in its own process."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, json.dumps(commands)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "Traceback" not in done.stderr
    for words, code, seconds, megabytes in map(json.loads, done.stdout.splitlines()):
        assert code in {0, 1, 2}, words
        assert seconds < SECONDS, words
        assert megabytes < MEGABYTES, words


@pytest.mark.parametrize("command", ["check", "order", "diff"])
def test_the_help_has_the_limits(command: str) -> None:
    """The numbers are those of the code."""
    shown = " ".join(run(command, "--help").split())

    for limit in (
        f"{LARGEST_TEMPLATE // MEGABYTE} MB for a template",
        f"about {LARGEST_IN_ALL // MEGABYTE} MB, {MOST_IN_ALL:,} stacks and resources",
        f"{MOST_ROLES} declarations of roles",
    ):
        assert limit in shown


@pytest.mark.parametrize(
    "name",
    [
        "../outside.json",
        "{folder}/outside.json",
        "out.json",
        "d/../../outside.json",
        "up/outside.json",
    ],
)
@pytest.mark.parametrize("kind", ["template", "metadata", "assembly", "asset"])
def test_an_assembly_names_no_file_outside_of_it(tmp_path: Path, kind: str, name: str) -> None:
    """The path is in the sentence, and nothing of the file is in the output."""
    path = assembly(tmp_path, kind, name.format(folder=tmp_path))

    output = run("check", path)

    assert "is outside of" in output
    assert "outside.json" in output or "out.json" in output
    assert OUTSIDE not in run("order", path)


@pytest.mark.parametrize("name", ["child.json", "nested/child.json", "../beside/child.json"])
def test_a_template_may_nest_templates_below_and_beside_its_folder(
    tmp_path: Path, name: str
) -> None:
    """`aws cloudformation package` reads these files too."""
    folder = tmp_path / "templates"
    folder.mkdir()
    child = folder / name
    child.parent.mkdir(exist_ok=True)
    child.write_text(template(Child={}))
    (folder / "root.json").write_text(template(A=inner(name)))

    assert "Child" in run("order", folder / "root.json")


@pytest.mark.parametrize("name", ["../../outside.json", "link.json"])
def test_a_template_does_not_nest_other_files(tmp_path: Path, name: str) -> None:
    """They are reported, and the rest is analyzed."""
    (tmp_path / "outside.json").write_text(template(**{OUTSIDE: {}}))
    folder = tmp_path / "apps/templates"
    folder.mkdir(parents=True)
    (folder / "link.json").symlink_to(tmp_path / "outside.json")
    (folder / "root.json").write_text(template(A=inner(name), B={}))

    output = run("order", folder / "root.json")

    assert "is outside of" in output
    assert OUTSIDE not in output


def assembly(folder: Path, kind: str, name: str) -> Path:
    """Write an assembly that names a file in its manifest or in a template, and return its path."""
    out = folder / "cdk.out"
    (out / "d").mkdir(parents=True)
    (folder / "outside.json").write_text(template(**{OUTSIDE: {}}))
    (out / "out.json").symlink_to(folder / "outside.json")
    (out / "up").symlink_to(folder)
    os.mkfifo(out / "pipe")
    (out / "good.json").write_text(template(Good={}))
    (out / "nesting.json").write_text(
        template(A=inner("x") | {"Metadata": {"aws:asset:path": name}})
    )
    file = {"template": name, "asset": "nesting.json"}.get(kind, "good.json")
    artifacts: dict[str, Any] = {
        "S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": file}},
        "A": {"type": "cdk:cloud-assembly", "properties": {"directoryName": name}},
    }
    if kind != "assembly":
        del artifacts["A"]
    if kind == "metadata":
        artifacts["S"]["additionalMetadataFile"] = name
    (out / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return out


#: parts of file names in assemblies, and of YAML.
PARTS = (
    "..", ".", "", "d", "up", "pipe", "out.json", "good.json", "manifest.json", "a\0", "\ud800",
    "/dev/zero",
)  # fmt: skip
SCALARS = (
    "~", "2020-01-01", "0x1f", "1:30", ".inf", "Ref", "A", "AWS::IAM::ServiceLinkedRole", "''",
    "12_3", '"\\uD800"', "!!binary aGk=", "!!int a", "!Ref A", "!GetAtt A.B", "!Foo x",
)  # fmt: skip
KEYS = (
    "Resources", "A", "B", "Type", "Properties", "Metadata", "DependsOn", "<<", "Fn::ForEach::X",
    "Fn::If", "TemplateURL", "On", "? [a]\n",
)  # fmt: skip
NAMES = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("/".join)
ANCHORS = st.sampled_from("abc")


def collections(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return a strategy for lists and mappings of a value, and for the value with an anchor."""
    pairs = st.tuples(st.sampled_from(KEYS), value).map(": ".join)
    return (
        st.lists(value, max_size=3).map(lambda some: f"[{', '.join(some)}]")
        | st.lists(pairs, max_size=4).map(lambda some: f"{{{', '.join(some)}}}")
        | st.tuples(ANCHORS, value).map(lambda some: f"&{some[0]} {some[1]}")
    )


VALUES = st.recursive(
    st.sampled_from(SCALARS) | ANCHORS.map("*{}".format), collections, max_leaves=20
)


@settings(max_examples=3 * settings().max_examples)
@given(values=st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=4))
def test_yaml_with_anchors_merge_keys_and_tags(values: list[tuple[str, str]]) -> None:
    """In any arrangement."""
    lines = [f"{key}: {value}" for key, value in values]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "0.yaml")
        path.write_text("\n".join(["a: &a {Type: T}", "b: &b [1]", "c: &c x", *lines]))

        run("check", path)
        run("order", path, "--format", "json")


@given(kind=st.sampled_from(["template", "metadata", "assembly", "asset"]), name=NAMES)
def test_any_name_in_an_assembly(kind: str, name: str) -> None:
    """The file is read, or the name is refused; nothing outside of the assembly is read."""
    with tempfile.TemporaryDirectory() as folder:
        path = assembly(Path(folder), kind, name)

        assert OUTSIDE not in run("order", path)
        run("check", path)
