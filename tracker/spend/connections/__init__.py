"""Connections at work: what can be connected, when it runs, and what comes of a run."""
