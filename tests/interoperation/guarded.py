"""What the guard says at synth, as CDK reports it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import App, Stack, Validations

from slr_constructs import RoleGuard
from tests.templates.apps import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable

#: the file into which CDK writes what plugins report.
REPORT = "validation-report.json"


def violations_of(app: App) -> list[dict[str, Any]]:
    """Synthesize, and return what the guard reports."""
    try:
        app.synth()
    except RuntimeError as error:
        # CDK's own plugins may fail a synth too, and tests here are not about them
        assert str(error).startswith("ValidationFailed"), error  # noqa: PT017 - jsii has one class for all
    return reported(Path(app.outdir))


def reported(folder: Path) -> list[dict[str, Any]]:
    """Return what the guard has reported of an assembly."""
    report = json.loads((folder / REPORT).read_text())
    return [
        violation
        for plugin in report["pluginReports"]
        if plugin["pluginName"] == "slr-constructs"
        for violation in plugin["violations"]
    ]


def said(violations: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the rules that are broken, and the paths of the constructs that break them."""
    return [
        (each["ruleName"], construct["constructPath"])
        for each in violations
        for construct in each["violatingConstructs"]
    ]


def guarded(define: Callable[[App], object]) -> list[dict[str, Any]]:
    """Define an app that has the guard, and return what it reports."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder, analytics_reporting=False, context=CONTEXT)
        define(app)
        Validations.of(app).add_plugins(RoleGuard())
        return violations_of(app)


def said_of(define: Callable[[App], object]) -> list[tuple[str, str]]:
    """Define an app that has the guard, and return what the guard says."""
    return said(guarded(define))


def said_of_stack(define: Callable[[Stack], object]) -> list[tuple[str, str]]:
    """Define a stack `Show` in an app that has the guard, and return what the guard says."""
    return said_of(lambda app: define(Stack(app, "Show")))
