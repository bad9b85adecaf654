"""The rules as a whole: their ids, their words and their page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from slr_constructs.guard.check import RULES
from tests.guard.rules_page import PAGE, page

if TYPE_CHECKING:
    from slr_constructs.guard.rule import Rule


def test_the_page_is_what_the_rules_say() -> None:
    """Written anew, it would be the same."""
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/rules.md is stale: run `make rules`"


def test_ids_are_unique_and_sorted() -> None:
    """They are what is acknowledged."""
    ids = [each.id for each in RULES]

    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"([A-Z][a-z]+)+", each) for each in ids)


@pytest.mark.parametrize("rule", RULES, ids=lambda each: each.id)
def test_a_rule_says_what_why_and_what_to_do(rule: Rule) -> None:
    """A title for a list, and whole sentences that fit on one line of a page."""
    assert rule.title[0].islower()
    assert not rule.title.endswith(".")
    for sentence in (rule.why, rule.mend):
        assert sentence[0].isupper() or sentence[0] == "`"
        assert sentence.endswith((".", ")."))
    assert rule.source
    assert "\n" not in rule.title + rule.why + rule.mend + rule.source
