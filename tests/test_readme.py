"""The README: its parts and links, every example and command by itself, and every output."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Mixins

from sample_app.app import build
from scripts.project import PROJECT, ROOT
from slr_constructs import EnsureServiceLinkedRoles
from tests.cli.commands import assert_commands_exist, run_command
from tests.links import anchors_of, file_of
from tests.readme_blocks import Block, assert_quoted, blocks

if TYPE_CHECKING:
    from collections.abc import Callable

README = ROOT / "README.md"
TEXT = README.read_text("utf-8")
BLOCKS = blocks(README)
#: the context that the CDK command line passes to the sample app.
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"] | {
    "aws:cdk:enable-path-metadata": True
}
HEADINGS = [
    *("Install", "First stack", "Deploy and destroy", "Features", "How stacks share a role"),
    *("You have stacks already", "Command line"),
    "TypeScript, SAM or plain CloudFormation? Start here",
    *("Try it without an account", "Links", "License"),
]
#: the first line of each output, and what shows that it is the real one: the example before it, a
#: test in this module, or a test of the emulated deployments.
OUTPUTS = {
    "ERROR `Recording` configures recording, but": "the example before it",
    "worse    LiveShowCommercials: `AWSServiceRole": "tests/test_quoted_outputs.py",
    "LiveShowCatchUp": "tests/emulated/test_timeline.py",
}


def _lines_of(language: str) -> list[str]:
    """Return the lines of all blocks in a language; a backslash continues a line."""
    text = "".join(each.code for each in BLOCKS if each.language == language)
    return text.replace("\\\n", " ").splitlines()


def test_the_readme_has_its_parts_in_order() -> None:
    """It is short, and its table of contents links every part."""
    assert len(TEXT.splitlines()) <= 250
    assert re.findall(r"^## (.+)$", TEXT, re.MULTILINE) == HEADINGS

    contents = TEXT.partition("## ")[0]
    assert re.findall(r"\[([^\]]+)\]\(#", contents) == HEADINGS
    assert {*re.findall(r"\]\(#([^)]+)\)", contents)} == anchors_of(README) - {"slr-constructs"}


def test_every_link_leads_somewhere() -> None:
    """Links are absolute, so that they work on a package index; those to the project exist."""
    links = re.findall(r"\]\(([^)]+)\)", TEXT)

    assert len(links) > 40
    for link in links:
        address, _, anchor = link.partition("#")
        if not address:
            assert anchor in anchors_of(README), link
            continue
        assert address.startswith("https://"), link
        page = file_of(address)
        if page is not None:
            assert page.exists(), link
            assert not anchor or anchor in anchors_of(page), link


def test_badges_show_the_metadata_of_the_package() -> None:
    """The lowest Python and CDK of pyproject.toml, the newest Python that CI tests, the license."""
    workflow = (ROOT / ".github/workflows/pull-request.yml").read_text()
    newest = re.search(r'python: \[.*"([\d.]+)"\]', workflow)
    assert newest is not None
    lowest = PROJECT["requires-python"].removeprefix(">=")
    cdk = re.search(r"aws-cdk-lib>=([\d.]+)", " ".join(PROJECT["dependencies"]))
    assert cdk is not None

    assert f"python-{lowest}%20to%20{newest[1]}-blue" in TEXT
    assert f"aws--cdk--lib-{cdk[1]}%20or%20later-blue" in TEXT
    assert f"license-{PROJECT['license'].replace('-', '--')}-blue" in TEXT


def test_the_status_is_that_of_the_version() -> None:
    """The README says that the package is not on the index until the version is released."""
    released = f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text()

    assert f"**Status: {PROJECT['version']}, beta" in TEXT
    assert ("not on the package index yet" in TEXT) is not released
    assert ("Until 0.1.0 is on the package index" in TEXT) is not released


@pytest.mark.parametrize(
    "block",
    [each for each in BLOCKS if each.language == "python"],
    ids=lambda block: f"line {block.line}",
)
def test_an_example_runs_by_itself(block: Block, tmp_path: Path) -> None:
    """It is a complete program, and the output that the README shows after it is the real one."""
    app = tmp_path / "app.py"
    app.write_text(block.code)
    settings = {"CDK_OUTDIR": str(tmp_path / "cdk.out"), "CDK_CONTEXT_JSON": json.dumps(CONTEXT)}
    following = BLOCKS[BLOCKS.index(block) + 1]

    done = subprocess.run(
        [sys.executable, app],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )

    assert [*(tmp_path / "cdk.out").glob("*.template.json")]
    if following.language == "text":
        assert done.returncode == 1
        assert_quoted(following.code.splitlines()[0], done.stdout + done.stderr)
    else:
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_guard_finds_nothing_after_the_line_that_fixes_a_stack() -> None:
    """The README names the line, for the example with the finding."""
    line = "Mixins.of(app).apply(EnsureServiceLinkedRoles())"
    (block,) = (each for each in BLOCKS if "RoleGuard(" in each.code)
    names = {"Mixins": Mixins, "EnsureServiceLinkedRoles": EnsureServiceLinkedRoles}

    assert f"`{line}`" in TEXT
    code = block.code.replace("app.synth()", f"{line}\napp.synth()")
    exec(compile(code, str(README), "exec"), names)  # noqa: S102 - an example of the README


def test_every_output_is_compared() -> None:
    """An output that no test compares fails this one."""
    shown = [each.code.splitlines()[0] for each in BLOCKS if each.language == "text"]

    assert len(shown) == len(OUTPUTS)
    for first, output in zip(shown, OUTPUTS, strict=True):
        assert first.startswith(output)
    assert {each.language for each in BLOCKS} == {"python", "sh", "text"}


def _assert_words(words: list[str], expected: str) -> None:
    assert f" {shlex.join(words)}" in re.sub(r"[\\\s]+", " ", expected)


def _assert_can_be_installed(words: list[str]) -> None:
    """Assert that the package has the extra, or that the file of requirements exists."""
    assert words[0] == "install"
    for word in words[1:]:
        if word.endswith(".txt"):
            assert (ROOT / word).is_file()
        elif not word.startswith("-"):
            name, _, extra = word.partition("[")
            assert name == PROJECT["name"]
            assert not extra or extra[:-1] in PROJECT["optional-dependencies"]


def _assert_is_a_target(words: list[str]) -> None:
    (target,) = words
    assert re.search(rf"^{target}: ", (ROOT / "Makefile").read_text(), re.MULTILINE)


#: what checks the words after the name of each program.
CHECKS: dict[str, Callable[[list[str]], None]] = {
    "slr-constructs": lambda words: assert_commands_exist([shlex.join(words)]),
    "pip": _assert_can_be_installed,
    "make": _assert_is_a_target,
    # the emulated deployments run these
    "cdk": lambda words: None if "--app" in words else pytest.fail(shlex.join(words)),
    "npm": lambda words: _assert_words(words, "npm install --global aws-cdk"),
    # the help of the command `baseline` has the same command
    "aws": lambda words: _assert_words(words, run_command("baseline", "--help").stdout),
}


@pytest.mark.parametrize("line", _lines_of("sh"))
def test_a_command_exists(line: str) -> None:
    """Each line calls a program that a check knows, with a command or a target that exists."""
    program, *words = shlex.split(line, comments=True)

    CHECKS[program](words)


def test_the_commands_for_templates_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the folders and files that the README names."""
    monkeypatch.chdir(tmp_path)
    for folder in ("old.out", "cdk.out"):
        build(App(context=CONTEXT, outdir=str(tmp_path / folder))).synth()
    shutil.copy("cdk.out/LiveShowHotline.template.json", "template.yaml")
    account = ("audit", "leases", "release", "restore")

    ran = 0
    for line in _lines_of("sh"):
        program, *words = shlex.split(line, comments=True)
        if program != "slr-constructs" or words[0] in account:
            continue
        result = run_command(*words)
        assert result.exit_code == 0, f"{line}: {result.output}"
        ran += 1
    assert ran > 7
    assert Path("order.html").is_file()
    assert "Custom::ServiceLinkedRole" in Path("baseline.json").read_text()


def test_the_readme_links_the_files_of_each_feature() -> None:
    """The row of a feature has its page, its example, and its stack of the sample app."""
    rows = [line for line in TEXT.splitlines() if "`AWSServiceRoleFor" in line and "|" in line]
    files = {*(ROOT / "examples").glob("*.py"), *(ROOT / "sample_app").glob("*_stack.py")}

    links = [file_of(link) for row in rows for link in re.findall(r"\]\((https[^)]+)\)", row)]
    assert files <= {*links}
    assert len(rows) == 5
