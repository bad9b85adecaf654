"""The two forms of error messages, and a test for the message of every code."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aws_cdk import Aws, CfnParameter, Duration, PhysicalName, Stack, Token, aws_sqs
from aws_cdk.aws_sqs import CfnQueue

import slr_constructs
from slr_constructs import RoleRemoval, catalogue
from slr_constructs._errors import _STRING_TOKEN, check, check_contract, check_name
from slr_constructs._usage_error import UsageError
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
VALUE = re.compile(r"\S+: (?P<prop>\w+) must be (?P<allowed>.+), got .+ \[(?P<code>[A-Za-z]+)\]")
RELATION = re.compile(r"\S+: (?P<text>[^ ].+\.) \[(?P<code>[A-Za-z]+)\]")
CODE = re.compile(r"\[([A-Z][A-Za-z]+)\\?\]$")

#: The rules of a contract that no construct can break, with the reason.
NEVER_BROKEN = {
    "RoleRemoval": "an enum's value",
    "RoleCreation": "an enum's value",
    "IvsRecordingConfigurationArn": "always the attribute of a resource",
    "ListOperations": "facts of the catalogue",
    "ChannelAccessLog": "the name of the log group is checked first",
    "PackagingGroupAccessLog": "the name of the log group is checked first",
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
            # the parts of an f-string come after the whole f-string
            if id(node) in within:
                continue
            yield node.value


def _relations_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "UsageError.relation":
            assert isinstance(node.args[0], ast.Constant)
            yield str(node.args[0].value)


def _values_in(path: Path) -> Iterator[str]:
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


def relations_in_the_source() -> set[str]:
    """Return the codes of all errors about the relation of two constructs."""
    return {code for path in SOURCES for code in _relations_in(path)}


def codes_in_the_source() -> set[str]:
    """Return the codes of all errors that a construct may raise."""
    values = {code for path in SOURCES for code in _values_in(path)} | {
        rule.code for kind in _contracts(Contract) for rule in _rules_of(kind)
    }
    assert values.isdisjoint(relations_in_the_source())
    return values | relations_in_the_source()


@functools.cache
def expected_messages() -> dict[str, str]:
    """Return the messages that tests named `test_fails_when_...` expect, by code."""
    found = {}
    for path in [*TESTS.glob("test_*.py"), *(TESTS / "features").glob("test_*.py")]:
        for test in ast.parse(path.read_text()).body:
            if isinstance(test, ast.FunctionDef) and test.name.startswith("test_fails_when_"):
                for text in _texts_in(test):
                    if code := CODE.search(text):
                        found[code[1]] = text
    return found


def test_an_error_about_a_value_names_path_prop_constraint_value_and_code(stack: Stack) -> None:
    """The form is `<path>: <prop> must be <constraint>, got <value> [<code>]`."""
    error = UsageError("TooLoud", at=stack, prop="volume", allowed="LOW or OFF", got="HIGH")

    assert str(error) == "Stack: volume must be LOW or OFF, got 'HIGH' [TooLoud]"
    assert error.code == "TooLoud"
    assert isinstance(error, ValueError)


def test_an_error_about_a_relation_has_path_sentences_and_code(stack: Stack) -> None:
    """The form is `<path>: <sentences> [<code>]`."""
    text = "Stack/Radio already uses the channel 'c'. Remove one of them."
    error = UsageError.relation("ChannelUsedTwice", at=stack, text=text)

    assert str(error) == f"Stack: {text} [ChannelUsedTwice]"
    assert error.args == (str(error),)
    assert error.code == "ChannelUsedTwice"
    assert type(error) is UsageError


@pytest.mark.parametrize(
    ("got", "shown"),
    [
        pytest.param(catalogue.MEDIATAILOR, "AWSServiceRoleForMediaTailor", id="definition"),
        pytest.param(RoleRemoval.KEEP, "RoleRemoval.KEEP", id="enum"),
        pytest.param(Stack, "Stack", id="class"),
        pytest.param(object(), "object", id="instance"),
        pytest.param(Duration.days(1), "Duration", id="jsii-instance"),
        pytest.param("a" * 200, f"'{'a' * 120}…'", id="long-string"),
        pytest.param(["a", (1, None)], "['a', (1, None)]", id="list"),
        pytest.param((object(),), "(object,)", id="tuple"),
        pytest.param([0] * 12, f"[{'0, ' * 10}…]", id="long-list"),
        pytest.param({"a": "b"}, "{'a': 'b'}", id="dict"),
        pytest.param({"a": "b" * 200}, "{'a': '" + "b" * 113 + "…", id="long-dict"),
    ],
)
def test_a_value_is_shown_in_a_short_form(stack: Stack, got: object, shown: str) -> None:
    """An object is shown by its name or class, and a long value is cut."""
    error = UsageError("TooLoud", at=stack, prop="volume", allowed="0", got=got)

    assert str(error) == f"Stack: volume must be 0, got {shown} [TooLoud]"


def test_a_construct_is_shown_by_its_path(stack: Stack) -> None:
    """The root of an app has no path, so it is shown by its class."""
    texts = [
        str(UsageError("TooLoud", at=stack, prop="volume", allowed="0", got=each))
        for each in (aws_sqs.Queue(stack, "Queue"), stack.node.root)
    ]

    assert [each.partition(", got ")[2] for each in texts] == [
        "Stack/Queue [TooLoud]",
        "App [TooLoud]",
    ]


def test_a_path_replaces_a_construct_that_does_not_exist_yet() -> None:
    """An error that is raised before a construct is defined has its path too."""
    error = UsageError("TooLoud", at="Stack/Radio", prop="volume", allowed="0", got=11)

    assert str(error) == "Stack/Radio: volume must be 0, got 11 [TooLoud]"


@pytest.mark.parametrize("value", [None, "LOUD"])
def test_a_valid_value_is_accepted(stack: Stack, value: str | None) -> None:
    """None, the value of an omitted prop, is accepted too."""
    check(SHOUTED, value, at=stack, prop="text")


def test_tokens_are_accepted(stack: Stack) -> None:
    """Tokens may be strings, numbers or lists, or parts of strings and lists."""
    text = CfnParameter(stack, "Text").value_as_string
    texts = CfnParameter(stack, "Texts", type="CommaDelimitedList").value_as_list
    number = CfnParameter(stack, "Number", type="Number").value_as_number

    for token in (text, f"a-{text}-b", texts, tuple(texts), (text,), number, [number]):
        check(rules.SERVICE_PRINCIPAL, token, at=stack, prop="text")


@pytest.mark.parametrize("value", ["low", ["low"], ("low", "LOW"), ""])
def test_fails_when_a_known_value_breaks_the_rule(stack: Stack, value: object) -> None:
    """The message contains the constraint of the rule and the given value."""
    with pytest.raises(UsageError) as refused:
        check(Rule("Known", "a token", lambda _: False), value, at=stack, prop="text")

    assert str(refused.value) == f"Stack: text must be a token, got {value!r} [Known]"


def test_a_valid_name_is_accepted(stack: Stack) -> None:
    """A token is accepted too."""
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
    """An L2 without a name gives its L1 a token that resolves to nothing."""
    queue = aws_sqs.Queue(stack, "Queue", queue_name=name).node.default_child
    assert isinstance(queue, aws_sqs.CfnQueue)

    for missing in (queue.queue_name, None):
        with pytest.raises(UsageError) as refused:
            check_name(SHOUTED, missing, at=stack, prop="queue")

        assert str(refused.value) == "Stack: queue must be in capitals, got None [Shouted]"


def test_fails_when_a_contract_breaks_a_rule(stack: Stack) -> None:
    """The message names the prop that the field comes from."""
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


def test_every_code_has_a_test() -> None:
    """Every code needs a test named `test_fails_when_...` that expects its message."""
    missing = codes_in_the_source() - set(expected_messages()) - set(NEVER_BROKEN)

    assert missing == set()


def test_every_exception_is_needed() -> None:
    """Each exception is the code of a rule, and no test expects its message."""
    assert set(NEVER_BROKEN) <= codes_in_the_source()
    assert set(NEVER_BROKEN).isdisjoint(expected_messages())


@pytest.mark.parametrize("code", sorted(codes_in_the_source() - set(NEVER_BROKEN)))
def test_every_message_has_the_form_of_its_code(code: str) -> None:
    """A constraint has no full stop, a relation is full sentences, and the code is at the end."""
    # if a test fills in values, "value" replaces them here
    message = expected_messages()[code].replace("\\", "")

    is_relation = code in relations_in_the_source()
    found = (RELATION if is_relation else VALUE).fullmatch(message)
    assert found is not None, message
    assert found["code"] == code
    assert is_relation or not found["allowed"].endswith(".")
    assert not is_relation or " must be " not in message or ", got " not in message


def test_fails_when_a_number_does_not_exist_in_json(stack: Stack) -> None:
    """The check runs before the jsii kernel receives the number, because the kernel would crash."""
    with pytest.raises(UsageError) as refused:
        check(rules.PERCENT_ENABLED, float("inf"), at=stack, prop="percent_enabled")

    assert str(refused.value) == (
        "Stack: percent_enabled must be a whole number from 0 to 100, got inf [PercentEnabled]"
    )


@pytest.mark.parametrize(
    ("text", "token"), [("a${Token[TOKEN.1]}b", True), ("${AWS::Region}", False), ("plain", False)]
)
def test_the_pattern_finds_the_same_string_tokens_as_cdk(text: str, *, token: bool) -> None:
    """The pattern saves a call to the jsii kernel."""
    assert (_STRING_TOKEN.search(text) is not None) is token
    assert Token.is_unresolved(text) is token


def test_the_pattern_finds_every_kind_of_string_token(stack: Stack) -> None:
    """CDK writes them for pseudo parameters, attributes, hints and the elements of lists."""
    parameter = CfnParameter(stack, "List", type="CommaDelimitedList")
    tokens = [
        stack.region,
        Aws.PARTITION,
        CfnQueue(stack, "Queue").attr_arn,
        Token.as_string({"Ref": "Name"}, display_hint="a name: of_it"),
        *parameter.value_as_list,
    ]

    assert all(_STRING_TOKEN.search(token) for token in tokens)
