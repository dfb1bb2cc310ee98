"""The title engine: which registered titles a text names, at the speed of one pass over it."""

from matchers.titles.engine import Candidate, TitleEngine, Veto
from matchers.titles.shared import engine_of, keep_engine

__all__ = ["Candidate", "TitleEngine", "Veto", "engine_of", "keep_engine"]
