"""Each operation, under the file name of its subject."""
