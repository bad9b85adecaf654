"""Pictures of an app's order: a Mermaid flowchart, an SVG, and a page to walk through.

Each is a text, made from what `templates.app` has read and from nothing else. The same app gives
the same bytes, on any machine.
"""
