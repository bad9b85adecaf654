"""`slr-constructs diff`: lines, JSON and a comment, and what the exit status says."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk
import pytest
from aws_cdk import Stack
from click.testing import CliRunner

from slr_constructs import RoleRemoval, ServiceLinkedRole, catalogue
from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.templates import comparison
from tests.templates.apps import CONTEXT

if TYPE_CHECKING:
    from click.testing import Result

ROOT = Path(__file__).parents[2]
ROLE = "`AWSServiceRoleForMediaTailor`"
WORSE = (
    f"destroying this stack would now delete {ROLE}, or fail while anything else holds or uses it"
)
BETTER = f"destroying this stack would now leave {ROLE} in the account"


def assembly(folder: Path, **removals: RoleRemoval) -> Path:
    """Write an assembly of stacks that hold a role, and return its folder."""
    app = aws_cdk.App(outdir=str(folder), analytics_reporting=False, context=CONTEXT)
    for name, removal in removals.items():
        ServiceLinkedRole(
            Stack(app, name), "Role", definition=catalogue.MEDIATAILOR, removal=removal
        )
    app.synth()
    return folder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return two stacks before."""
    return assembly(
        tmp_path / "old.out", Ads=RoleRemoval.WHEN_UNUSED, Shows=RoleRemoval.WHEN_UNUSED
    )


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Return one for the worse and one for the better, and a new one."""
    return assembly(
        tmp_path / "new.out",
        Shows=RoleRemoval.KEEP,
        Ads=RoleRemoval.REQUIRE,
        News=RoleRemoval.KEEP,
    )


def run(*arguments: object) -> Result:
    """Call the command."""
    return CliRunner().invoke(
        slr_constructs, ["diff", *map(str, arguments)], prog_name="slr-constructs"
    )


def test_changes_are_told_in_lines_the_worse_first(old: Path, new: Path) -> None:
    """And the exit status says that something is worse."""
    result = run(old, new)

    assert result.exit_code == 1
    assert result.stdout == (
        f"worse    Ads: {WORSE}  [RemovalMoreDestructive]\n"
        "changed  News: the stack is new in the app  [StackAdded]\n"
        f"changed  News: {ROLE} is declared now: destroying this stack leaves it in the account "
        " [RoleAdded]\n"
        f"better   Shows: {BETTER}  [RemovalLessDestructive]\n"
        "Resources: 6 added, 0 removed.\n"
    )


def test_json_has_the_same(old: Path, new: Path) -> None:
    """With the logical ids of what it is about."""
    result = run(old, new, "--format", "json")
    told = json.loads(result.stdout)

    assert result.exit_code == 1
    assert (told["worse"], told["added"], told["removed"]) == (True, 6, 0)
    template = json.loads((new / "Ads.template.json").read_text())
    (role,) = (
        logical_id
        for logical_id, body in template["Resources"].items()
        if body["Type"] == "Custom::ServiceLinkedRole"
    )
    assert told["changes"][0] == {
        "code": "RemovalMoreDestructive",
        "verdict": "worse",
        "stack": "Ads",
        "resource": role,
        "text": WORSE,
    }
    assert [each["verdict"] for each in told["changes"]] == [
        "worse",
        "changed",
        "changed",
        "better",
    ]


def test_markdown_is_a_comment(old: Path, new: Path) -> None:
    """By verdict, the worse first."""
    result = run(old, new, "--format", "markdown")

    assert result.exit_code == 1
    assert result.stdout == (
        "### Order and service-linked roles: 1 of 4 changes for the worse\n"
        "\n"
        "**Worse**\n"
        "\n"
        f"- `Ads`: {WORSE} (RemovalMoreDestructive)\n"
        "\n"
        "**Changed**\n"
        "\n"
        "- `News`: the stack is new in the app (StackAdded)\n"
        f"- `News`: {ROLE} is declared now: destroying this stack leaves it in the account"
        " (RoleAdded)\n"
        "\n"
        "**Better**\n"
        "\n"
        f"- `Shows`: {BETTER} (RemovalLessDestructive)\n"
        "\n"
        "<sub>Resources: 6 added, 0 removed.</sub>\n"
    )


def test_what_is_only_changed_or_better_is_no_harm(old: Path, tmp_path: Path) -> None:
    """The exit status is for what got worse."""
    better = assembly(tmp_path / "better.out", Ads=RoleRemoval.KEEP, Shows=RoleRemoval.KEEP)

    assert run(old, better).exit_code == 0
    heading = run(old, better, "--format", "markdown").stdout.splitlines()[0]
    assert heading == "### Order and service-linked roles: no harm"


def test_no_change_is_said_too(old: Path) -> None:
    """In each format."""
    assert run(old, old).stdout == (
        "No order and no role's lifecycle changes.\nResources: 0 added, 0 removed.\n"
    )
    assert json.loads(run(old, old, "--format", "json").stdout)["changes"] == []
    assert run(old, old, "--format", "markdown").stdout == (
        "### Order and service-linked roles: unchanged\n"
        "\n"
        "No order and no role's lifecycle changes.\n"
        "<sub>Resources: 0 added, 0 removed.</sub>\n"
    )


@pytest.mark.parametrize(
    "names", [("old.json", "new.yaml"), ("a/template.json", "b/template.json")]
)
def test_two_templates_are_versions_of_one_stack(tmp_path: Path, names: tuple[str, str]) -> None:
    """Whatever their files are called."""
    paths = [tmp_path / each for each in names]
    for path, extra in zip(paths, ({}, {"DependsOn": "A"}), strict=True):
        path.parent.mkdir(exist_ok=True)
        kind = {"Type": "AWS::SNS::Topic"}
        path.write_text(json.dumps({"Resources": {"A": kind, "B": kind | extra}}))

    assert run(*paths).stdout.startswith(f"changed  {paths[1].stem}: `B` waits for `A` now")
    assert run(*reversed(paths)).exit_code == 1


def test_a_stack_of_an_assembly_is_compared_with_its_template(old: Path, new: Path) -> None:
    """With what is deployed, say."""
    result = run(old / "Ads.template.json", new / "Ads.template.json")

    assert result.stdout.startswith(f"worse    Ads: {WORSE}")


def test_the_comment_may_be_written(old: Path, new: Path, tmp_path: Path) -> None:
    """The exit status is the same."""
    file = tmp_path / "comment.md"
    result = run(old, new, "--format", "markdown", "--output", file)

    assert (result.exit_code, result.stdout) == (1, "")
    assert file.read_text() == run(old, new, "--format", "markdown").stdout


@pytest.mark.parametrize("which", [0, 1])
def test_fails_when_one_of_them_is_not_there(old: Path, tmp_path: Path, which: int) -> None:
    """One sentence, and 2, which is not 1."""
    paths = [old, old]
    paths[which] = tmp_path / "cdk.out"

    result = run(*paths)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"slr-constructs: {tmp_path / 'cdk.out'} is not there\n"


def test_every_code_is_explained() -> None:
    """Codes are API: the page has each of them, and no other."""
    source = Path(comparison.__file__).read_text()
    said = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and re.fullmatch(r"([A-Z][a-z]+){2,}", str(node.value))
    } | {"Renamed", "Replaced"}
    page = (ROOT / "docs" / "pull-request.md").read_text()
    rows = re.findall(r"^\| (`[A-Z].*?) \| (worse|changed|better)", page, re.MULTILINE)
    explained = {code for codes, _ in rows for code in re.findall(r"`(\w+)`", codes)}

    assert all(f'"{code}"' in source for code in explained)
    assert explained == said - {"DependsOn"}
