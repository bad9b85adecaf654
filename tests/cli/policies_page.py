"""Generate `docs/account-policies.md` from the output of the command: `make policies`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.cli.role_argument import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "account-policies.md"

_HEAD = """\
# Permissions of the account commands

This page is generated: run `make policies` to update it.

Each document below is the output of `slr-constructs policy`. It contains exactly the permissions
that a command needs. In ARNs, a star stands for your account and for every region; replace them
with `--account` and `--region`. Each document fits into one managed policy.

## Read an account

For `slr-constructs audit` and `slr-constructs leases`. These commands read roles, stacks and the
usages of roles, and change nothing. List actions do not support resource-level permissions, so they
are allowed on all resources.
"""
_OTHERS = """\
`leases` without a role and `audit --other-roles` find the other service-linked roles that
slr-constructs created or has tags on. They need the permissions to list all roles, and to read
those in the path of service-linked roles. A role that you name only with its principal, or only
with its name, needs them too:
"""
_ORGANIZATION = """\
## Read an organization

`slr-constructs audit --organization-role AccountReader` needs two sets of permissions.

**Your credentials** need permission to list the accounts and to assume the role of that name in
each account. Use the organization's management account, or an account that it delegates to. If you
name every account with `--account`, you need only the second statement.
"""
_TRUST = """\
**The role in each account** has the policy above, to read the account, and trusts your credentials.
In this example, these are a role of the account 111122223333, and only principals of the
organization o-example are trusted:
"""
_LEASES = """\
## Drop leases and marks

For `slr-constructs leases --drop-deleted`, also with `--marks`. The policy allows to read the
account for this role, to remove tags from the role, and to remove tags from the resources that a
stack can mark.
"""
_RELEASE = """\
## Release a role

For `slr-constructs release ROLE`. The policy allows to read the account for this role, disable the
usages of the role, release leases, and delete the role. With it, a principal can stop streams,
recordings and logs in the whole account. Attach it only for the duration of a release.
"""
_RESTORE = """\
## Restore a role

For `slr-constructs restore FILE`. The policy allows to create the role again, with the statements
of the IAM User Guide, and to enable its usages. Services use the permissions of the principal that
enables a feature: messaging writes to the Kinesis streams, and IVS reads the bucket's properties.
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
    """Return the text of the page."""
    return "\n".join(
        (
            _HEAD,
            *_reading(),
            *_each(_LEASES, "leases"),
            *_each(_RELEASE, "release"),
            *_each(_RESTORE, "restore"),
        )
    )


def _reading() -> Iterator[str]:
    current = [short for short in ROLES if ROLES[short].superseded_by is None]
    yield from _printed("all current roles, and the older names of one", *current)
    yield _OTHERS
    yield from _printed("all roles, and the other roles of slr-constructs")
    yield _ORGANIZATION
    yield from _block(_document(LIST_ACCOUNTS, ASSUME))
    yield _TRUST
    yield from _block(_document(TRUSTED))


def _each(head: str, purpose: str) -> Iterator[str]:
    yield head
    if purpose == "leases":
        yield from _printed("all roles", purpose=purpose)
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
