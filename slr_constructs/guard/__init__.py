"""The guard: what goes wrong with service-linked roles in templates, whoever wrote them.

It stands on `templates`, and knows no construct: the plugin for CDK apps and the command line ask
the same `check`.
"""
