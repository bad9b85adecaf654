"""`docs/account-policies.md`, written from what is printed; `make policies` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.cli.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "account-policies.md"

_HEAD = """\
# What the account commands need to be allowed

This page is written from the code; `make policies` writes it anew.

Each document below is what `slr-constructs policy` prints: every right that a command calls for,
and no other. In ARNs a star stands for your account and for every region; `--account` and
`--region` put yours there. Each document fits into one managed policy.

## To read an account

For `slr-constructs audit` and `slr-constructs leases`: it reads roles, stacks and what uses the
roles, and it changes nothing. What lists things knows no resource, so it is allowed on all.
"""
_ORGANIZATION = """\
## To read an organization

For `slr-constructs audit --organization-role AccountReader`, two things.

**Whoever calls it** lists the accounts, from the organization's management account or one that it
delegates to, and assumes the role of that name in each. Who names every account with `--account`
needs the second statement alone.
"""
_TRUST = """\
**The role in each account** has the policy above, to read the account, and trusts whoever calls.
Here that is one role of the account 111122223333, and nobody outside the organization o-example:
"""
_LEASES = """\
## To drop leases

For `slr-constructs leases --drop-gone`: the policy to read an account, and `iam:UntagRole` on the
roles. Whoever may release a role may do that already.
"""
_RELEASE = """\
## To release a role

For `slr-constructs release ROLE`: it includes what reads the account for this role, switches off
what uses the role, drops leases, and deletes the role. It can stop streams, recordings and logs in
the whole account, so give it to nobody for longer than a release takes.
"""
_RESTORE = """\
## To restore what was released

For `slr-constructs restore FILE`: it makes the role again, as the IAM User Guide has it, and
switches on what used it. Services act with the rights of whoever switches a feature on: for
messaging that is to write to the Kinesis streams, and for IVS to look at the bucket.
"""
LIST_ACCOUNTS = {
    "Sid": "ListAccounts",
    "Effect": "Allow",
    "Action": "organizations:ListAccounts",
    "Resource": "*",
}
ASSUME = {
    "Sid": "EnterAccounts",
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Resource": "arn:aws:iam::*:role/AccountReader",
}
TRUSTED = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:role/Auditor"},
    "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-example"}},
}


def page() -> str:
    """Return the page."""
    return "\n".join((_HEAD, *_reading(), *_each(_RELEASE, "release"), *_each(_RESTORE, "restore")))


def _reading() -> Iterator[str]:
    current = [short for short in ROLES if ROLES[short].superseded_by is None]
    yield from _printed("all roles that are made today, and the older names of one", *current)
    yield _ORGANIZATION
    yield from _block(_document(LIST_ACCOUNTS, ASSUME))
    yield _TRUST
    yield from _block(_document(TRUSTED))
    yield _LEASES


def _each(head: str, purpose: str) -> Iterator[str]:
    yield head
    for short, definition in ROLES.items():
        feature = definition.feature or definition.role_name
        yield from _printed(f"{short}: {feature}", short, purpose=purpose)


def _printed(title: str, *roles: str, purpose: str = "audit") -> Iterator[str]:
    arguments = ["policy", f"--{purpose}", *roles]
    result = CliRunner().invoke(slr_constructs, arguments)
    assert result.exit_code == 0, result.output
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield "```"
    yield f"slr-constructs {' '.join(arguments)}"
    yield "```"
    yield ""
    yield from _block(json.loads(result.stdout))
    yield "</details>"
    yield ""


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [*statements]}


def _block(document: dict[str, Any]) -> Iterator[str]:
    yield "```json"
    yield json.dumps(document, indent=2)
    yield "```"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
