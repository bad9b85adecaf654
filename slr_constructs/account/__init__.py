"""Accounts as they are: who holds a service-linked role, and how to let go of it.

Needs boto3, which the extra `slr-constructs[cli]` brings. It never loads CDK.
"""
