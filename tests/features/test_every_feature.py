"""The behaviour that all features share: the role, the order, and the stack of each resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import (
    Annotations,
    App,
    NestedStack,
    Stack,
    aws_chime,
    aws_ivs,
    aws_mediapackage,
    aws_s3,
)
from constructs import Construct

from slr_constructs import (
    AppInstanceStreaming,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    MessagingStream,
    RoleRemoval,
    ServiceLinkedRole,
    UsageError,
    VoiceConnectorStreaming,
    catalogue,
)
from slr_constructs.testing import template_of
from tests.features.every_feature import (
    ACCOUNT,
    RECIPES,
    Recipe,
    linear_channel,
    playback_configuration,
)
from tests.features.graph import (
    FUNCTION,
    NATIVE_ROLE,
    ROLE,
    actions_of,
    id_of,
    ids_of,
    is_type_first,
    needs,
    policy_of,
    properties_of,
    statements_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.catalogue import RoleDefinition

IN_THE_APP = {name: recipe for name, recipe in RECIPES.items() if recipe.owner is not None}
#: The features that the function configures, so it needs the permission to create the role.
CONFIGURED_BY_FUNCTION = [
    name for name, recipe in RECIPES.items() if recipe.carrier.startswith("Custom::")
]
#: The features whose construct has a clean-up resource, and those of them with an owner in the app.
CLEANED_UP = [name for name in RECIPES if "recording" not in name]
OWNED = [name for name in CLEANED_UP if name in IN_THE_APP]
EXISTING = [name for name in RECIPES if name.startswith("existing-")]
#: One feature for each role.
EACH_ROLE = {recipe.definition: name for name, recipe in reversed(RECIPES.items())}.values()


def test_every_custom_resource_has_a_recipe() -> None:
    """A feature without a recipe would miss the tests of this file."""
    features = {custom for each in catalogue.RESOURCE_TYPES for custom in each.custom_types}

    assert features <= {recipe.clean_up for recipe in RECIPES.values()}


@pytest.fixture(params=list(RECIPES.values()), ids=list(RECIPES))
def recipe(request: pytest.FixtureRequest) -> Recipe:
    """Return every recipe in turn."""
    found: Recipe = request.param
    return found


@pytest.fixture(params=list(IN_THE_APP.values()), ids=list(IN_THE_APP))
def owned(request: pytest.FixtureRequest) -> Recipe:
    """Return every recipe whose owner, or a part of it, is in the app, in turn."""
    found: Recipe = request.param
    return found


def other_than(definition: RoleDefinition) -> RoleDefinition:
    """Return a role that a feature cannot use."""
    return catalogue.MEDIATAILOR if definition is not catalogue.MEDIATAILOR else catalogue.ALL[0]


def test_the_role_is_declared_once_for_two_features(stack: Stack, recipe: Recipe) -> None:
    """Two features of the same type share the role of their stack."""
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


def test_the_role_is_created_before_the_feature_and_deleted_after_it(
    stack: Stack, recipe: Recipe
) -> None:
    """The resource that needs the role depends on it."""
    recipe.define(stack, "a", None)

    assert is_type_first(template_of(stack), ROLE, recipe.carrier)


def test_clean_up_runs_before_owner_and_role_are_deleted(stack: Stack, owned: Recipe) -> None:
    """On delete, the feature is disabled while its owner still exists."""
    owned.define(stack, "a", None)

    template = template_of(stack)
    assert owned.owner is not None
    assert is_type_first(template, owned.owner, owned.clean_up)
    assert is_type_first(template, ROLE, owned.clean_up)


@pytest.mark.parametrize("name", CLEANED_UP)
def test_the_clean_up_is_the_resource_that_disables_the_feature(stack: Stack, name: str) -> None:
    """A resource that must be deleted before the feature is disabled can depend on it."""
    feature = RECIPES[name].define(stack, "a", None)

    assert not isinstance(feature, IvsRecordingConfiguration)
    assert feature.clean_up.cfn_resource_type == RECIPES[name].clean_up


@pytest.mark.parametrize("name", [n for n in OWNED if RECIPES[n].clean_up.endswith("CleanUp")])
def test_a_clean_up_resource_has_only_the_name_of_the_owner(stack: Stack, name: str) -> None:
    """It acts only on delete, and then needs only the name."""
    recipe = RECIPES[name]
    recipe.define(stack, "a", None)

    template = template_of(stack)
    properties = properties_of(template, recipe.clean_up)
    del properties["ServiceToken"], properties["ServiceTimeout"]
    assert list(properties.values()) == [{"Ref": id_of(template, str(recipe.owner))}]


@pytest.mark.parametrize("name", OWNED)
def test_the_policy_is_replaced_with_the_owner(stack: Stack, name: str) -> None:
    """A new owner gets a new policy, so the old policy exists until the clean-up is done."""
    recipe = RECIPES[name]
    recipe.define(stack, "a", None)

    template = template_of(stack)
    policy = template["Resources"][policy_of(template, id_of(template, recipe.clean_up))]
    owner = id_of(template, str(recipe.owner))
    assert f"'{owner}'" in str(policy["Properties"]["PolicyName"])


# the ARN of a live channel cannot be derived from its id (see test_handler_function.py)
@pytest.mark.parametrize("name", [*OWNED, *(n for n in EXISTING if n != "existing-live")])
def test_the_function_has_permissions_only_for_each_owner(stack: Stack, name: str) -> None:
    """The policies of two owners allow the same actions on different ARNs."""
    recipe = RECIPES[name]
    recipe.define(Construct(stack, "One"), "a", None)
    recipe.define(Construct(stack, "Two"), "b", None)

    template = template_of(stack)
    one, two = (statements_of(template, each)[0] for each in ids_of(template, recipe.clean_up))
    assert one["Action"] == two["Action"]
    assert one["Resource"] != two["Resource"]


def test_a_role_of_the_same_stack_is_used(stack: Stack, recipe: Recipe) -> None:
    """The given role is used instead of a role that the feature declares."""
    role = ServiceLinkedRole(stack, "Role", definition=recipe.definition, removal=RoleRemoval.KEEP)

    feature = recipe.define(stack, "a", role)

    template = template_of(stack)
    assert feature.role is role
    assert properties_of(template, ROLE)["Removal"] == "KEEP"
    assert is_type_first(template, ROLE, recipe.carrier)


def test_an_earlier_role_of_the_stack_is_used(stack: Stack, recipe: Recipe) -> None:
    """A feature looks for the role in its stack before it declares one."""
    role = ServiceLinkedRole(stack, "Role", definition=recipe.definition)

    feature = recipe.define(stack, "a", None)

    assert feature.role is role


def test_a_role_of_another_stack_makes_the_stack_depend_on_it(recipe: Recipe) -> None:
    """The stack of the feature depends on the stack of the role."""
    app = App()
    roles, features = Stack(app, "Roles"), Stack(app, "Features")
    role = ServiceLinkedRole(roles, "Role", definition=recipe.definition)

    recipe.define(features, "a", role)

    assert features.dependencies == [roles]
    assert ids_of(template_of(features), ROLE) == []


def test_a_role_of_the_parent_stack_makes_the_nested_stack_depend_on_it(
    stack: Stack, recipe: Recipe
) -> None:
    """A nested stack is created after the role of its parent that it uses."""
    role = ServiceLinkedRole(stack, "Role", definition=recipe.definition)

    recipe.define(NestedStack(stack, "Nested"), "a", role)

    assert is_type_first(template_of(stack), ROLE, "AWS::CloudFormation::Stack")


def test_an_imported_role_defines_nothing(stack: Stack, recipe: Recipe) -> None:
    """The stack uses an imported role without a lease."""
    role = ServiceLinkedRole.from_existing(stack, "Role", recipe.definition)

    feature = recipe.define(stack, "a", None)

    template = template_of(stack)
    assert feature.role is role
    assert ids_of(template, ROLE) == ids_of(template, NATIVE_ROLE) == []


def test_a_native_role_is_created_first(stack: Stack, recipe: Recipe) -> None:
    """The order is the same for the resource type of CloudFormation."""
    ServiceLinkedRole(stack, "Role", definition=recipe.definition, native=True)

    recipe.define(stack, "a", None)

    template = template_of(stack)
    assert ids_of(template, ROLE) == []
    assert is_type_first(template, NATIVE_ROLE, recipe.carrier)


def test_a_nested_stack_has_its_own_role_and_function(stack: Stack, recipe: Recipe) -> None:
    """A nested stack has its own template, so its role and function are in that template."""
    nested = NestedStack(stack, "Nested")

    recipe.define(stack, "a", None)
    recipe.define(nested, "b", None)

    template = template_of(nested)
    assert len(ids_of(template, ROLE)) == 1
    assert len(ids_of(template, FUNCTION)) == 1
    assert len(ids_of(template_of(stack), FUNCTION)) == 1


def test_fails_when_the_role_is_of_another_service(stack: Stack, recipe: Recipe) -> None:
    """A feature works only with the role of its own service."""
    wrong = other_than(recipe.definition)
    role = ServiceLinkedRole.from_existing(stack, "Role", wrong)

    with pytest.raises(UsageError) as refused:
        recipe.define(stack, "a", role)

    allowed = recipe.definition.role_name
    if recipe.definition is catalogue.CHIME_MESSAGING:
        allowed += f" or {catalogue.CHIME_MESSAGING_LEGACY.role_name}"
    assert str(refused.value) == (
        f"Stack/Feature: Stack/Role is the role {wrong.role_name}, but this feature uses {allowed}."
        " Pass that role, or omit the prop role. [RoleOfAnotherService]"
    )


@pytest.mark.parametrize("name", EACH_ROLE)
def test_no_warning_if_the_service_is_offered(name: str) -> None:
    """All five services are offered in eu-central-1."""
    stack = Stack(App(), "Stack", env={"region": "eu-central-1"})

    RECIPES[name].define(stack, "a", None)

    assert _messages(stack) == []


@pytest.mark.parametrize("name", EACH_ROLE)
def test_a_warning_if_the_service_is_not_offered(name: str) -> None:
    """A region without an endpoint in botocore is probably a mistake, but it may be new."""
    stack = Stack(App(), "Stack", env={"region": "cn-north-1"})

    RECIPES[name].define(stack, "a", None)

    (message,) = _messages(stack)
    assert message.startswith(
        f"{RECIPES[name].definition.service_principal} is not offered in cn-north-1, according to"
        " botocore. It is offered in "
    )
    assert message.endswith(". [ack: slr-constructs:RegionNotOffered]")


@pytest.mark.parametrize("name", EACH_ROLE)
def test_the_region_warning_can_be_acknowledged(name: str) -> None:
    """You can acknowledge the warning, for example if botocore does not know a region yet."""
    stack = Stack(App(), "Stack", env={"region": "cn-north-1"})
    Annotations.of(stack).acknowledge_warning("slr-constructs:RegionNotOffered")

    RECIPES[name].define(stack, "a", None)

    assert _messages(stack) == []


@pytest.mark.parametrize("name", EACH_ROLE)
def test_no_warning_if_the_region_is_not_known(stack: Stack, name: str) -> None:
    """A stack without an environment can be deployed to any region."""
    RECIPES[name].define(stack, "a", None)

    assert _messages(stack) == []


@pytest.mark.parametrize("name", CONFIGURED_BY_FUNCTION)
def test_the_function_may_create_a_role_without_a_lease_on_it(stack: Stack, name: str) -> None:
    """A service creates its role with the permissions of the caller that configures the feature."""
    recipe = RECIPES[name]
    ServiceLinkedRole(stack, "Role", definition=recipe.definition, native=True)

    recipe.define(stack, "a", None)

    template = template_of(stack)
    clean_up = id_of(template, recipe.clean_up)
    assert "iam:CreateServiceLinkedRole" in actions_of(template, clean_up)


@pytest.mark.parametrize("name", CONFIGURED_BY_FUNCTION)
def test_the_permission_to_create_a_leased_role_is_granted_once(stack: Stack, name: str) -> None:
    """If the function has a lease on the role, its permissions for the role outlast the feature."""
    recipe = RECIPES[name]

    recipe.define(stack, "a", None)

    template = template_of(stack)
    role, clean_up = id_of(template, ROLE), id_of(template, recipe.clean_up)
    assert "iam:CreateServiceLinkedRole" in actions_of(template, role)
    assert "iam:CreateServiceLinkedRole" not in actions_of(template, clean_up)
    assert role in needs(template, clean_up)


@pytest.mark.parametrize("name", EXISTING)
def test_fails_when_an_existing_owner_already_has_the_feature(stack: Stack, name: str) -> None:
    """Two constructs that configure the same feature would undo the change of each other."""
    recipe = RECIPES[name]
    recipe.define(Construct(stack, "One"), "a", None)

    with pytest.raises(UsageError) as refused:
        recipe.define(Construct(stack, "Two"), "a", None)

    assert refused.value.code == "FeatureSetTwice"
    assert str(refused.value).startswith("Stack/Two/Feature: Stack/One/Feature already configures ")


#: Each feature in the first stack, for an owner in the region of the second stack.
IN_TWO_REGIONS: dict[str, Callable[[Stack, Stack], object]] = {
    "voice": lambda here, there: VoiceConnectorStreaming(
        here,
        "Feature",
        voice_connector=aws_chime.CfnVoiceConnector(
            there, "Owner", name="lines", require_encryption=True
        ),
    ),
    "chat": lambda here, there: AppInstanceStreaming(
        here,
        "Feature",
        app_instance=aws_chime.CfnAppInstance(there, "Owner", name="chat"),
        channels=MessagingStream(here, "Stream"),
        channel_messages=None,
    ),
    "existing-chat": lambda here, there: AppInstanceStreaming(
        here,
        "Feature",
        app_instance=f"arn:aws:chime:{there.region}:{ACCOUNT}:app-instance/chat",
        channels=MessagingStream(here, "Stream"),
        channel_messages=None,
    ),
    "recording": lambda here, there: _recording(here).record(aws_ivs.CfnChannel(there, "Owner")),
    "existing-recording": lambda here, there: _recording(here).record(
        f"arn:aws:ivs:{there.region}:{ACCOUNT}:channel/studio"
    ),
    "sessions": lambda here, there: MediaTailorSessionLogging(
        here, "Feature", playback_configuration=playback_configuration(there)
    ),
    "as-run": lambda here, there: MediaTailorAsRunLogging(
        here, "Feature", channel=linear_channel(there)
    ),
    "live": lambda here, there: MediaPackageAccessLogging(
        here, "Feature", channel=aws_mediapackage.CfnChannel(there, "Owner", id="live")
    ),
    "vod": lambda here, there: MediaPackageAccessLogging(
        here,
        "Feature",
        packaging_group=aws_mediapackage.CfnPackagingGroup(there, "Owner", id="vod"),
    ),
    "existing-vod": lambda here, there: MediaPackageAccessLogging(
        here,
        "Feature",
        packaging_group=f"arn:aws:mediapackage-vod:{there.region}:{ACCOUNT}:packaging-groups/vod",
    ),
}


#: The prop with the owner, if it is not `channel`.
OWNER_PROPS = {
    "voice": "voice_connector",
    "chat": "app_instance",
    "sessions": "playback_configuration",
    "vod": "packaging_group",
}


def _recording(stack: Stack) -> IvsRecordingConfiguration:
    bucket = aws_s3.Bucket.from_bucket_name(stack, "Bucket", "recordings")
    return IvsRecordingConfiguration(stack, "Feature", bucket=bucket)


def test_every_owner_with_a_region_is_checked() -> None:
    """An existing owner with only an id or a name has no region."""
    assert set(RECIPES) - set(IN_TWO_REGIONS) == {
        "existing-voice",
        "existing-sessions",
        "existing-as-run",
        "existing-live",
    }


@pytest.mark.parametrize("name", IN_TWO_REGIONS)
def test_fails_when_the_owner_is_in_another_region(name: str) -> None:
    """The function calls the service in the region of its stack."""
    app = App()
    here = Stack(app, "Here", env={"region": "us-east-1"})
    there = Stack(app, "There", env={"region": "eu-central-1"})

    with pytest.raises(UsageError) as refused:
        IN_TWO_REGIONS[name](here, there)

    prop = OWNER_PROPS.get(name.removeprefix("existing-"), "channel")
    assert str(refused.value) == (
        f"Here/Feature: {prop} must be in the region of the stack, us-east-1,"
        " got 'eu-central-1' [OtherEnvironment]"
    )


@pytest.mark.parametrize("name", IN_TWO_REGIONS)
def test_an_owner_is_accepted_if_it_may_be_in_the_region_of_the_stack(name: str) -> None:
    """The region of a stack without an environment is known only at deployment."""
    app = App()
    here, any_region = Stack(app, "Here", env={"region": "us-east-1"}), Stack(app, "Anywhere")

    IN_TWO_REGIONS[name](here, here)
    IN_TWO_REGIONS[name](Stack(app, "There"), any_region)


def test_owners_of_different_services_may_have_the_same_name(stack: Stack) -> None:
    """A name is unique only within its service."""
    for name in EXISTING:
        RECIPES[name].define(Construct(stack, name), "a", None)

    assert len(ids_of(template_of(stack), FUNCTION)) == 1


def _messages(stack: Stack) -> list[str]:
    assembly = App.of(stack).synth()  # type: ignore[union-attr]
    messages = assembly.get_stack_by_name(stack.stack_name).messages
    return [str(each.entry.data) for each in messages]
