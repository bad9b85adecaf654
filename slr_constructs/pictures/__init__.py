"""Pictures of an app's order: a Mermaid flowchart, an SVG image, and an interactive page.

Each picture is a text that depends only on the app that `templates.app` has read. The same app
gives the same bytes on every machine. This package is internal.
"""
