"""IAM policy statements for each task: deploy, audit, release and restore. It is internal."""
