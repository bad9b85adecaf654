"""A light AWS in this process: no network, no MiniStack, and no change of the environment."""
