"""The text of templates: keys that YAML takes for other values, and repeated keys."""

from __future__ import annotations

import json

import pytest

from slr_constructs.templates.text import parse

TEXT_KEYS = ("On", "off", "Yes", "n", "TRUE", "1234", "0x1F", "1.5", "1e3", "2010-09-09", "Null")


@pytest.mark.parametrize("key", [*TEXT_KEYS, "~", "12:30:45", ".inf", "="])
@pytest.mark.parametrize("form", ["{}: {{A: 1}}", "Of:\n  - {}: 1", "Of: !Sub [a, {{{}: 1}}]"])
def test_every_key_is_a_text(key: str, form: str) -> None:
    """CloudFormation reads logical ids and other keys like that."""
    quoted = form.format(json.dumps(key))

    assert parse(form.format(key)).value == parse(quoted).value


def test_values_are_what_yaml_takes_them_for() -> None:
    """Only keys are special."""
    assert parse("a: [On, 1234, ~, 1.5]").value == {"a": [True, 1234, None, 1.5]}


@pytest.mark.parametrize(
    ("yaml", "value", "repeated"),
    [
        ("{A: 1, B: 2}", {"A": 1, "B": 2}, []),
        ("{A: 1, A: 2}", {"A": 2}, ["A"]),
        ("{A: 1, A: 2, A: 3}", {"A": 3}, ["A"]),
        ("{A: [0, {B: 1, B: 2}]}", {"A": [0, {"B": 2}]}, ["A/1/B"]),
        ("{A: {B: 1, B: 2}, C: {D: 1, D: 2}}", {"A": {"B": 2}, "C": {"D": 2}}, ["A/B", "C/D"]),
        ("{A: {B: 1}, A: {B: 2, B: 3}}", {"A": {"B": 3}}, ["A", "A/B"]),
        ("{A: &x {B: 1, B: 2}, C: *x}", {"A": {"B": 2}, "C": {"B": 2}}, ["A/B"]),
        ("{A: {<<: {B: 1}, B: 2}}", {"A": {"B": 2}}, []),
        ("{On: 1, 'On': 2}", {"On": 2}, ["On"]),
    ],
)
def test_the_last_value_of_a_repeated_key_counts(
    yaml: str, value: object, repeated: list[str]
) -> None:
    """The paths of the keys are returned."""
    parsed = parse(yaml)

    assert parsed.value == value
    assert sorted({"/".join(each) for each in parsed.repeated}) == repeated


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ('{"A": 1, "A": 2, "A": 3}', ["A"]),
        ('{"A": [0, {"B": 1, "B": 2}]}', ["A/1/B"]),
        ('{"A": {"B": 1, "B": 2}, "A": {"C": 3}}', ["A"]),
    ],
)
def test_json_is_read_in_the_same_way(text: str, repeated: list[str]) -> None:
    """A value that does not count is not searched."""
    parsed = parse(text)

    assert parsed.value == json.loads(text)
    assert sorted("/".join(each) for each in parsed.repeated) == repeated
