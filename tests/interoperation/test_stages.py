"""Stages, by themselves and in pipelines that update themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Environment, Stack, Stage, Validations, aws_codecommit, pipelines

from slr_constructs import RoleGuard, ServiceLinkedRole, catalogue
from tests.interoperation.guarded import guarded, said, said_of, violations_of
from tests.interoperation.test_plain_resources import everything_right, recording

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct


def stage(scope: Construct, name: str, *, right: bool) -> Stage:
    """Define a stage with one stack."""
    made = Stage(scope, name, env=Environment(account="111122223333", region="us-east-1"))
    stack = Stack(made, "Show")
    if right:
        everything_right(stack)
    else:
        recording(stack)
    return made


def test_every_stage_is_read() -> None:
    """One may be right and another wrong."""

    def define(app: App) -> None:
        stage(app, "Beta", right=True)
        stage(app, "Prod", right=False)

    assert said_of(define) == [("RoleNotDeclared", "Prod/Show/Recording")]


def test_a_guard_may_watch_one_stage_alone(tmp_path: Path) -> None:
    """The others are not its own."""
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    stage(app, "Beta", right=False)
    Validations.of(stage(app, "Prod", right=False)).add_plugins(RoleGuard())

    assert said(violations_of(app)) == [("RoleNotDeclared", "Prod/Show/Recording")]


def test_one_guard_may_watch_two_stages(tmp_path: Path) -> None:
    """And does not speak of a third."""
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    guard = RoleGuard()
    for name, guarded_too in (("Beta", True), ("Gamma", False), ("Prod", True)):
        made = stage(app, name, right=False)
        if guarded_too:
            Validations.of(made).add_plugins(guard)

    assert said(violations_of(app)) == [
        ("RoleNotDeclared", "Beta/Show/Recording"),
        ("RoleNotDeclared", "Prod/Show/Recording"),
    ]


@pytest.mark.parametrize("right", [True, False])
def test_a_pipeline_has_its_stages_guarded(*, right: bool) -> None:
    """The pipeline's own stack has nothing to say, and the stages below it are seen."""

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
    assert said_of(define) == expected


def test_a_role_may_be_in_another_stack_of_the_stage() -> None:
    """Of the same one, and if it is waited for."""

    def define(app: App) -> None:
        made = Stage(app, "Prod")
        roles, show = Stack(made, "Roles"), Stack(made, "Show")
        ServiceLinkedRole(roles, "Role", definition=catalogue.IVS_RECORD_TO_S3)
        recording(show)
        show.add_stack_dependency(roles)

    assert said(guarded(define)) == []
