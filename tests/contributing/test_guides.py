"""The guides of CONTRIBUTING.md add a feature and a rule to a copy of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contributing.guide import ROOT, Step, copy_to, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FEATURE = steps_of("Add a feature")
RULE = steps_of("Add a rule")
#: the changes of lists and tables, each of which a contributor may forget.
CHANGES = [step for step in FEATURE if step.is_change]
#: what the guide's own files, and the tables that they are added to, are tested with.
FEATURE_TESTS = (
    "tests/features/test_example_archiving.py",
    "tests/handler/operations",
    "tests/handler/test_inline_code.py",
    "tests/handler/test_rules.py",
    "tests/test_architecture.py",
    "tests/test_public_api.py",
    "tests/test_resource_types.py",
    "tests/test_role_guard.py",
)
SELECTED = (
    "example_archiving or ExampleArchiving or test_architecture or inline_code_is_the_handler"
    " or test_rules or has_a_row or public_surface or lists_of_public_names"
    " or one_record_and_one_example or every_contract"
)
#: the account commands know the new kind of resource.
KNOWS_THE_KIND = (
    "from slr_constructs.account.usages import kinds_of;"
    " from slr_constructs.catalogue import EXAMPLE;"
    " assert [kind.name for kind in kinds_of(EXAMPLE)] == ['sensor']"
)


def _run(folder: Path, *arguments: str, tool: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python, or a tool of the environment, in a copy."""
    # pytest and xdist pass these on to the processes that they start
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    return subprocess.run(
        [Path(sys.executable).with_name(tool) if tool else sys.executable, *arguments],
        cwd=folder,
        env=environment | {"AWS_DATA_PATH": str(Path(__file__).parent / "models")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = ("-q", "-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider")
    return _run(folder, "-m", "pytest", *options, *arguments)


def _lint(folder: Path) -> Iterator[subprocess.CompletedProcess[str]]:
    yield _run(folder, "check", "--no-cache", tool="ruff")
    yield _run(folder, "format", "--check", "--no-cache", tool="ruff")


def _add_feature(folder: Path, steps: Sequence[Step]) -> Iterator[subprocess.CompletedProcess[str]]:
    """Follow the steps, and run what the guide says, one command after the other."""
    copy_to(folder, steps)
    yield _run(folder, "-m", "tests.handler.inline_code")
    yield from _lint(folder)
    yield _run(folder, "-c", KNOWS_THE_KIND)
    yield _pytest(folder, "-x", *FEATURE_TESTS, "-k", SELECTED)


def test_a_feature_is_added_by_the_guide(tmp_path: Path) -> None:
    """Its tests pass, and commands and policies know it without any other change."""
    for done in _add_feature(tmp_path, FEATURE):
        assert done.returncode == 0, done.stdout

    shown = _run(tmp_path, "-m", "slr_constructs.cli", "catalogue", "example").stdout
    policies = [
        _run(tmp_path, "-m", "slr_constructs.cli", "policy", each, "example").stdout
        for each in ("--function", "--audit", "--release", "--restore")
    ]
    assert "AWSServiceRoleForExample" in shown
    assert ["example:" in each for each in policies] == [True] * 4
    assert "example:DeleteArchive" in policies[0]
    assert "example:ListSensors" in policies[1]


@pytest.mark.exhaustive
@pytest.mark.parametrize("left_out", CHANGES, ids=lambda step: step.path)
def test_a_step_that_is_left_out_is_found(left_out: Step, tmp_path: Path) -> None:
    """Ruff or a test fails for each list and each table that misses the feature."""
    steps = [step for step in FEATURE if step is not left_out]

    assert any(done.returncode for done in _add_feature(tmp_path, steps))


@pytest.mark.exhaustive
def test_the_types_of_the_feature_are_right(tmp_path: Path) -> None:
    """The files of the guide pass mypy, with the settings of the project."""
    copy_to(tmp_path, FEATURE)
    if (known := ROOT / ".mypy_cache").exists():
        # the types of other packages, which take a minute to read
        shutil.copytree(known, tmp_path / ".mypy_cache")
    files = [step.path for step in FEATURE if step.path.startswith("tests/")]

    done = _run(tmp_path, "slr_constructs", *files, tool="mypy")

    assert done.returncode == 0, done.stdout


@pytest.mark.exhaustive
def test_each_table_that_the_guide_names_misses_the_feature(tmp_path: Path) -> None:
    """The guide shows some of the rows; a test of each other table names what is missing."""
    copy_to(tmp_path, FEATURE)
    tests = {
        "tests/account/test_usages.py": "every_kind_has_a_unique_name",
        "tests/cli/test_policy.py": "function_policy_has_exactly_the_actions",
        "tests/features/test_every_feature.py": "every_custom_resource_has_a_recipe",
        "tests/features/test_prop_kinds.py": "every_prop_is_checked",
        "tests/handler/test_marks.py": "every_marked_feature_has_a_row",
        "tests/test_errors.py": "every_code_has_a_test",
        "tests/test_handler_function.py": "a_stack_with_everything",
    }

    done = _pytest(tmp_path, *tests, "-k", " or ".join(tests.values()))

    failed = set(re.findall(r"^FAILED (\S+?)::", done.stdout, re.MULTILINE))
    assert failed == {*tests}


def test_a_rule_is_added_by_the_guide(tmp_path: Path) -> None:
    """`check` finds the module, and the case has exactly the expected finding."""
    copy_to(tmp_path, RULE)

    for done in (
        _run(tmp_path, "-m", "tests.guard.rules_page"),
        *_lint(tmp_path),
        _pytest(tmp_path, "tests/guard/test_rules.py", "tests/guard/test_cases.py"),
    ):
        assert done.returncode == 0, done.stdout

    assert "### EmptyDescription" in (tmp_path / "docs/rules.md").read_text()
    case = tmp_path / "tests/guard/cases/role-with-an-empty-description.yaml"
    done = _run(tmp_path, "-m", "slr_constructs.cli", "check", str(case))
    assert "declares `AWSServiceRoleForMediaTailor` with an empty description" in done.stdout
