"""Remove every dependency that the library adds, one at a time, and detect that it is missing.

CloudFormation may work on independent resources in any order, so that a missing dependency has no
effect if the order is correct by chance. The tests choose a seed whose order is incorrect without
the dependency, and check that the complete template works with the same seed.
"""

from __future__ import annotations

import collections
import copy
import dataclasses
import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from aws_cdk import aws_s3, aws_sns, aws_sqs
from ministack.services import s3, sns, sqs
from ministack.services.cloudformation import provisioners, stacks

from slr_constructs import (
    IvsRecordingConfiguration,
    ServiceLinkedRole,
    VoiceConnectorStreaming,
)
from slr_constructs.templates.order import dependencies
from tests.emulated.emulator.patches import seeded_order
from tests.emulated.recipes import prepared, templates_of_recipes
from tests.emulated.stacks import synthesized_together
from tests.emulated.verdict import broken, left
from tests.fake_services import features
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aws_cdk import Stack

    from tests.emulated.stacks import Account, Ended, Template
    from tests.fake_services.features import TargetResource

_SEEDS = 40
_NAME = "ChimeVoiceConnector-Streaming"
#: the native properties of owners that need their role.
_LOGS = {"LogConfiguration", "IngressAccessLogs", "EgressAccessLogs"}


def _bucket_with_a_policy(stack: Stack) -> None:
    bucket = aws_s3.Bucket(stack, "Bucket", enforce_ssl=True)
    IvsRecordingConfiguration(stack, "Feature", bucket=bucket)


def _notifications(stack: Stack) -> None:
    VoiceConnectorStreaming(
        stack,
        "Feature",
        voice_connector="a" * 22,
        notification_targets=[
            aws_sns.Topic(stack, "Topic", topic_name=f"{_NAME}-calls"),
            aws_sqs.Queue(stack, "Queue", queue_name=f"{_NAME}-calls"),
        ],
    )


def _native_role(recipe: str, stack: Stack) -> None:
    role = ServiceLinkedRole(stack, "Role", definition=RECIPES[recipe].definition, native=True)
    RECIPES[recipe].define(stack, "a", role)


#: stacks in addition to the recipes: by name, the stack, and the recipe with its existing owner.
_MORE: dict[str, tuple[Callable[[Stack], None], str]] = {
    "bucket with a policy": (_bucket_with_a_policy, "recording"),
    "notifications to topic and queue": (_notifications, "existing-voice"),
    **{
        f"native role of {recipe}": (functools.partial(_native_role, recipe), recipe)
        for recipe in ("voice", "recording", "sessions")
    },
}


@functools.cache
def _templates() -> Mapping[str, Template]:
    more = synthesized_together(
        {name.replace(" ", "-"): define for name, (define, _) in _MORE.items()}
    )
    return templates_of_recipes() | {
        name: dataclasses.replace(more[name.replace(" ", "-")], name="Stack") for name in _MORE
    }


@dataclass(frozen=True, slots=True)
class Edge:
    """One resource that depends on another by `DependsOn`, in one of the stacks."""

    stack: str
    dependent: str
    dependency: str

    @property
    def name(self) -> str:
        """Return the name for a test id."""
        return f"{self.stack}: {_readable(self.dependent)} -> {_readable(self.dependency)}"

    def removed_from(self, template: Template) -> Template:
        """Return the template without this dependency."""
        body = copy.deepcopy(dict(template.body))
        dependent = body["Resources"][self.dependent]
        dependent["DependsOn"] = [
            each for each in _depends_on(dependent) if each != self.dependency
        ]
        return dataclasses.replace(template, body=body)

    @property
    def implied(self) -> bool:
        """Whether other dependencies have the same effect if the stack is complete."""
        needs = dependencies(self.removed_from(_templates()[self.stack]).body)
        reached, ahead = set[str](), {self.dependent}
        while ahead:
            reached |= ahead
            ahead = {each for name in ahead for each in needs[name]} - reached
        return self.dependency in reached


def _depends_on(resource: Mapping[str, object]) -> list[str]:
    on = resource.get("DependsOn", [])
    return [on] if isinstance(on, str) else list(on)  # type: ignore[call-overload]


def _feature_of(template: Template) -> list[str]:
    """Return the resources that are deleted when the feature is removed and its owner stays."""
    return [name for name in template.body["Resources"] if name != "Owner"]


def _readable(logical_id: str) -> str:
    """Return a logical id without the hash that CDK appends."""
    return re.sub("[0-9A-F]{8}$", "", logical_id)


def _edges(template: Template) -> set[tuple[str, str]]:
    return {
        (dependent, dependency)
        for dependent, resource in template.body["Resources"].items()
        for dependency in _depends_on(resource)
    }


def _added_edges(name: str) -> Iterator[Edge]:
    template = _templates()[name]
    # dependencies that a stack shares with its recipe are tested there
    tested = [*_added_edges(_MORE[name][1])] if name in _MORE else []
    for each in sorted(_edges(template) - {(edge.dependent, edge.dependency) for edge in tested}):
        edge = Edge(name, *each)
        # a feature also depends on the limits because its role does, if the function manages that
        if not (_limits_events(template, edge.dependency) and edge.implied):
            yield edge


def _limits_events(template: Template, logical_id: str) -> bool:
    kind: str = template.body["Resources"][logical_id]["Type"]
    return kind == "AWS::Lambda::EventInvokeConfig"


_EDGES = [edge for name in _templates() for edge in _added_edges(name)]


def _showing(edge: Edge) -> set[int]:
    """Return the seeds that process the dependent, or resources that act through it, too early."""
    template = edge.removed_from(_templates()[edge.stack])
    resources = template.body["Resources"]
    if edge.implied:
        resources = {name: resources[name] for name in _feature_of(template)}
    acting = {edge.dependent}
    if resources[edge.dependent]["Type"] == "AWS::Lambda::Function":
        acting = {name for name, each in resources.items() if each["Type"].startswith("Custom::")}
    orders = {seed: seeded_order(resources, {}, str(seed)) for seed in range(_SEEDS)}
    return {
        seed
        for seed, order in orders.items()
        if not acting.isdisjoint(order[: order.index(edge.dependency)])
    }


@functools.cache
def _seeds() -> Mapping[Edge, str]:
    """Return a seed for every edge, preferring seeds that show many edges of the same stack."""
    showing = {edge: _showing(edge) for edge in _EDGES}
    shown = collections.Counter(
        (edge.stack, seed) for edge, seeds in showing.items() for seed in seeds
    )
    return {
        edge: str(max(sorted(seeds), key=lambda seed: shown[edge.stack, seed]))
        for edge, seeds in showing.items()
    }


def _whole() -> list[Edge]:
    """Return one edge for every seed of every stack, with and without an update."""
    return list({(edge.stack, edge.implied, _seeds()[edge]): edge for edge in _EDGES}.values())


def _whole_id(edge: Edge) -> str:
    way = "feature removed first" if edge.implied else "deploy and destroy"
    return f"{edge.stack}: {way} by seed {_seeds()[edge]}"


@pytest.fixture
def lost(account: Account, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Model side effects of features on other resources, and return lost notifications.

    Observed on AWS: CloudFormation does not create a bucket policy if one exists ("The bucket
    policy already exists on bucket …"). Our model: IVS adds its permissions to the bucket's policy
    when a recording configuration is created (AWS documents it only for real-time storage), and
    Chime sends notifications to its targets, by their names, while a voice connector streams.
    """
    emulator = account.emulator
    on_change = emulator.features.on_change
    missed: list[str] = []

    def look(target: TargetResource, what: str, on: bool) -> None:  # noqa: FBT001 - as it is called
        assert on_change is not None
        on_change(target, what, on)
        if target.kind is features.RECORDING_CONFIGURATION and what == "create":
            bucket = target.data["destinationConfiguration"]["s3"]["bucketName"]
            s3._bucket_policies.setdefault(bucket, json.dumps({"Statement": ["IVS's own"]}))
        targets = target.data.get("StreamingConfiguration", {}).get(
            "StreamingNotificationTargets", []
        )
        for kind, existing in (("SNS", sns._topics), ("SQS", sqs._queues)):
            wanted = {"NotificationTarget": kind} in targets
            if wanted and on and not any(_NAME in name for name in existing):
                missed.append(f"a notification of {target.arn} to {kind}")

    handlers = dict(provisioners._RESOURCE_HANDLERS["AWS::S3::BucketPolicy"])
    create = handlers["create"]

    def create_first(logical_id: str, props: Mapping[str, str], stack: str) -> object:
        if props["Bucket"] in s3._bucket_policies:
            raise ValueError(f"The bucket policy already exists on bucket {props['Bucket']}.")
        return create(logical_id, props, stack)

    monkeypatch.setattr(emulator.features, "on_change", look)
    monkeypatch.setitem(handlers, "create", create_first)
    monkeypatch.setitem(provisioners._RESOURCE_HANDLERS, "AWS::S3::BucketPolicy", handlers)
    return missed


@dataclass(frozen=True, slots=True)
class Problems:
    """Problems of a run: failures, and violations of the guaranteed order."""

    failures: list[str]
    violations: list[str]


def _deploy_and_destroy(
    account: Account, edge: Edge, lost: list[str], template: Template
) -> Problems:
    """Deploy and destroy a stack in the order that is incorrect without the edge."""
    emulator = account.emulator
    emulator.behaviour.order_seed = _seeds()[edge]
    # only the stack creates a role
    emulator.behaviour.creates_every_role = True
    emulator.features.makes_role = dict.fromkeys(emulator.features.makes_role, False)
    before = left(account)
    ended = [account.deploy(template)]
    if edge.implied:
        ended.append(_remove_feature(account, template))
    ended.append(account.destroy(template))
    journal = emulator.journal.of(account.id)
    return Problems(
        failures=[
            *(
                f"{each.status}: {', '.join(each.reasons)}"
                for each in ended
                # an update succeeds even if CloudFormation cannot delete a removed resource
                if each.reasons or not each.succeeded
            ),
            *(f"left over: {each}" for each in left(account) if each not in before),
            *(str(entry) for entry in journal if entry.what == "lost log"),
        ],
        violations=[*broken(journal), *lost],
    )


def _remove_feature(account: Account, template: Template) -> Ended:
    """Update the stack to only its owner.

    Our model: when an update deletes resources, CloudFormation considers only the dependencies
    between them. (The emulator considers the whole previous template; AWS does not document it.)
    """
    removed = {*_feature_of(template)}
    sort = stacks._topological_sort

    def sort_removed(resources: Mapping[str, object], conditions: Mapping[str, bool]) -> list[str]:
        found = {name: resource for name, resource in resources.items() if name in removed}
        order: list[str] = sort(found or resources, conditions)
        return order

    owner = template.body["Resources"]["Owner"]
    properties = {name: value for name, value in owner["Properties"].items() if name not in _LOGS}
    body = {"Resources": {"Owner": {"Type": owner["Type"], "Properties": properties}}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stacks, "_topological_sort", sort_removed)
        return account.deploy(dataclasses.replace(template, body=body))


def _template(account: Account, stack: str) -> Template:
    if stack not in _MORE:
        return prepared(account, stack)
    prepared(account, _MORE[stack][1])
    return _templates()[stack]


@pytest.mark.parametrize("edge", _EDGES, ids=lambda edge: edge.name)
def test_a_missing_dependency_is_detected(
    edge: Edge, account: Account, lost: list[str], tally: Callable[..., None]
) -> None:
    """The seed creates the dependent first, and deletes it last."""
    template = edge.removed_from(_template(account, edge.stack))

    problems = _deploy_and_destroy(account, edge, lost, template)

    assert problems.failures or problems.violations, f"no problem with seed {_seeds()[edge]}"
    failed = bool(problems.failures)
    tally(
        "dependencies",
        removed=1,
        detected_by_a_failure=failed,
        detected_only_by_the_order=not failed,
    )


@pytest.mark.parametrize("edge", _whole(), ids=_whole_id)
def test_the_complete_stack_has_no_problem_with_the_same_seed(
    edge: Edge, account: Account, lost: list[str], tally: Callable[..., None]
) -> None:
    """Therefore the missing dependency causes the problems."""
    problems = _deploy_and_destroy(account, edge, lost, _template(account, edge.stack))

    assert problems == Problems([], [])
    tally("dependencies", complete_stacks_with_the_same_seeds=1)


def test_the_sample_app_has_no_other_kind_of_dependency(sample_app: Mapping[str, Template]) -> None:
    """All dependencies of the sample app, by type, are among those that the tests remove."""

    def types(template: Template, dependent: str, dependency: str) -> tuple[str, str]:
        resources = template.body["Resources"]
        return resources[dependent]["Type"], resources[dependency]["Type"]

    shown = {types(_templates()[edge.stack], edge.dependent, edge.dependency) for edge in _EDGES}
    found = {
        types(template, *edge)
        for template in sample_app.values()
        for edge in _edges(template)
        # every custom resource depends on them
        if not _limits_events(template, edge[1])
    }

    assert found
    assert found - shown == set()
