"""The version: that of pyproject.toml, in one place, with and without an installation."""

from __future__ import annotations

import importlib.metadata
import runpy
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from click.testing import CliRunner

import slr_constructs
from scripts.project import PROJECT, ROOT
from slr_constructs import _version
from slr_constructs.cli.command_line import slr_constructs as command_line

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_version_is_that_of_pyproject() -> None:
    """Run `make lint` after you change it: the environment has the metadata of the installation."""
    assert slr_constructs.__version__ == PROJECT["version"]


def test_the_command_line_prints_the_same_version() -> None:
    """The text has the name of the program, for reports of problems."""
    printed = CliRunner().invoke(command_line, ["--version"], prog_name="slr-constructs").output

    assert printed == f"slr-constructs, version {slr_constructs.__version__}\n"


def test_a_copy_without_metadata_has_an_unknown_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value is a valid version, so that code that compares versions does not fail."""

    def not_found(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", not_found)

    assert runpy.run_path(str(_version.__file__))["__version__"] == "0+unknown"


def test_a_copied_folder_works_without_an_installation(tmp_path: Path) -> None:
    """Nothing else needs the metadata."""
    shutil.copytree(ROOT / "slr_constructs", tmp_path / "slr_constructs")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import slr_constructs;"
        " print(slr_constructs.__version__, slr_constructs.catalogue.MEDIATAILOR.role_name)"
    )

    # -S: without the installed packages, and so without the metadata of this one
    printed = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True
    ).stdout

    assert printed == "0+unknown AWSServiceRoleForMediaTailor\n"


def test_only_one_module_reads_the_version() -> None:
    """All others import it."""
    readers = {
        path.name
        for path in (ROOT / "slr_constructs").rglob("*.py")
        if "importlib.metadata" in path.read_text()
    }

    assert readers == {"_version.py"}
