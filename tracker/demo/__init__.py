"""A fictitious pump exporter, for a first look and for the screenshots."""
