"""The asset root: this folder, and nothing above it, is what Lambda gets."""
