"""The commands that read and change accounts, against the light AWS of `tests.fake_services`."""
