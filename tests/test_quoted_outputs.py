"""Outputs that the README and the pages of the site quote are those that the library prints."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack, aws_chime

from sample_app.app import build
from slr_constructs import VoiceConnectorStreaming, catalogue
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_MARK,
    CREATED_TAG,
    LEASE_TAG,
)
from slr_constructs.testing import assert_deleted_before, order_lines
from tests.cli.commands import run_command
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT, connect, sign_in
from tests.readme_blocks import assert_quoted
from tests.templates.apps import CONTEXT


def _change(template: Path, type_name: str, **changes: object) -> None:
    """Change the resource of a type in a template."""
    contents = json.loads(template.read_text())
    (resource,) = (each for each in contents["Resources"].values() if each["Type"] == type_name)
    resource.pop("DependsOn")
    resource["Properties"] |= changes
    template.write_text(json.dumps(contents))


def test_quoted_outputs_about_the_sample_app(tmp_path: Path) -> None:
    """The order of a stack, two changes of templates, and the lines of an order snapshot."""
    app = build(App(context=CONTEXT, outdir=str(tmp_path / "old.out")))
    old = Path(app.synth().directory)
    new = shutil.copytree(old, tmp_path / "cdk.out")
    _change(new / "LiveShowCommercials.template.json", "AWS::MediaTailor::PlaybackConfiguration")
    _change(
        new / "LiveShowBroadcast.template.json",
        "AWS::IVS::RecordingConfiguration",
        ThumbnailConfiguration={"RecordingMode": "DISABLED"},
    )
    hotline = app.node.find_child("LiveShowHotline")
    assert isinstance(hotline, Stack)

    assert_quoted("LiveShowHotline", run_command("order", old, "--only-roles").stdout)
    assert_quoted("worse    LiveShowCommercials: ", run_command("diff", old, new).stdout)
    snapshot = "\n".join(f'"{line}",' for line in order_lines(hotline))
    assert_quoted('"create 5  AWSServiceRoleForAmazonChimeVoiceConnector', snapshot)


def test_quoted_failure_of_an_assertion(stack: Stack) -> None:
    """The owner in the README's sentence is not connected with the feature."""
    aws_chime.CfnVoiceConnector(stack, "Lines", name="lines", require_encryption=True)
    VoiceConnectorStreaming(stack, "LinesStreaming", voice_connector="abcdef1ghij2klmno3pqr4")

    with pytest.raises(AssertionError) as failure:
        assert_deleted_before(stack, "LinesStreaming", "Lines")

    assert_quoted("LinesStreaming/Resource (LinesStreaming73B2EBD6) is not", str(failure.value))


def test_quoted_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account has the role, two leases on it, and three usages."""
    sign_in(monkeypatch)
    world = connect(monkeypatch)
    account = world.account(ACCOUNT)
    existing = account.add_stack("LiveShowCommercials", "eu-west-1")
    deleted = account.add_stack("OldShow", "eu-west-1", status="DELETE_COMPLETE")
    account.add_role(
        catalogue.MEDIATAILOR,
        description=f"Role of our channels {CREATED_MARK}",
        tags={CREATED_TAG: "true", f"{LEASE_TAG}a": existing, f"{LEASE_TAG}b": deleted},
        last_used=(datetime(2026, 11, 20, tzinfo=UTC), "eu-west-1"),
    )
    tags = {"Tags": {"aws:cloudformation:stack-id": existing}}
    for kind, region, name, configuration in (
        (features.PLAYBACK_CONFIGURATION, "eu-west-1", "ads", {"PercentEnabled": 10}),
        (features.PLAYBACK_CONFIGURATION, "us-east-1", "by-hand", {"PercentEnabled": 1}),
        (features.LINEAR_CHANNEL, "eu-west-1", "linear", {"LogTypes": ["AS_RUN"]}),
    ):
        data: dict[str, Any] = {"LogConfiguration": configuration}
        world.features.add(kind, ACCOUNT, region, name, data | (tags if name != "by-hand" else {}))

    assert_quoted("account 111122223333", run_command("audit", "mediatailor").stdout)
