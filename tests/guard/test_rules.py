"""The list of rules: ids, texts and the generated page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from slr_constructs.guard.check import RULES
from tests.guard.rules_page import PAGE, page

if TYPE_CHECKING:
    from slr_constructs.guard.rule import Rule


def test_the_page_is_up_to_date() -> None:
    """Generating it again does not change it."""
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/rules.md is stale: run `make rules`"


def test_ids_are_unique_and_sorted() -> None:
    """Acknowledgements refer to them."""
    ids = [each.id for each in RULES]

    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"([A-Z][a-z]+)+", each) for each in ids)


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.id)
def test_a_rule_has_a_title_a_reason_and_a_fix(rule: Rule) -> None:
    """The title is for a list; the others are whole sentences without line breaks."""
    assert rule.title[0].islower()
    assert not rule.title.endswith(".")
    for sentence in (rule.why, rule.fix):
        assert sentence[0].isupper() or sentence[0] == "`"
        assert sentence.endswith((".", ")."))
    assert rule.source
    assert "\n" not in rule.title + rule.why + rule.fix + rule.source
