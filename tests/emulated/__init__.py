"""The emulated deployment: stacks are deployed, broken and deleted without an AWS account.

The CDK command line and boto3 deploy to an emulator on loopback (MiniStack, pinned, with fixes and
extensions in `emulator/`). CloudFormation's events reach the uploaded function, whose code really
runs. IAM checks the function's calls against the policies of its role, and the calls of our
commands against the policies of their users. Each account has simulated time, which passes only
while all actors wait: a teardown of minutes takes a moment, and every run can be repeated.

Nothing here is a test on AWS. The results are valid if these assumptions are correct:

Documented by AWS, and checked against what AWS publishes: the requests and responses of IAM, Logs
and the features' services (botocore's models); the resource types with their properties, which
properties replace the resource, and the results of `Ref` and `Fn::GetAtt` (CloudFormation's
schemas); the resources on which a call is authorized (the service authorization reference); the
names, paths and deletion tasks of service-linked roles; the custom resource's event, response and
timeout; and Lambda's two retries after a failed run.

Our model, where AWS documents nothing or not enough:

- A service refuses a feature while its role is missing, so that a missing dependency is found. AWS
  often creates the role instead.
- IAM checks the whole account at the end of a deletion, which takes some seconds. Reads may not
  show a new role at first. Tags are always visible.
- A feature stops using its role only by the steps that the documentation names. A feature that is
  enabled when its owner is deleted uses the role forever.
- IAM does not know the path of a role that does not exist.
- A service uses the permissions of its caller only where a test defines that it does.
- A service whose model lists no code for a denial responds with `AccessDeniedException`.
- CloudFormation creates and deletes one resource after another, in any order that the template
  allows, where AWS works on several at once. Only a wait condition passes its time beside other
  resources; if it fails, CloudFormation cancels the custom resource that it works on. Its own
  permissions are not checked.
- All deliveries of an event start at the same moment, each in its own process, unless a test lets
  Lambda deliver late.

The modules of `emulator/` and `tests/fake_services/`, which has the features' services, describe
their part of the model.
"""
