"""Fake AWS services in this process: no network, no MiniStack, no change of the environment."""
