"""`slr-constructs diff`: text, JSON and Markdown, and the exit status."""

from __future__ import annotations

import ast
import json
import re
from functools import partial
from pathlib import Path

import aws_cdk
import pytest
from aws_cdk import Stack, Stage, aws_sns

from slr_constructs import RoleRemoval, ServiceLinkedRole, catalogue
from slr_constructs.templates import comparison
from tests.cli.commands import run_command
from tests.templates.apps import CONTEXT

ROOT = Path(__file__).parents[2]
ROLE = "`AWSServiceRoleForMediaTailor`"
WORSE = (
    f"deleting this stack would now delete {ROLE}, or fail while another stack or resource needs it"
)
BETTER = f"deleting this stack would now leave {ROLE} in the account"


def assembly(folder: Path, **removals: RoleRemoval) -> Path:
    """Write an assembly of stacks with a role, and return its directory."""
    app = aws_cdk.App(outdir=str(folder), analytics_reporting=False, context=CONTEXT)
    for name, removal in removals.items():
        ServiceLinkedRole(
            Stack(app, name), "Role", definition=catalogue.MEDIATAILOR, removal=removal
        )
    app.synth()
    return folder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return the old version, with two stacks."""
    return assembly(
        tmp_path / "old.out", Ads=RoleRemoval.WHEN_UNUSED, Shows=RoleRemoval.WHEN_UNUSED
    )


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Return the new version: one stack is worse, one is better, and one is new."""
    return assembly(
        tmp_path / "new.out",
        Shows=RoleRemoval.KEEP,
        Ads=RoleRemoval.REQUIRE,
        News=RoleRemoval.KEEP,
    )


run = partial(run_command, "diff")


def test_text_lists_changes_and_starts_with_the_worse_ones(old: Path, new: Path) -> None:
    """The exit status is 1, because something is worse."""
    result = run(old, new)

    assert result.exit_code == 1
    assert result.stdout == (
        f"worse    Ads: {WORSE}  [RemovalMoreDestructive]\n"
        "changed  News: the stack is new in the app  [StackAdded]\n"
        f"changed  News: {ROLE} is now declared: deleting this stack leaves it in the account "
        " [RoleAdded]\n"
        f"better   Shows: {BETTER}  [RemovalLessDestructive]\n"
        "Resources: 6 added, 0 removed.\n"
    )


def test_json_has_the_same_changes(old: Path, new: Path) -> None:
    """JSON also has the logical ids of the resources."""
    result = run(old, new, "--format", "json")
    report = json.loads(result.stdout)

    assert result.exit_code == 1
    assert (report["worse"], report["added"], report["removed"]) == (True, 6, 0)
    template = json.loads((new / "Ads.template.json").read_text())
    (role,) = (
        logical_id
        for logical_id, body in template["Resources"].items()
        if body["Type"] == "Custom::ServiceLinkedRole"
    )
    assert report["changes"][0] == {
        "code": "RemovalMoreDestructive",
        "verdict": "worse",
        "stack": "Ads",
        "resource": role,
        "text": WORSE,
    }
    assert [each["verdict"] for each in report["changes"]] == [
        "worse",
        "changed",
        "changed",
        "better",
    ]


def test_markdown_groups_changes_by_verdict(old: Path, new: Path) -> None:
    """The worse changes come first."""
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
        f"- `News`: {ROLE} is now declared: deleting this stack leaves it in the account"
        " (RoleAdded)\n"
        "\n"
        "**Better**\n"
        "\n"
        f"- `Shows`: {BETTER} (RemovalLessDestructive)\n"
        "\n"
        "<sub>Resources: 6 added, 0 removed.</sub>\n"
    )


def test_the_exit_status_is_0_if_nothing_gets_worse(old: Path, tmp_path: Path) -> None:
    """Other changes do not count."""
    better = assembly(tmp_path / "better.out", Ads=RoleRemoval.KEEP, Shows=RoleRemoval.KEEP)

    assert run(old, better).exit_code == 0
    heading = run(old, better, "--format", "markdown").stdout.splitlines()[0]
    assert heading == "### Order and service-linked roles: nothing gets worse"


def test_no_changes_are_reported_in_each_format(old: Path) -> None:
    """Text and Markdown have a sentence, JSON has an empty list."""
    assert run(old, old).stdout == (
        "No changes in the order of resources or in service-linked roles.\n"
        "Resources: 0 added, 0 removed.\n"
    )
    assert json.loads(run(old, old, "--format", "json").stdout)["changes"] == []
    assert run(old, old, "--format", "markdown").stdout == (
        "### Order and service-linked roles: no changes\n"
        "\n"
        "No changes in the order of resources or in service-linked roles.\n"
        "<sub>Resources: 0 added, 0 removed.</sub>\n"
    )


@pytest.mark.parametrize(
    "names", [("old.json", "new.yaml"), ("a/template.json", "b/template.json")]
)
def test_two_templates_are_versions_of_one_stack(tmp_path: Path, names: tuple[str, str]) -> None:
    """The names of the files do not matter."""
    paths = [tmp_path / each for each in names]
    for path, extra in zip(paths, ({}, {"DependsOn": "A"}), strict=True):
        path.parent.mkdir(exist_ok=True)
        kind = {"Type": "AWS::SNS::Topic"}
        path.write_text(json.dumps({"Resources": {"A": kind, "B": kind | extra}}))

    assert run(*paths).stdout.startswith(f"changed  {paths[1].stem}: `B` now depends on `A`")
    assert run(*reversed(paths)).exit_code == 1


def test_templates_of_an_assembly_can_be_compared(old: Path, new: Path) -> None:
    """For example with the deployed template."""
    result = run(old / "Ads.template.json", new / "Ads.template.json")

    assert result.stdout.startswith(f"worse    Ads: {WORSE}")


def staged(folder: Path, removal: RoleRemoval, *, ordered: bool) -> Path:
    """Write an assembly of two stages with the same stacks."""
    app = aws_cdk.App(outdir=str(folder), analytics_reporting=False, context=CONTEXT)
    for name in ("Beta", "Prod"):
        stage = Stage(app, name)
        roles, ads = Stack(stage, "Roles"), Stack(stage, "Ads")
        ServiceLinkedRole(roles, "Role", definition=catalogue.MEDIATAILOR, removal=removal)
        aws_sns.CfnTopic(ads, "Topic")
        if ordered:
            ads.add_stack_dependency(roles)
    app.synth()
    return folder


def test_the_same_change_in_several_stages_is_shown_once(tmp_path: Path) -> None:
    """JSON has an entry for each stack."""
    old = staged(tmp_path / "old.out", RoleRemoval.WHEN_UNUSED, ordered=True)
    new = staged(tmp_path / "new.out", RoleRemoval.REQUIRE, ordered=False)
    lost = "the stack no longer depends on `Roles`"

    assert run(old, new).stdout == (
        f"worse    Beta/Roles and Prod/Roles: {WORSE}  [RemovalMoreDestructive]\n"
        f"worse    Beta/Ads and Prod/Ads: {lost}  [StackOrderLost]\n"
        "Resources: 0 added, 0 removed.\n"
    )
    assert run(old, new, "--format", "markdown").stdout.splitlines()[:6] == [
        "### Order and service-linked roles: 2 of 2 changes for the worse",
        "",
        "**Worse**",
        "",
        f"- `Beta/Roles` and `Prod/Roles`: {WORSE} (RemovalMoreDestructive)",
        f"- `Beta/Ads` and `Prod/Ads`: {lost} (StackOrderLost)",
    ]
    changes = json.loads(run(old, new, "--format", "json").stdout)["changes"]
    assert [each["stack"] for each in changes] == [
        "Beta/Roles",
        "Prod/Roles",
        "Beta/Ads",
        "Prod/Ads",
    ]
    gained = run(new, old).stdout
    assert "Beta/Ads and Prod/Ads: the stack now depends on `Roles`  [StackOrderGained]" in gained


@pytest.mark.parametrize("manifest", ["", "manifest.json"])
@pytest.mark.parametrize("reverse", [False, True])
def test_fails_if_an_assembly_is_compared_with_a_template(
    old: Path, manifest: str, *, reverse: bool
) -> None:
    """All stacks of the assembly would be new or removed."""
    paths = [old / manifest, old / "Ads.template.json"]
    kinds = [f"an assembly ({paths[0]})", f"a template ({paths[1]})"]
    if reverse:
        paths, kinds = paths[::-1], kinds[::-1]

    result = run(*paths)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "slr-constructs: OLD and NEW must be two assemblies or two templates, got"
        f" {kinds[0]} and {kinds[1]}\n"
    )


def test_output_is_written_to_a_file(old: Path, new: Path, tmp_path: Path) -> None:
    """The exit status does not change."""
    file = tmp_path / "comment.md"
    result = run(old, new, "--format", "markdown", "--output", file)

    assert (result.exit_code, result.stdout) == (1, "")
    assert file.read_text() == run(old, new, "--format", "markdown").stdout


@pytest.mark.parametrize("which", [0, 1])
def test_fails_if_a_path_does_not_exist(old: Path, tmp_path: Path, which: int) -> None:
    """The error is one sentence on stderr, and the exit status is 2 instead of 1."""
    paths = [old, old]
    paths[which] = tmp_path / "cdk.out"

    result = run(*paths)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"slr-constructs: {tmp_path / 'cdk.out'}: no such file or directory\n"


def test_every_code_is_explained() -> None:
    """Codes are API: the page has exactly the codes of the source."""
    source = Path(comparison.__file__).read_text()
    codes = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and re.fullmatch(r"([A-Z][a-z]+){2,}", str(node.value))
    } | {"Renamed", "Replaced"}
    page = (ROOT / "docs" / "pull-request.md").read_text()
    rows = re.findall(r"^\| (`[A-Z].*?) \| (worse|changed|better)", page, re.MULTILINE)
    explained = {code for cell, _ in rows for code in re.findall(r"`(\w+)`", cell)}

    assert all(f'"{code}"' in source for code in explained)
    assert explained == codes - {"DependsOn"}
