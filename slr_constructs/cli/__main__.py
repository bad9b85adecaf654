"""`python -m slr_constructs.cli`, where the script is not on the path."""

from slr_constructs.cli import main

main()
