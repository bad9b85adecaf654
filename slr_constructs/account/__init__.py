"""Existing accounts: which roles they have, which resources use them, and how to release them.

Needs boto3, which the extra `slr-constructs[cli]` installs. Never loads the CDK. This
package is internal.
"""
