"""What can be read from a template, whoever wrote it: no construct and no AWS is asked.

Needs what the extras install. The constructs never import it, and do without those libraries.
"""
