"""The nightly run: planning, progress, metrics, settlement, report and notification."""
