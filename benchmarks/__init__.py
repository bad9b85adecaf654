"""The cost of the library, compared with the same resources without it."""
