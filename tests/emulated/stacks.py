"""Stacks of the emulated account: synthesized from CDK apps, deployed, updated and deleted.

boto3 deploys them in the same way as `cdk deploy` after it has uploaded the assets, because the
suite needs hundreds of deployments and the command line takes seconds for each.
`test_command_line.py` shows that the command line has the same results.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import App, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.emulator.server import Emulator

#: the bucket that `cdk bootstrap` creates; its name is the default synthesizer's.
_BUCKET = "cdk-hnb659fds-assets-{account}-{region}"


@dataclass(frozen=True, slots=True)
class Template:
    """A stack of a CDK app: its template, and the zip assets that it refers to."""

    name: str
    body: Mapping[str, Any]
    zips: Mapping[str, bytes] = field(repr=False)


def synthesized(define: Callable[[Stack], object], *, name: str = "Stack") -> Template:
    """Return a stack's template after its constructs are defined."""
    return synthesized_together({name: define})[name]


def synthesized_together(defined: Mapping[str, Callable[[Stack], object]]) -> dict[str, Template]:
    """Return the templates of stacks by name.

    The stacks are variants, which may have the same owner, so each of them is in an app of its own.
    """
    found: dict[str, Template] = {}
    for name, define in defined.items():
        app = App()
        define(Stack(app, name))
        found |= templates(Path(app.synth().directory))
    return found


def templates(assembly: Path) -> dict[str, Template]:
    """Return the stacks of a cloud assembly, by name."""
    found: dict[str, Template] = {}
    for path in sorted(assembly.glob("*.template.json")):
        name = path.name.removesuffix(".template.json")
        assets = json.loads((assembly / f"{name}.assets.json").read_text())
        found[name] = Template(
            name,
            json.loads(path.read_text()),
            {
                destination["objectKey"]: _zipped(assembly / file["source"]["path"])
                for file in assets["files"].values()
                if file["source"]["packaging"] == "zip"
                for destination in file["destinations"].values()
            },
        )
    return found


def _zipped(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.writestr(zipfile.ZipInfo(str(path.relative_to(folder))), path.read_bytes())
    return packed.getvalue()


@dataclass(frozen=True, slots=True)
class Ended:
    """The result of an operation on a stack."""

    stack_id: str
    status: str
    reasons: tuple[str, ...]

    @property
    def succeeded(self) -> bool:
        """Whether the operation succeeded."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}


@dataclass(frozen=True, slots=True)
class Begun:
    """An operation on a stack that is in progress."""

    account: Account
    region: str
    stack_id: str
    operations: int
    events: int = 0

    def end(self) -> Ended:
        """Wait for its end."""
        emulator = self.account.emulator
        emulator.wait_for(self.stack_id, self.operations)
        cloudformation = emulator.client("cloudformation", self.account.id, self.region)
        stack = cloudformation.describe_stacks(StackName=self.stack_id)["Stacks"][0]
        if stack["StackStatus"] == "DELETE_COMPLETE":
            # the next deployment creates a new stack
            self.account._ids.pop((self.region, stack["StackName"]), None)
        # the newest come first
        events = self.account.events(self.stack_id, self.region)
        events = events[: len(events) - self.events]
        reasons = tuple(
            f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in events
            if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
        )
        return Ended(self.stack_id, stack["StackStatus"], reasons)


class Account:
    """One account of the emulator, empty at first."""

    def __init__(self, emulator: Emulator, id: str) -> None:
        self.emulator = emulator
        self.id = id
        self._uploaded: set[tuple[str, str]] = set()
        self._ids: dict[tuple[str, str], str] = {}

    def begin_deploy(self, template: Template, region: str = "us-east-1") -> Begun:
        """Begin to create a stack, or to update it if it exists."""
        self._upload(template, region)
        cloudformation = self.emulator.client("cloudformation", self.id, region)
        known = self._ids.get((region, template.name))
        request = {
            "StackName": template.name,
            "TemplateBody": json.dumps(template.body),
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        }
        before = 0 if known is None else self.emulator.ended(known)
        events = 0 if known is None else len(self.events(known, region))
        if known is None:
            stack_id = cloudformation.create_stack(**request)["StackId"]
            self._ids[region, template.name] = stack_id
        else:
            stack_id = cloudformation.update_stack(**request)["StackId"]
        return Begun(self, region, stack_id, before + 1, events)

    def deploy(self, template: Template, region: str = "us-east-1") -> Ended:
        """Create a stack, or update it if it exists."""
        return self.begin_deploy(template, region).end()

    def begin_destroy(self, template: Template, region: str = "us-east-1") -> Begun:
        """Begin to delete a stack."""
        stack_id = self._ids[region, template.name]
        begun = Begun(
            self,
            region,
            stack_id,
            self.emulator.ended(stack_id) + 1,
            len(self.events(stack_id, region)),
        )
        cloudformation = self.emulator.client("cloudformation", self.id, region)
        cloudformation.delete_stack(StackName=stack_id)
        return begun

    def destroy(self, template: Template, region: str = "us-east-1") -> Ended:
        """Delete a stack; if that succeeds, the next deployment creates a new one."""
        return self.begin_destroy(template, region).end()

    def events(self, stack_id: str, region: str) -> list[dict[str, Any]]:
        """Return a stack's events, the newest first."""
        cloudformation = self.emulator.client("cloudformation", self.id, region)
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        return [event for page in pages for event in page["StackEvents"]]

    def _upload(self, template: Template, region: str) -> None:
        s3 = self.emulator.client("s3", self.id, region)
        bucket = _BUCKET.format(account=self.id, region=region)
        if (region, "") not in self._uploaded:
            elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else elsewhere))
            self.emulator.client("ssm", self.id, region).put_parameter(
                Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String"
            )
            self._uploaded.add((region, ""))
        for key, body in template.zips.items():
            if (region, key) not in self._uploaded:
                s3.put_object(Bucket=bucket, Key=key, Body=body)
                self._uploaded.add((region, key))
