"""The function: each module against the services' own models, and the protocol of many stacks."""
