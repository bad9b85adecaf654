"""Who needs which IAM rights: the statements of policies, for each purpose."""
