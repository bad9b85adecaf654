"""The Lambda asset: it needs only what the Lambda runtime provides."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

import slr_constructs.handler

HANDLER = Path(slr_constructs.handler.__file__).parent
SITE_PACKAGES = Path(boto3.__file__).parent.parent
MODULES = sorted(HANDLER.rglob("*.py"))
PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:]
from slr_handler.entrypoint import handler
print(handler.__module__)
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"aws_cdk", "jsii", "slr_constructs"}))
"""


def test_runs_without_slr_constructs(tmp_path: Path) -> None:
    """The copied folder needs only boto3."""
    asset = tmp_path / "asset"
    shutil.copytree(HANDLER, asset, ignore=shutil.ignore_patterns("__pycache__"))

    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, str(asset), str(SITE_PACKAGES)],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        text=True,
    )

    assert done.stdout.splitlines() == ["slr_handler.entrypoint", "[]"]
    assert done.stderr == ""


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(HANDLER)))
def test_imports_only_what_lambda_provides(module: Path) -> None:
    """The standard library, boto3, botocore, and relative imports of its own modules."""
    tree = ast.parse(module.read_text())
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and node.level == 0
            else []
        )
    }
    levels = {node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert imported - sys.stdlib_module_names - {"boto3", "botocore"} == set()
    # relative imports stay inside the package
    assert max(levels, default=0) <= len(module.relative_to(HANDLER).parts) - 1


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(HANDLER)))
def test_is_written_for_the_oldest_python_supported(module: Path) -> None:
    """The Lambda runtime may be newer than the Python of the tests."""
    ast.parse(module.read_text(), feature_version=(3, 11))
