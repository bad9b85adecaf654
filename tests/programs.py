"""Programs that a few tests need and that a machine may lack."""

from __future__ import annotations

import os
import shutil

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
