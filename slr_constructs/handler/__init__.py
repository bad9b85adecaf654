"""The root of the Lambda asset: only this folder is deployed to Lambda. It is internal."""
