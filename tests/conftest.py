"""Shared by all tests: fixtures, the number of Hypothesis examples, and the data of botocore.

The environment variable HYPOTHESIS_PROFILE selects the number of examples: `fast` is the default,
and `exhaustive` runs four times as many. A test may use a multiple of this number. With
`exhaustive`, all Hypothesis tests get the marker `exhaustive`, so that `-m exhaustive` selects them
too.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

# The Makefile exports the same variables; this is for calls of pytest without make. They must be
# set before the first import of CDK, because jsii starts its process then. It must use the Node of
# this environment, not another one on the PATH, and a cache outside of the home folder.
_BIN = Path(sys.executable).parent
if os.environ["PATH"].split(os.pathsep)[0] != str(_BIN):
    os.environ["PATH"] = f"{_BIN}{os.pathsep}{os.environ['PATH']}"
os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(_BIN.parent / "cache/jsii"))
# CDK, npm and pip keep caches in the home folder; those of tests stay in the environment
_HOME = _BIN.parent / "cache/home"
_HOME.mkdir(parents=True, exist_ok=True)
os.environ["HOME"] = str(_HOME)
# CDK never deletes the assembly of an app without `outdir`; workers inherit the folder
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="slr-")
    atexit.register(shutil.rmtree, os.environ["TMPDIR"], ignore_errors=True)

import boto3  # noqa: E402
import pytest  # noqa: E402
from aws_cdk import App, Stack  # noqa: E402
from coverage import Coverage  # noqa: E402
from hypothesis import settings  # noqa: E402
from jsii._kernel.providers import process as jsii_process  # noqa: E402

from tests.botocore_loader import share_botocore_data  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Generator

    from _pytest.terminal import TerminalReporter

EXHAUSTIVE = "exhaustive"
# without deadline: a slow example on a shared machine is not an error
settings.register_profile("fast", max_examples=25, deadline=None)
settings.register_profile(EXHAUSTIVE, max_examples=100, deadline=None)
# before any test is imported, because a test reads its settings when it is defined
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

pytest_plugins = ["slr_constructs.testing.plugin", "pytester"]


def pytest_configure(config: pytest.Config) -> None:
    """Load the data of botocore once for all tests of a process, and keep coverage fast."""
    share_botocore_data()
    if measuring := Coverage.current():
        if config.getoption("dist", "no") != "no":
            # this process runs no tests, so it has nothing to measure
            measuring.stop()
            return
        # imported here because only coverage needs it, and cfn-lint takes a second
        from tests.untraced import trace_only_this_library  # noqa: PLC0415

        trace_only_this_library()
    # jsii prints a warning of CDK when a thread has read it, which may be while a later test runs a
    # command: click captures `sys.stderr`, but not the stream of the process
    streams = {"stdout": sys.__stdout__, "stderr": sys.__stderr__}
    jsii_process.sys = SimpleNamespace(**{**vars(sys), **streams})  # type: ignore[assignment,attr-defined]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark Hypothesis tests as exhaustive if they run the larger number of examples."""
    if settings.get_current_profile_name() != EXHAUSTIVE:
        return
    for item in items:
        uses_hypothesis = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if uses_hypothesis or item.get_closest_marker("hypothesis"):
            item.add_marker(EXHAUSTIVE)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exclude modules from garbage collection, because they are never freed.

    CDK and botocore are so large that collecting them takes a fifth of the time of all tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def _no_default_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset boto3's default session, which keeps the credentials of the first test that uses it."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def stack() -> Stack:
    """Return an empty stack in a new app."""
    return Stack(App(), "Stack")


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the summaries that tests recorded; xdist sends them to this process."""
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties if report.when == "call" else ():
            if name == "summary":
                terminalreporter.write_line(str(line))
