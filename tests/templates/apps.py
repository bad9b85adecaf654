"""Synthesize CDK apps and read their assemblies."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk

from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate

if TYPE_CHECKING:
    from collections.abc import Callable

#: context that the CDK command line sets, and an app without it does not.
CONTEXT = {"aws:cdk:enable-path-metadata": True}


def read_back(*definitions: Callable[[aws_cdk.App], object]) -> App:
    """Define one or more apps, synthesize them, and read their assemblies together."""
    with tempfile.TemporaryDirectory() as parent:
        folders = [Path(parent, str(number)) for number in range(len(definitions))]
        for folder, define in zip(folders, definitions, strict=True):
            app = aws_cdk.App(outdir=str(folder), analytics_reporting=False, context=CONTEXT)
            define(app)
            app.synth()
        return App.read(folders)


def stack_of(define: Callable[[aws_cdk.Stack], object]) -> App:
    """Define one stack, synthesize it, and read it as an app."""
    return read_back(lambda app: define(aws_cdk.Stack(app, "Show")))


def plain(**resources: Any) -> App:  # noqa: ANN401 - any part of a resource
    """Return an app of one template; resources without a type get one that is unknown."""
    bodies = {name: {"Type": "Some::Type"} | each for name, each in resources.items()}
    return App([StackTemplate("Show", {"Resources": bodies})])
