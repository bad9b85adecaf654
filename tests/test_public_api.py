"""The public face: names, signatures and docstrings keep the same manners everywhere."""

from __future__ import annotations

import enum
import importlib
import inspect
import re

import pytest
from constructs import Construct

import slr_constructs
from slr_constructs import catalogue

CONSTRUCTS = [
    getattr(slr_constructs, name)
    for name in slr_constructs.__all__
    if inspect.isclass(getattr(slr_constructs, name))
    and issubclass(getattr(slr_constructs, name), Construct)
]


def _options(construct: type) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(vars(construct)["__init__"]).parameters
    return {name: each for name, each in parameters.items() if name not in ("self", "scope", "id")}


def test_every_public_name_is_there_and_sorted() -> None:
    """`__all__` is the list to read: sorted, complete and true."""
    names = slr_constructs.__all__

    assert sorted(names) == names
    assert all(hasattr(slr_constructs, name) for name in names)


@pytest.mark.parametrize(
    "name",
    [
        "CHIME_VOICE_CONNECTOR",
        "CHIME_MESSAGING",
        "CHIME_MESSAGING_LEGACY",
        "IVS_RECORD_TO_S3",
        "MEDIATAILOR",
        "MEDIAPACKAGE",
    ],
)
def test_every_role_has_its_constant(name: str) -> None:
    """The catalogue's constants are all in `ALL`."""
    assert getattr(catalogue, name) in catalogue.ALL


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda each: each.__name__)
def test_props_are_keywords(construct: type) -> None:
    """`(scope, id, *, …)`, as every construct of a Python CDK library."""
    names = list(inspect.signature(vars(construct)["__init__"]).parameters)

    assert names[:3] == ["self", "scope", "id"]
    assert {each.kind for each in _options(construct).values()} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda each: each.__name__)
def test_every_prop_is_explained_with_its_default(construct: type) -> None:
    """The class docstring has each prop; what is optional says what happens without it."""
    text = inspect.getdoc(construct) or ""
    entries = dict(re.findall(r"^    (\w+): ((?:.|\n(?!    \w+: |\w))*)", text, re.MULTILINE))

    for name, parameter in _options(construct).items():
        assert name in entries, name
        optional = parameter.default is not inspect.Parameter.empty
        assert optional == ("Default:" in entries[name].replace("\n", " ")), name


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda each: each.__name__)
def test_every_public_member_is_explained(construct: type) -> None:
    """Properties and methods of our own have a docstring."""
    own = [
        (name, member)
        for name, member in vars(construct).items()
        if not name.startswith("_") and not name.startswith("jsii")
    ]

    for name, member in own:
        target = member.fget if isinstance(member, property) else member
        assert inspect.getdoc(target), name


@pytest.mark.parametrize(
    "module",
    [
        "catalogue",
        "errors",
        "features.app_instance_streaming",
        "features.ivs_recording",
        "features.mediapackage_logging",
        "features.mediatailor_logging",
        "features.voice_connector_streaming",
        "ordering",
        "provider",
        "service_linked_role",
        "stack_parts",
        "templates",
        "templates.order",
        "testing",
        "testing.assertions",
        "testing.plugin",
        "testing.resource_names",
        "testing.snapshots",
        "testing.templates",
    ],
)
def test_every_module_says_why_it_is_there(module: str) -> None:
    """A file opens with its reason."""
    assert inspect.getdoc(importlib.import_module(f"slr_constructs.{module}"))


def test_choices_are_enums_in_the_words_of_aws() -> None:
    """Closed sets are enums; their values are what travels to AWS."""
    choices = [slr_constructs.AccessLogs, slr_constructs.NotificationTarget]
    choices += [slr_constructs.Resolution, slr_constructs.RoleRemoval]

    assert all(issubclass(choice, enum.Enum) for choice in choices)
    assert [each.name for each in slr_constructs.RoleRemoval] == ["KEEP", "WHEN_UNUSED", "REQUIRE"]
    assert [each.name for each in slr_constructs.NotificationTarget] == [
        "EVENT_BRIDGE",
        "SNS",
        "SQS",
    ]
