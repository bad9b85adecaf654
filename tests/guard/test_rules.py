"""The rules: their modules, ids and texts, and the generated page."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from slr_constructs.guard import rules
from slr_constructs.guard.check import RULES, check, rule_modules
from slr_constructs.guard.rule import Rule
from tests.guard.rules_page import PAGE, page
from tests.templates.apps import plain

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

NEW_RULE = """
from slr_constructs.guard.rule import Finding, Rule, Severity

RULE = Rule("NewRule", Severity.NOTE, "a title", "A reason.", "a document", "A.", "B.")


def findings(app):
    for stack in app.stacks.values():
        yield Finding(RULE, stack.name, None, "a problem")
"""


@pytest.mark.parametrize("module", rule_modules(), ids=lambda each: each.__name__)
def test_the_name_of_a_module_is_the_id_of_its_rule(module: ModuleType) -> None:
    """Each module has one rule, and a function that yields its findings."""
    assert isinstance(module.RULE, Rule)
    snake_case = re.sub("(?<!^)(?=[A-Z])", "_", module.RULE.id).lower()
    assert module.__name__ == f"{rules.__name__}.{snake_case}"
    assert all(each.rule is module.RULE for each in module.findings(plain(A={})))
    assert [each for each in vars(module).values() if isinstance(each, Rule)] == [module.RULE]


def test_a_new_module_in_the_package_is_a_new_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other module lists the rules, and the new rule can be acknowledged."""
    (tmp_path / "new_rule.py").write_text(NEW_RULE)
    monkeypatch.setattr(rules, "__path__", [*rules.__path__, str(tmp_path)])
    acknowledged = {"slr-constructs": {"acknowledge": [{"id": "NewRule", "reason": "a reason"}]}}
    app = plain(A={"Metadata": acknowledged})

    with patch.dict(sys.modules):
        found = [(each.rule.id, each.text) for each in check(app)]

    assert found == [("NewRule", "a problem")]
    assert rules.rule_ids() == sorted([*(each.id for each in RULES), "NewRule"])


def test_the_ids_are_known_without_the_libraries_for_templates() -> None:
    """They take seconds to import, and most CDK apps do not need them."""
    code = (
        "import sys; from slr_constructs.guard import rules; print(*rules.rule_ids());"
        " import slr_constructs.guard.rules.not_analyzed;"
        " assert not {'cfnlint', 'networkx'} & sys.modules.keys()"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.split() == [each.id for each in RULES]


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
