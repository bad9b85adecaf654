"""Programs that tests start, and those that a machine may lack."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def require(*names: str) -> str:
    """Return the path of the first of these programs that is installed.

    Without any of them the test is skipped, but it fails in CI, where no test may be skipped.
    """
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        reason = f"this test needs {' or '.join(names)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def cfn_lint(*templates: Path) -> tuple[str, str, int]:
    """Return what cfn-lint prints about templates to stdout and stderr, and its exit status."""
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--", *templates],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr, done.returncode
