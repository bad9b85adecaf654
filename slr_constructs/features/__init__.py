"""The features that use a service-linked role, one per module. They do not import each other."""
