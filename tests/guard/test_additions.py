"""What a finding says to template authors: the part to add, and how to acknowledge it."""

from __future__ import annotations

import ast
import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs.catalogue import RESOURCE_TYPES
from slr_constructs.guard import acknowledged
from slr_constructs.guard.additions import acknowledgement, as_yaml, clean_up
from slr_constructs.guard.check import RULES, check
from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from slr_constructs.templates.text import parse
from tests.guard.test_cases import CASES
from tests.templates.apps import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from slr_constructs.catalogue import ResourceType
    from slr_constructs.guard.rule import Finding

#: rules whose findings have a part to add that the guard recognizes.
FIXED = {
    "CleanUpMissing",
    "FeatureOutlivesRole",
    "NativeRole",
    "RoleNotDeclared",
    "RoleOrder",
}
WITH_A_CLEAN_UP = [each for each in RESOURCE_TYPES if each.needs_clean_up]


def merged(template: Any, part: Any) -> Any:  # noqa: ANN401 - parts of templates
    """Return a template with a part added."""
    if not isinstance(template, dict) or not isinstance(part, dict):
        return copy.deepcopy(part)
    return {**template, **{key: merged(template.get(key), each) for key, each in part.items()}}


def checked(template: Mapping[str, Any]) -> list[Finding]:
    """Return the findings about a template."""
    return check(App([StackTemplate("Show", template)]))


def names(findings: list[Finding]) -> set[tuple[str, str | None]]:
    """Return the rules and resources of findings."""
    return {(each.rule.id, each.resource) for each in findings}


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.stem)
def test_the_part_to_add_fixes_the_finding(case: Path) -> None:
    """It is read back from the YAML that the command prints, and no finding is new."""
    (stack, *_) = App.read([case]).stacks.values()
    template = {**stack.template, "Resources": stack.resources}
    before = checked(template)

    for each in before:
        if each.rule.id in FIXED:
            assert each.addition, each
            part = parse(as_yaml(each.addition)).value
            assert part == each.addition
            # a conditional role has its own condition
            after = names(checked(merged(template, part)))
            assert (each.rule.id, each.resource) not in after
            assert {rule for rule, _ in after} <= {rule for rule, _ in names(before)}


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.stem)
def test_the_acknowledgement_accepts_the_finding(case: Path) -> None:
    """It is the metadata of the template."""
    for each in checked(App.read([case]).stacks[case.stem].template):
        part = parse(as_yaml(acknowledgement(each.rule))).value
        template = merged(App.read([case]).stacks[case.stem].template, part)
        app = App([StackTemplate("Show", template)])
        left, _ = acknowledged.split(app, check(app))
        assert each.rule.id not in {one.rule.id for one in left}


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.id)
def test_every_rule_says_what_to_do_in_cdk_and_in_a_template(rule: Any) -> None:  # noqa: ANN401
    """Each text is one or more sentences."""
    for text in (rule.fix, rule.fix_in_template):
        assert text.endswith(".")


@pytest.mark.parametrize("target", WITH_A_CLEAN_UP, ids=lambda each: each.type)
@pytest.mark.parametrize("condition", [{}, {"Condition": "Live"}], ids=str)
def test_a_clean_up_makes_the_call_that_disables_the_feature(
    target: ResourceType, condition: dict[str, str]
) -> None:
    """It refers to the owner, and its role allows the call."""
    app = plain(Owner={"Type": target.type, **condition})
    resources = parse(as_yaml(clean_up(app.stacks["Show"], "Owner", target))).value["Resources"]

    assert resources["OwnerCleanUp"]["Properties"]["Name"] == {"Ref": "Owner"}
    assert resources["OwnerCleanUp"].get("Condition") == condition.get("Condition")
    code = resources["OwnerCleanUpFunction"]["Properties"]["Code"]["ZipFile"]
    client, _, operation = target.calls.remove.partition(":")
    assert ast.parse(code)
    assert f'boto3.client("{client}").configure_logs' in code
    assert f"({target.identifier.parameter}=name" in code
    (policy,) = resources["OwnerCleanUpRole"]["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"][0]["Action"].endswith(f":{operation}")


@pytest.mark.parametrize(
    ("rule", "call"),
    [
        ("CleanUpMissing", "mediapackage:ConfigureLogs"),
        ("DeleteCallMissing", "chime-sdk-voice:DeleteVoiceConnectorStreamingConfiguration"),
    ],
)
def test_a_finding_names_the_missing_call(rule: str, call: str) -> None:
    """As client and operation."""
    put = json.dumps(
        {
            "service": "ChimeSDKVoice",
            "action": "putVoiceConnectorStreamingConfiguration",
            "parameters": {"StreamingConfiguration": {"DataRetentionInHours": 1}},
        }
    )
    app = plain(
        Live={"Type": "AWS::MediaPackage::Channel", "Properties": {"EgressAccessLogs": {}}},
        Calls={"Type": "Custom::AWS", "Properties": {"Create": put}},
    )

    (found,) = [each for each in check(app) if each.rule.id == rule]

    assert f"`{call}`" in found.text


def test_ids_that_yaml_takes_for_other_values_are_quoted() -> None:
    """The part can be pasted into a template."""
    part = {"Resources": {"On": {"DependsOn": ["1234", "No"]}}}

    assert parse(as_yaml(part)).value == part
