"""Run the command line as `python -m slr_constructs.cli`, without the installed script."""

from slr_constructs.cli import main

main()
