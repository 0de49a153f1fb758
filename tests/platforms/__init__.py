"""Simulators of ad platforms: one local HTTP server a platform, over one scenario of spend."""
