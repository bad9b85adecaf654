"""Follow the guides of CONTRIBUTING.md in a copy of the repository."""
