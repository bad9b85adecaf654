"""The scenarios of the suite, in the order of its summary."""

from __future__ import annotations

SCENARIOS = {
    "orders": "deploy and destroy under seeded orders of independent resources",
    "dependencies": "each dependency that the library adds is removed, one at a time",
    "adoption": "existing roles that slr-constructs did not create",
    "interleavings": "two stacks, two regions, one account: random interleavings",
    "arrival": "the last stack is deleted while another is created",
    "updates": "updates, and what they do not change",
    "no change": "a second deploy without a change",
    "slow": "IAM is slow, or its deletion task fails",
    "busy": "throttling and 5xx on each call of each operation",
    "denied": "AccessDenied on each call of each operation; tags denied",
    "delivery": "failed create, deletion without a resource, every event delivered twice",
    "rollbacks": "a model in which CloudFormation works in parallel: random failures of operations",
    "cancellation": "another resource fails during each call of a create or update; events late",
    "crashes": "the function crashes or times out",
    "permissions": "the function's policy is sufficient and minimal",
    "baseline": "roles that a platform team keeps in several accounts and regions",
    "account": "the commands audit, leases, release and restore",
    "account permissions": "the policies of audit, leases, release and restore",
    "command line": "the CDK command line, from bootstrap to destroy",
    "probes": "the experiments of `make probe-aws`, with both answers of the emulator",
    "deployments": "the tests of `make test-aws`, with the CDK command line",
}
