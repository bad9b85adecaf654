"""The function's code. It uses only the standard library and boto3."""
