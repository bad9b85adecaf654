"""Helpers that return the findings of the guard at synthesis, as CDK reports them."""

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

#: CDK writes the reports of plugins to this file.
REPORT = "validation-report.json"


def violations_of(app: App) -> list[dict[str, Any]]:
    """Synthesize an app, and return the violations that the guard reports."""
    try:
        app.synth()
    except RuntimeError as error:
        # CDK's own plugins may also fail a synthesis, but these tests ignore them
        assert str(error).startswith("ValidationFailed"), error  # noqa: PT017 - jsii has one class for all
    return reported(Path(app.outdir))


def reported(folder: Path) -> list[dict[str, Any]]:
    """Return the violations in the report of an assembly."""
    report = json.loads((folder / REPORT).read_text())
    return [
        violation
        for plugin in report["pluginReports"]
        if plugin["pluginName"] == "slr-constructs"
        for violation in plugin["violations"]
    ]


def rules_and_paths(violations: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the rules and the construct paths of violations."""
    return [
        (each["ruleName"], construct["constructPath"])
        for each in violations
        for construct in each["violatingConstructs"]
    ]


def guarded(define: Callable[[App], object]) -> list[dict[str, Any]]:
    """Define an app with the guard, and return the violations."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder, analytics_reporting=False, context=CONTEXT)
        define(app)
        Validations.of(app).add_plugins(RoleGuard())
        return violations_of(app)


def reported_in_app(define: Callable[[App], object]) -> list[tuple[str, str]]:
    """Define an app with the guard, and return the rules and construct paths of violations."""
    return rules_and_paths(guarded(define))


def reported_in_stack(define: Callable[[Stack], object]) -> list[tuple[str, str]]:
    """Define a stack `Show` in an app with the guard, and return the same."""
    return reported_in_app(lambda app: define(Stack(app, "Show")))
