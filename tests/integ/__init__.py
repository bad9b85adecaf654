"""Proof on a real AWS account: tests that deploy stacks, and experiments about undocumented facts.

`make test-aws` deploys one stack for each feature, and the sample app, with the pinned CDK command
line. It reads with boto3 that the feature is enabled, destroys the stack, and reads that nothing is
left. `make probe-aws` runs the experiments of `experiments/`: each asks AWS one question that no
AWS page answers. Both use the credentials of the caller, ask before they start, and refuse an
account that has one of the roles, or resources that use them.

pytest collects the tests of this folder only if `make test-aws` has opened an account. The tests of
`tests/emulated/` run the same tests and experiments on the emulator.
"""
