"""The features that use a service-linked role, one per module. They do not import each other.

This package is internal: `slr_constructs` exports the constructs.
"""
