"""The emulated deploy: our stacks, deployed, broken and torn down without an AWS account.

The CDK command line and boto3 deploy to an emulator on loopback (MiniStack, pinned, mended and
extended in `emulator/`). CloudFormation's events reach the function that was uploaded, which really
runs; IAM checks its calls against the policies of its role, and those of people who call our
commands against theirs. Time is the account's own and passes only while everybody waits, so that a
teardown of minutes takes a moment, and a run can be repeated.

Nothing here is a test on AWS. What the suite shows holds as far as these are right:

AWS's word, held against what AWS publishes: the requests and answers of IAM, Logs and the features'
services and what they take (botocore's models), the resource types with their properties, which of
them replace the resource, and what `Ref` and `Fn::GetAtt` return (CloudFormation's schemas), what a
call is authorized on (the service authorization reference), the names, paths and deletion tasks of
service-linked roles, the custom resource's event, answer and timeout, and Lambda's two further
tries after a run that failed.

Our model, which AWS says nothing or not enough about:

- a service refuses a feature while its role is missing, where AWS would often make the role, so
  that a missing order is seen;
- IAM looks at the whole account at the end of a deletion, which takes some seconds; a new role may
  hide from reads at first, a tag never does;
- only what the documents name lets go of a role; a feature that is on when its owner is deleted
  uses the role for ever;
- IAM does not know the path of a role that is not there;
- what a service does with the rights of whoever calls it, where a test says that it does any;
- a service whose model lists no code for a denial says `AccessDeniedException`;
- CloudFormation creates and deletes one resource after another, in any order that the template
  allows, where AWS works on several at once; its own rights are not checked;
- every delivery of an event starts at the same moment, in a process of its own.

Each module of `emulator/` says so for its part, and so do those of `tests/fake_services/`, where
the features' services are.
"""
