"""What every feature promises, whoever owns it: its role, its order, and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import Annotations, App, NestedStack, Stack
from constructs import Construct

from slr_constructs import RoleRemoval, ServiceLinkedRole, UsageError, catalogue
from slr_constructs.testing import template_of
from tests.features.every_feature import RECIPES, Recipe
from tests.features.graph import (
    FUNCTION,
    NATIVE_ROLE,
    ROLE,
    actions_of,
    id_of,
    ids_of,
    is_type_first,
    needs,
    properties_of,
)

if TYPE_CHECKING:
    from slr_constructs.catalogue import RoleDefinition

IN_THE_APP = {name: recipe for name, recipe in RECIPES.items() if recipe.owner is not None}
#: those that the function switches on, for which it needs the right to make the role.
SWITCHED_ON = ("voice", "chat", "existing-sessions", "existing-as-run", "existing-live")
#: one for each role.
EACH_ROLE = ("voice", "chat", "recording", "sessions", "vod")


@pytest.fixture(params=list(RECIPES.values()), ids=list(RECIPES))
def recipe(request: pytest.FixtureRequest) -> Recipe:
    """Return one feature on one kind of owner, all in turn."""
    found: Recipe = request.param
    return found


@pytest.fixture(params=list(IN_THE_APP.values()), ids=list(IN_THE_APP))
def owned(request: pytest.FixtureRequest) -> Recipe:
    """Return one feature whose owner, or a part of it, is in the app, all in turn."""
    found: Recipe = request.param
    return found


def other_than(definition: RoleDefinition) -> RoleDefinition:
    """Return a role that a feature cannot use."""
    return catalogue.MEDIATAILOR if definition is not catalogue.MEDIATAILOR else catalogue.ALL[0]


def test_the_role_is_declared_once_for_two_features(stack: Stack, recipe: Recipe) -> None:
    """Two features of a kind share their stack's role."""
    one = recipe.define(Construct(stack, "One"), "a", None)
    two = recipe.define(Construct(stack, "Two"), "b", None)

    template = template_of(stack)
    assert one.role is two.role
    assert properties_of(template, ROLE)["RoleName"] == recipe.definition.role_name


def test_the_stack_has_one_function(stack: Stack, recipe: Recipe) -> None:
    """Two features and their role share one function."""
    recipe.define(Construct(stack, "One"), "a", None)
    recipe.define(Construct(stack, "Two"), "b", None)

    assert len(ids_of(template_of(stack), FUNCTION)) == 1


def test_the_role_is_there_before_the_feature_and_goes_after_it(
    stack: Stack, recipe: Recipe
) -> None:
    """What needs the role depends on it."""
    recipe.define(stack, "a", None)

    assert is_type_first(template_of(stack), ROLE, recipe.carrier)


def test_the_release_goes_before_the_owner_and_the_role(stack: Stack, owned: Recipe) -> None:
    """On the way down the feature is switched off while its owner is still there."""
    owned.define(stack, "a", None)

    template = template_of(stack)
    assert owned.owner is not None
    assert is_type_first(template, owned.owner, owned.release)
    assert is_type_first(template, ROLE, owned.release)


def test_a_role_of_the_same_stack_is_used(stack: Stack, recipe: Recipe) -> None:
    """A role that is given takes the place of the stack's own."""
    role = ServiceLinkedRole(stack, "Role", definition=recipe.definition, removal=RoleRemoval.KEEP)

    feature = recipe.define(stack, "a", role)

    template = template_of(stack)
    assert feature.role is role
    assert properties_of(template, ROLE)["Removal"] == "KEEP"
    assert is_type_first(template, ROLE, recipe.carrier)


def test_a_role_declared_before_is_found(stack: Stack, recipe: Recipe) -> None:
    """A feature looks for its stack's role before it declares one."""
    role = ServiceLinkedRole(stack, "Role", definition=recipe.definition)

    feature = recipe.define(stack, "a", None)

    assert feature.role is role


def test_a_role_of_another_stack_makes_the_stack_wait(recipe: Recipe) -> None:
    """Across stacks the order becomes a dependency between the stacks."""
    app = App()
    roles, features = Stack(app, "Roles"), Stack(app, "Features")
    role = ServiceLinkedRole(roles, "Role", definition=recipe.definition)

    recipe.define(features, "a", role)

    assert features.dependencies == [roles]
    assert ids_of(template_of(features), ROLE) == []


def test_a_role_of_the_parent_stack_makes_the_nested_stack_wait(
    stack: Stack, recipe: Recipe
) -> None:
    """A nested stack is created after the role of its parent that it uses."""
    role = ServiceLinkedRole(stack, "Role", definition=recipe.definition)

    recipe.define(NestedStack(stack, "Nested"), "a", role)

    assert is_type_first(template_of(stack), ROLE, "AWS::CloudFormation::Stack")


def test_an_imported_role_defines_nothing(stack: Stack, recipe: Recipe) -> None:
    """A role that somebody else looks after is used, not held."""
    role = ServiceLinkedRole.from_existing(stack, "Role", recipe.definition)

    feature = recipe.define(stack, "a", None)

    template = template_of(stack)
    assert feature.role is role
    assert ids_of(template, ROLE) == ids_of(template, NATIVE_ROLE) == []


def test_a_native_role_is_there_first(stack: Stack, recipe: Recipe) -> None:
    """CloudFormation's own type is ordered as ours is."""
    ServiceLinkedRole(stack, "Role", definition=recipe.definition, native=True)

    recipe.define(stack, "a", None)

    template = template_of(stack)
    assert ids_of(template, ROLE) == []
    assert is_type_first(template, NATIVE_ROLE, recipe.carrier)


def test_a_nested_stack_has_its_own_role_and_function(stack: Stack, recipe: Recipe) -> None:
    """A nested stack is a stack: what it needs is in its own template."""
    nested = NestedStack(stack, "Nested")

    recipe.define(stack, "a", None)
    recipe.define(nested, "b", None)

    template = template_of(nested)
    assert len(ids_of(template, ROLE)) == 1
    assert len(ids_of(template, FUNCTION)) == 1
    assert len(ids_of(template_of(stack), FUNCTION)) == 1


def test_fails_when_the_role_is_of_another_service(stack: Stack, recipe: Recipe) -> None:
    """A role unlocks the features of its own service alone."""
    wrong = other_than(recipe.definition)
    role = ServiceLinkedRole.from_existing(stack, "Role", wrong)

    with pytest.raises(UsageError) as refused:
        recipe.define(stack, "a", role)

    allowed = recipe.definition.role_name
    if recipe.definition is catalogue.CHIME_MESSAGING:
        allowed += f" or {catalogue.CHIME_MESSAGING_LEGACY.role_name}"
    assert str(refused.value) == (
        f"Stack/Feature: role must be {allowed}, got {wrong.role_name!r} [RoleOfAnotherService]"
    )


@pytest.mark.parametrize("name", EACH_ROLE)
def test_no_warning_where_the_service_is_offered(name: str) -> None:
    """All five services are in Frankfurt."""
    stack = Stack(App(), "Stack", env={"region": "eu-central-1"})

    RECIPES[name].define(stack, "a", None)

    assert _messages(stack) == []


@pytest.mark.parametrize("name", EACH_ROLE)
def test_a_warning_where_the_service_is_not_offered(name: str) -> None:
    """What botocore has no endpoint for is probably a mistake, and perhaps not."""
    stack = Stack(App(), "Stack", env={"region": "cn-north-1"})

    RECIPES[name].define(stack, "a", None)

    (message,) = _messages(stack)
    assert message.startswith(
        f"{RECIPES[name].definition.service_principal} is not offered in cn-north-1, as far as"
        " botocore knows; it is in "
    )
    assert message.endswith(" [ack: slr-constructs:RegionNotOffered]")


@pytest.mark.parametrize("name", EACH_ROLE)
def test_the_region_warning_can_be_acknowledged(name: str) -> None:
    """Who knows better than botocore says so once."""
    stack = Stack(App(), "Stack", env={"region": "cn-north-1"})
    Annotations.of(stack).acknowledge_warning("slr-constructs:RegionNotOffered")

    RECIPES[name].define(stack, "a", None)

    assert _messages(stack) == []


@pytest.mark.parametrize("name", EACH_ROLE)
def test_no_warning_where_the_region_is_not_known(stack: Stack, name: str) -> None:
    """A stack that is deployed anywhere is warned of nothing."""
    RECIPES[name].define(stack, "a", None)

    assert _messages(stack) == []


@pytest.mark.parametrize("name", SWITCHED_ON)
def test_the_function_may_make_a_role_it_does_not_hold(stack: Stack, name: str) -> None:
    """The services make the role with the rights of whoever switches the feature on."""
    recipe = RECIPES[name]
    ServiceLinkedRole(stack, "Role", definition=recipe.definition, native=True)

    recipe.define(stack, "a", None)

    template = template_of(stack)
    release = id_of(template, recipe.release)
    assert "iam:CreateServiceLinkedRole" in actions_of(template, release)


@pytest.mark.parametrize("name", SWITCHED_ON)
def test_the_right_to_make_a_held_role_is_given_once(stack: Stack, name: str) -> None:
    """Where the function holds the role, its rights for that last as long as the feature."""
    recipe = RECIPES[name]

    recipe.define(stack, "a", None)

    template = template_of(stack)
    role, release = id_of(template, ROLE), id_of(template, recipe.release)
    assert "iam:CreateServiceLinkedRole" in actions_of(template, role)
    assert "iam:CreateServiceLinkedRole" not in actions_of(template, release)
    assert role in needs(template, release)


@pytest.mark.parametrize("name", [name for name in RECIPES if name.startswith("existing-")])
def test_fails_when_an_existing_owner_has_the_feature_already(stack: Stack, name: str) -> None:
    """Two constructs that set one thing would undo each other."""
    recipe = RECIPES[name]
    recipe.define(Construct(stack, "One"), "a", None)

    with pytest.raises(UsageError) as refused:
        recipe.define(Construct(stack, "Two"), "a", None)

    assert refused.value.code == "FeatureSetTwice"
    assert "(Stack/One/Feature sets it)" in str(refused.value)


def test_owners_of_different_services_may_have_one_name(stack: Stack) -> None:
    """A name is unique within its service alone."""
    for name, recipe in RECIPES.items():
        recipe.define(Construct(stack, name), "a", None)

    assert len(ids_of(template_of(stack), FUNCTION)) == 1


def _messages(stack: Stack) -> list[str]:
    assembly = App.of(stack).synth()  # type: ignore[union-attr]
    messages = assembly.get_stack_by_name(stack.stack_name).messages
    return [str(each.entry.data) for each in messages]
