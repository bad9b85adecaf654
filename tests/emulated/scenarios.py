"""The scenarios of the suite, in the order of its closing table."""

from __future__ import annotations

SCENARIOS = {
    "orders": "deploy and destroy under seeded orders of independent resources",
    "dependencies": "a dependency removed, one at a time, every one the library adds",
    "adoption": "roles already there, made by somebody else",
    "interleavings": "two stacks, two regions, one account: random interleavings",
    "arrival": "the last one leaves while another arrives",
    "updates": "updates, and what they leave alone",
    "no change": "a second deploy without a change",
    "slow": "IAM is slow, or its deletion task goes wrong",
    "busy": "throttling and 5xx on each call of each operation",
    "denied": "AccessDenied on each call of each operation; tags refused",
    "delivery": "failed create, deletes of nothing, every event delivered twice",
    "crashes": "the function crashes, or runs out of time",
    "rights": "the function's policy is sufficient and minimal",
    "account": "our own commands: audit, leases, release and restore",
    "account rights": "the policies of audit, leases, release and restore",
    "command line": "the CDK command line, from bootstrap to destroy",
}
