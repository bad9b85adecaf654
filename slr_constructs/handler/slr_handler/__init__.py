"""What the function does at run time: the standard library and boto3 alone."""
