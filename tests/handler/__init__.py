"""Tests of the function: each module with the services' models, and the protocol of many stacks."""
