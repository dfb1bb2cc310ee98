"""Tests mirror the packages: tests/<package>/test_<module>.py. What several tests share stands beside this file."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
