"""Every dependency that the library adds, taken away: one at a time, and under an order that shows.

CloudFormation may work on independent resources in any order, so a dependency that is missing does
no harm as long as the order happens to be right. Here a seed is chosen under which it is not, and
under which the template as it is does well.
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
from aws_cdk import aws_logs, aws_s3, aws_sns, aws_sqs
from ministack.services import s3, sns, sqs
from ministack.services.cloudformation import provisioners, stacks

from slr_constructs import (
    IvsRecordingConfiguration,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    VoiceConnectorStreaming,
)
from slr_constructs.templates.order import dependencies
from tests.emulated.emulator.mends import seeded_order
from tests.emulated.recipes import prepared, templates_of_recipes
from tests.emulated.stacks import synthesized_together
from tests.emulated.verdict import broken, left
from tests.fake_services import features
from tests.features.every_feature import RECIPES, linear_channel, playback_configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_cdk import Stack

    from tests.emulated.stacks import Account, Ended, Template
    from tests.fake_services.features import Thing

_SEEDS = 40
_NAME = "ChimeVoiceConnector-Streaming"
#: the native properties of owners that need their role.
_LOGS = {"LogConfiguration", "IngressAccessLogs", "EgressAccessLogs"}


def _session_logs_kept(stack: Stack) -> None:
    owner = playback_configuration(stack)
    month = aws_logs.RetentionDays.ONE_MONTH
    MediaTailorSessionLogging(stack, "Feature", playback_configuration=owner, log_retention=month)


def _as_run_log_kept(stack: Stack) -> None:
    year = aws_logs.RetentionDays.ONE_YEAR
    MediaTailorAsRunLogging(stack, "Feature", channel=linear_channel(stack), log_retention=year)


def _bucket_with_a_policy(stack: Stack) -> None:
    bucket = aws_s3.Bucket(stack, "Bucket", enforce_ssl=True)
    IvsRecordingConfiguration(stack, "Feature", bucket=bucket)


def _told_to_topic_and_queue(stack: Stack) -> None:
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


#: what the recipes lack: by name, the stack, and the recipe that has its existing owner.
_MORE: dict[str, tuple[Callable[[Stack], None], str]] = {
    "session logs kept": (_session_logs_kept, "sessions"),
    "as-run log kept": (_as_run_log_kept, "as-run"),
    "bucket with a policy": (_bucket_with_a_policy, "recording"),
    "told to topic and queue": (_told_to_topic_and_queue, "existing-voice"),
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
        """Name it as a test's id does."""
        return f"{self.stack}: {_readable(self.dependent)} -> {_readable(self.dependency)}"

    def taken_from(self, template: Template) -> Template:
        """Return the template without it."""
        body = copy.deepcopy(dict(template.body))
        dependent = body["Resources"][self.dependent]
        dependent["DependsOn"] = [
            each for each in _depends_on(dependent) if each != self.dependency
        ]
        return dataclasses.replace(template, body=body)

    @property
    def implied(self) -> bool:
        """Whether others have the same effect, as long as all of the stack is there."""
        needs = dependencies(self.taken_from(_templates()[self.stack]).body)
        reached, ahead = set[str](), {self.dependent}
        while ahead:
            reached |= ahead
            ahead = {each for name in ahead for each in needs[name]} - reached
        return self.dependency in reached


def _depends_on(resource: Mapping[str, object]) -> list[str]:
    on = resource.get("DependsOn", [])
    return [on] if isinstance(on, str) else list(on)  # type: ignore[call-overload]


def _feature_of(template: Template) -> list[str]:
    """Return what goes when the feature is removed and its owner stays."""
    return [name for name in template.body["Resources"] if name != "Owner"]


def _readable(logical_id: str) -> str:
    """Return a logical id without the digest that CDK ends it with."""
    return re.sub("[0-9A-F]{8}$", "", logical_id)


_EDGES = [
    Edge(name, dependent, dependency)
    for name, template in _templates().items()
    for dependent, resource in template.body["Resources"].items()
    for dependency in _depends_on(resource)
]


def _edges(template: Template) -> set[tuple[str, str]]:
    return {
        (dependent, dependency)
        for dependent, resource in template.body["Resources"].items()
        for dependency in _depends_on(resource)
    }


_EDGES = [
    Edge(name, *edge)
    for name, template in _templates().items()
    # what a stack has from the recipe that it is made of is shown there
    for edge in sorted(
        _edges(template) - (_edges(_templates()[_MORE[name][1]]) if name in _MORE else set())
    )
]


def _showing(edge: Edge) -> set[int]:
    """Return the seeds that have the dependent, and what acts by it, before the dependency."""
    template = edge.taken_from(_templates()[edge.stack])
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
    """Return a seed for every edge; of those that show it, the one that shows most of its stack."""
    showing = {edge: _showing(edge) for edge in _EDGES}
    shown = collections.Counter(
        (edge.stack, seed) for edge, seeds in showing.items() for seed in seeds
    )
    return {
        edge: str(max(sorted(seeds), key=lambda seed: shown[edge.stack, seed]))
        for edge, seeds in showing.items()
    }


def _whole() -> list[Edge]:
    """Return an edge for every seed of every stack, there and back or updated in between."""
    return list({(edge.stack, edge.implied, _seeds()[edge]): edge for edge in _EDGES}.values())


def _whole_id(edge: Edge) -> str:
    way = "its feature removed first" if edge.implied else "there and back"
    return f"{edge.stack}: {way} by seed {_seeds()[edge]}"


@pytest.fixture
def lost(account: Account, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let services see what stands beside a feature, and return what got lost with them.

    As seen: CloudFormation creates no bucket policy where there is one ("The bucket policy already
    exists on bucket …"). Our model: that IVS makes the bucket's policy allow what it needs when a
    recording configuration is made (the documents say so for real-time storage alone); that Chime
    tells its targets, by their names, as soon as a voice connector streams and as long as it does.
    """
    emulator = account.emulator
    told = emulator.features.on_change
    missed: list[str] = []

    def look(thing: Thing, what: str, on: bool) -> None:  # noqa: FBT001 - as it is called
        assert told is not None
        told(thing, what, on)
        if thing.kind is features.RECORDING_CONFIGURATION and what == "create":
            bucket = thing.data["destinationConfiguration"]["s3"]["bucketName"]
            s3._bucket_policies.setdefault(bucket, json.dumps({"Statement": ["IVS's own"]}))
        targets = thing.data.get("StreamingConfiguration", {}).get(
            "StreamingNotificationTargets", []
        )
        for target, there in (("SNS", sns._topics), ("SQS", sqs._queues)):
            asked = {"NotificationTarget": target} in targets
            if asked and on and not any(_NAME in name for name in there):
                missed.append(f"a notification of {thing.arn} to {target}")

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
class Seen:
    """What shows that something is wrong: what happened, or what was promised of the order."""

    happened: list[str]
    promised: list[str]


def _there_and_back(account: Account, edge: Edge, lost: list[str], template: Template) -> Seen:
    """Deploy and destroy a stack, under the order that is wrong without the edge."""
    emulator = account.emulator
    emulator.behaviour.order_seed = _seeds()[edge]
    # nobody makes a role but the stack
    emulator.behaviour.makes_every_role = True
    emulator.features.makes_role = dict.fromkeys(emulator.features.makes_role, False)
    before = left(account)
    ended = [account.deploy(template)]
    if edge.implied:
        ended.append(_remove_feature(account, template))
    ended.append(account.destroy(template))
    journal = emulator.journal.of(account.id)
    return Seen(
        happened=[
            *(
                f"{each.status}: {', '.join(each.reasons)}"
                for each in ended
                # an update does well even where what should go with it does not go
                if each.reasons or not each.well
            ),
            *(f"left over: {each}" for each in left(account) if each not in before),
            *(str(entry) for entry in journal if entry.what == "lost log"),
        ],
        promised=[*broken(journal), *lost],
    )


def _remove_feature(account: Account, template: Template) -> Ended:
    """Update to the owner alone.

    Our model: of what goes in an update, CloudFormation looks at the dependencies between what goes
    alone. (The emulator looks at the whole of the former template; AWS does not say.)
    """
    gone = {*_feature_of(template)}
    sort = stacks._topological_sort

    def sort_what_goes(
        resources: Mapping[str, object], conditions: Mapping[str, bool]
    ) -> list[str]:
        goes = {name: resource for name, resource in resources.items() if name in gone}
        order: list[str] = sort(goes or resources, conditions)
        return order

    owner = template.body["Resources"]["Owner"]
    properties = {name: value for name, value in owner["Properties"].items() if name not in _LOGS}
    alone = {"Resources": {"Owner": {"Type": owner["Type"], "Properties": properties}}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stacks, "_topological_sort", sort_what_goes)
        return account.deploy(dataclasses.replace(template, body=alone))


def _template(account: Account, stack: str) -> Template:
    if stack not in _MORE:
        return prepared(account, stack)
    prepared(account, _MORE[stack][1])
    return _templates()[stack]


@pytest.mark.parametrize("edge", _EDGES, ids=lambda edge: edge.name)
def test_a_stack_without_one_of_its_dependencies_is_seen(
    edge: Edge, account: Account, lost: list[str], tally: Callable[..., None]
) -> None:
    """Under a seed by which the dependent comes first, and goes last."""
    template = edge.taken_from(_template(account, edge.stack))

    seen = _there_and_back(account, edge, lost, template)

    assert seen.happened or seen.promised, f"nothing is seen under seed {_seeds()[edge]}"
    by_what_happened = bool(seen.happened)
    tally(
        "dependencies",
        removed=1,
        seen_by_what_happened=by_what_happened,
        seen_by_the_order_alone=not by_what_happened,
    )


@pytest.mark.parametrize("edge", _whole(), ids=_whole_id)
def test_the_stack_as_it_is_does_well_under_the_same_seed(
    edge: Edge, account: Account, lost: list[str], tally: Callable[..., None]
) -> None:
    """So what is seen of a missing dependency is seen because it is missing."""
    seen = _there_and_back(account, edge, lost, _template(account, edge.stack))

    assert seen == Seen([], [])
    tally("dependencies", whole_stacks_under_the_same_seeds=1)


def test_the_sample_app_has_no_other_kind_of_dependency(sample_app: Mapping[str, Template]) -> None:
    """What depends on what, by type, is among what is taken away above."""

    def types(template: Template, dependent: str, dependency: str) -> tuple[str, str]:
        resources = template.body["Resources"]
        return resources[dependent]["Type"], resources[dependency]["Type"]

    shown = {types(_templates()[edge.stack], edge.dependent, edge.dependency) for edge in _EDGES}
    there = {
        types(template, *edge) for template in sample_app.values() for edge in _edges(template)
    }

    assert there
    assert there - shown == set()
