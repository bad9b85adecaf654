"""The page about what the account commands need."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.policies_page import PAGE, page
from tests.published import iam_actions


def test_the_page_is_what_the_command_prints() -> None:
    """Written anew, it would be the same."""
    text = PAGE.read_text(encoding="utf-8")

    assert text == page(), "docs/account-policies.md is stale: run `make policies`"


@pytest.mark.parametrize("statement", ["organizations:ListAccounts", "sts:AssumeRole"])
def test_what_reads_an_organization_exists(statement: str) -> None:
    """These stand on the page alone; the command prints none of them."""
    assert f'"Action": "{statement}"' in page()
    assert statement.lower() in iam_actions()


def test_every_document_can_be_read() -> None:
    """The blocks are JSON, and what is folded is unfolded somewhere."""
    blocks = re.findall(r"```json\n(.*?)\n```", page(), re.DOTALL)

    assert blocks
    assert {json.loads(block)["Version"] for block in blocks} == {"2012-10-17"}
    assert page().count("<details>") == page().count("</details>") == len(blocks) - 2
