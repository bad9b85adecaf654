"""Stages in apps and in self-mutating pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Environment, Stack, Stage, Validations, aws_codecommit, pipelines

from slr_constructs import RoleGuard, ServiceLinkedRole, catalogue
from tests.interoperation.guarded import guarded, reported_in_app, rules_and_paths, violations_of
from tests.interoperation.test_plain_resources import everything_right, recording

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct


def stage(scope: Construct, name: str, *, right: bool) -> Stage:
    """Define a stage with one stack."""
    new = Stage(scope, name, env=Environment(account="111122223333", region="us-east-1"))
    stack = Stack(new, "Show")
    if right:
        everything_right(stack)
    else:
        recording(stack)
    return new


def test_every_stage_is_read() -> None:
    """Only one of two stages has a finding."""

    def define(app: App) -> None:
        stage(app, "Beta", right=True)
        stage(app, "Prod", right=False)

    assert reported_in_app(define) == [("RoleNotDeclared", "Prod/Show/Recording")]


def test_a_guard_can_check_only_one_stage(tmp_path: Path) -> None:
    """It does not check the other stages."""
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    stage(app, "Beta", right=False)
    Validations.of(stage(app, "Prod", right=False)).add_plugins(RoleGuard())

    assert rules_and_paths(violations_of(app)) == [("RoleNotDeclared", "Prod/Show/Recording")]


def test_one_guard_can_check_two_stages(tmp_path: Path) -> None:
    """It does not check a third stage."""
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    guard = RoleGuard()
    for name, guarded_too in (("Beta", True), ("Gamma", False), ("Prod", True)):
        checked = stage(app, name, right=False)
        if guarded_too:
            Validations.of(checked).add_plugins(guard)

    assert rules_and_paths(violations_of(app)) == [
        ("RoleNotDeclared", "Beta/Show/Recording"),
        ("RoleNotDeclared", "Prod/Show/Recording"),
    ]


@pytest.mark.parametrize("right", [True, False])
def test_the_stages_of_a_pipeline_are_checked(*, right: bool) -> None:
    """The stack of the pipeline has no finding, and its stages are checked."""

    def define(app: App) -> None:
        env = Environment(account="111122223333", region="us-east-1")
        delivery = Stack(app, "Delivery", env=env)
        repository = aws_codecommit.Repository(delivery, "Repository", repository_name="show")
        source = pipelines.CodePipelineSource.code_commit(repository, "main")
        pipeline = pipelines.CodePipeline(
            delivery,
            "Pipeline",
            self_mutation=True,
            synth=pipelines.ShellStep("Synth", input=source, commands=["npx cdk synth"]),
        )
        pipeline.add_stage(stage(delivery, "Beta", right=True))
        pipeline.add_stage(stage(delivery, "Prod", right=right))

    expected = [] if right else [("RoleNotDeclared", "Delivery/Prod/Show/Recording")]
    assert reported_in_app(define) == expected


def test_a_role_may_be_in_another_stack_of_the_stage() -> None:
    """The other stack is in the same stage, and the stack depends on it."""

    def define(app: App) -> None:
        prod = Stage(app, "Prod")
        roles, show = Stack(prod, "Roles"), Stack(prod, "Show")
        ServiceLinkedRole(roles, "Role", definition=catalogue.IVS_RECORD_TO_S3)
        recording(show)
        show.add_stack_dependency(roles)

    assert rules_and_paths(guarded(define)) == []
