"""The page about the permissions of the account commands."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.policies_page import PAGE, page
from tests.published import iam_actions


def test_the_page_is_up_to_date() -> None:
    """Generating it again does not change it."""
    text = PAGE.read_text(encoding="utf-8")

    assert text == page(), "docs/account-policies.md is stale: run `make policies`"


@pytest.mark.parametrize("statement", ["organizations:ListAccounts", "sts:AssumeRole"])
def test_actions_for_an_organization_exist(statement: str) -> None:
    """Only the page has these actions; the command does not print them."""
    assert f'"Action": "{statement}"' in page()
    assert statement.lower() in iam_actions()


def test_every_document_is_valid() -> None:
    """The blocks are JSON, and every `details` element is closed."""
    blocks = re.findall(r"```json\n(.*?)\n```", page(), re.DOTALL)

    assert blocks
    assert {json.loads(block)["Version"] for block in blocks} == {"2012-10-17"}
    assert page().count("<details>") == page().count("</details>") == len(blocks) - 2
