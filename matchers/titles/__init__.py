"""The title engine: which registered titles a text names, at the speed of one pass over it."""

from matchers.titles.engine import Candidate, TitleEngine
from matchers.titles.shared import engine_of, keep_engine
from matchers.titles.vetoes import Veto

__all__ = ["Candidate", "TitleEngine", "Veto", "engine_of", "keep_engine"]
