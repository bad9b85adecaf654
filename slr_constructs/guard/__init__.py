"""The guard: rules that find problems with service-linked roles in any CloudFormation template.

It builds on `templates` and does not use the constructs. The plugin for CDK apps and the command
line both call `check`. This package is internal.
"""
