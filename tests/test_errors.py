"""One format for every refusal, and a test for each of them."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aws_cdk import Aws, CfnParameter, PhysicalName, Stack, Token, aws_sqs
from aws_cdk.aws_sqs import CfnQueue

import slr_constructs
from slr_constructs.errors import _STRING_TOKEN, UsageError, check, check_contract, check_name
from slr_constructs.handler.slr_handler import contract, rules
from slr_constructs.handler.slr_handler.contract import Contract
from slr_constructs.handler.slr_handler.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOUTED = Rule("Shouted", "in capitals", lambda value: str(value).isupper())

TESTS = Path(__file__).parent
SOURCES = sorted(
    path
    for folder in ("", "features")
    for path in (Path(slr_constructs.__file__).parent / folder).glob("*.py")
)
FORMAT = re.compile(r"\S+: (?P<prop>\w+) must be (?P<allowed>.+), got .+ \[(?P<code>[A-Za-z]+)\]")
CODE = re.compile(r"\[([A-Z][A-Za-z]+)\\?\]$")

#: rules of a contract that no construct can break, and why.
NEVER_BROKEN = {
    "RoleRemoval": "an enum's value",
    "RoleCreation": "an enum's value",
    "RoleName": "a RoleDefinition refuses it first, with a ValueError (test_catalogue.py)",
    "ServicePrincipal": "a RoleDefinition refuses it first, with a ValueError (test_catalogue.py)",
    "IvsRecordingConfigurationArn": "always the attribute of a resource",
    "LogGroupNames": "facts of the catalogue",
    "RetentionDays": "an enum's value",
    "ChannelAccessLog": "the log group's name is refused first",
    "PackagingGroupAccessLog": "the log group's name is refused first",
}


def _texts_in(test: ast.FunctionDef) -> Iterator[str]:
    within = set()
    for node in ast.walk(test):
        if isinstance(node, ast.JoinedStr):
            within |= {id(value) for value in node.values}
            yield "".join(
                str(value.value) if isinstance(value, ast.Constant) else "value"
                for value in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # the pieces of an f-string come after the whole
            if id(node) in within:
                continue
            yield node.value


def _codes_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "UsageError"
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "rules"
            and isinstance(rule := getattr(rules, node.attr), Rule)
        ):
            yield rule.code


def _contracts(kind: type[Contract]) -> Iterator[type[Contract]]:
    for each in kind.__subclasses__():
        yield each
        yield from _contracts(each)


def _rules_of(kind: type[Contract]) -> Iterator[Rule]:
    for each in kind.__dataclass_fields__.values():
        if "rule" in each.metadata:
            yield each.metadata["rule"]


def codes_in_the_source() -> set[str]:
    """Collect every code that a construct may refuse something with."""
    return {code for path in SOURCES for code in _codes_in(path)} | {
        rule.code for kind in _contracts(Contract) for rule in _rules_of(kind)
    }


@functools.cache
def refused_messages() -> dict[str, str]:
    """Collect the messages that tests named `test_fails_when_...` expect, by code."""
    found = {}
    for path in [*TESTS.glob("test_*.py"), *(TESTS / "features").glob("test_*.py")]:
        for test in ast.parse(path.read_text()).body:
            if isinstance(test, ast.FunctionDef) and test.name.startswith("test_fails_when_"):
                for text in _texts_in(test):
                    if code := CODE.search(text):
                        found[code[1]] = text
    return found


def test_a_refusal_says_where_what_and_why(stack: Stack) -> None:
    """Path, prop, what is allowed, what it got, and a code that stays."""
    error = UsageError("TooLoud", at=stack, prop="volume", allowed="a whisper", got="SHOUT")

    assert str(error) == "Stack: volume must be a whisper, got 'SHOUT' [TooLoud]"
    assert error.code == "TooLoud"
    assert isinstance(error, ValueError)


def test_a_path_stands_for_a_construct_that_is_not_there_yet() -> None:
    """What is refused before it is defined has a path all the same."""
    error = UsageError("TooLoud", at="Stack/Radio", prop="volume", allowed="0", got=11)

    assert str(error) == "Stack/Radio: volume must be 0, got 11 [TooLoud]"


@pytest.mark.parametrize("value", [None, "LOUD"])
def test_what_keeps_the_rule_passes(stack: Stack, value: str | None) -> None:
    """And so does what was not given."""
    check(SHOUTED, value, at=stack, prop="text")


def test_tokens_pass_whatever_they_will_be(stack: Stack) -> None:
    """Texts, numbers and lists, alone and within other things."""
    text = CfnParameter(stack, "Text").value_as_string
    texts = CfnParameter(stack, "Texts", type="CommaDelimitedList").value_as_list
    number = CfnParameter(stack, "Number", type="Number").value_as_number

    for token in (text, f"a-{text}-b", texts, tuple(texts), (text,), number, [number]):
        check(rules.SERVICE_PRINCIPAL, token, at=stack, prop="text")


@pytest.mark.parametrize("value", ["low", ["low"], ("low", "LOW"), ""])
def test_fails_when_a_known_value_breaks_the_rule(stack: Stack, value: object) -> None:
    """The words are the rule's, the value is the user's."""
    with pytest.raises(UsageError) as refused:
        check(Rule("Known", "a token", lambda _: False), value, at=stack, prop="text")

    assert str(refused.value) == f"Stack: text must be a token, got {value!r} [Known]"


def test_a_name_that_keeps_the_rule_passes(stack: Stack) -> None:
    """As does one that is a token."""
    check_name(SHOUTED, "LOUD", at=stack, prop="queue")
    check_name(SHOUTED, CfnParameter(stack, "Text").value_as_string, at=stack, prop="queue")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(None, id="none"),
        pytest.param(PhysicalName.GENERATE_IF_NEEDED, id="generated"),
    ],
)
def test_fails_when_a_resource_has_no_name(stack: Stack, name: str | None) -> None:
    """An L2 without a name gives its L1 a token that stands for nothing."""
    queue = aws_sqs.Queue(stack, "Queue", queue_name=name).node.default_child
    assert isinstance(queue, aws_sqs.CfnQueue)

    for missing in (queue.queue_name, None):
        with pytest.raises(UsageError) as refused:
            check_name(SHOUTED, missing, at=stack, prop="queue")

        assert str(refused.value) == "Stack: queue must be in capitals, got None [Shouted]"


def test_fails_when_a_contract_breaks_a_rule(stack: Stack) -> None:
    """A field is called what the prop is called that it comes from."""
    wanted = contract.MediaTailorAsRunLogging(channel_name="a/b")

    with pytest.raises(UsageError) as refused:
        check_contract(wanted, at=stack, props={"channel_name": "channel"})
    with pytest.raises(UsageError) as refused_by_field:
        check_contract(wanted, at=stack)

    assert str(refused.value) == (
        "Stack: channel must be a channel name, got 'a/b' [MediaTailorChannelName]"
    )
    assert str(refused_by_field.value) == (
        "Stack: channel_name must be a channel name, got 'a/b' [MediaTailorChannelName]"
    )


def test_every_refusal_has_a_test() -> None:
    """Nobody adds a code without a test named `test_fails_when_...` that expects its message."""
    missing = codes_in_the_source() - set(refused_messages()) - set(NEVER_BROKEN)

    assert missing == set()


def test_no_exception_is_made_without_need() -> None:
    """What cannot be broken is still a rule, and is broken by no test."""
    assert set(NEVER_BROKEN) <= codes_in_the_source()
    assert set(NEVER_BROKEN).isdisjoint(refused_messages())


@pytest.mark.parametrize("code", sorted(codes_in_the_source() - set(NEVER_BROKEN)))
def test_every_message_has_the_one_format(code: str) -> None:
    """Lower case where it can be, no full stop, and the code at the end."""
    # where a test fills in values, an f-string's pieces stand for the whole
    message = refused_messages()[code].replace("\\", "")

    found = FORMAT.fullmatch(message)
    assert found is not None, message
    assert found["code"] == code
    assert not found["allowed"].endswith(".")


def test_fails_when_a_number_is_none_that_json_has(stack: Stack) -> None:
    """It is refused before the jsii kernel sees it, which would not survive it."""
    with pytest.raises(UsageError) as refused:
        check(rules.PERCENT_ENABLED, float("inf"), at=stack, prop="percent_enabled")

    assert str(refused.value) == (
        "Stack: percent_enabled must be a whole number from 0 to 100, got inf [PercentEnabled]"
    )


@pytest.mark.parametrize(
    ("text", "token"), [("a${Token[TOKEN.1]}b", True), ("${AWS::Region}", False), ("plain", False)]
)
def test_a_string_token_is_what_cdk_says_it_is(text: str, *, token: bool) -> None:
    """The pattern that spares a call to the kernel finds what CDK finds."""
    assert (_STRING_TOKEN.search(text) is not None) is token
    assert Token.is_unresolved(text) is token


def test_every_kind_of_string_token_is_known_without_asking(stack: Stack) -> None:
    """As CDK writes them: pseudo-parameters, attributes, hints and the elements of lists."""
    parameter = CfnParameter(stack, "List", type="CommaDelimitedList")
    tokens = [
        stack.region,
        Aws.PARTITION,
        CfnQueue(stack, "Queue").attr_arn,
        Token.as_string({"Ref": "Name"}, display_hint="a name: of_it"),
        *parameter.value_as_list,
    ]

    assert all(_STRING_TOKEN.search(token) for token in tokens)
