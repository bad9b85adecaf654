"""The folder that Lambda gets: it runs by itself, and needs what Lambda has."""

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


def test_runs_without_the_library_around_it(tmp_path: Path) -> None:
    """The copied folder imports with boto3 alone beside it."""
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
def test_imports_what_lambda_has(module: Path) -> None:
    """The standard library, boto3, botocore, and its own modules relatively."""
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
    # no further up than the package that Lambda gets
    assert max(levels, default=0) <= len(module.relative_to(HANDLER).parts) - 1


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(HANDLER)))
def test_is_written_for_the_oldest_python_supported(module: Path) -> None:
    """The runtime may be newer; the tests that people run need not be."""
    ast.parse(module.read_text(), feature_version=(3, 11))
