"""The title engine: which registered titles a text names, at the speed of one pass over it."""

from matchers.titles.engine import Candidate, TitleMatcher
from matchers.titles.shared import open_title_matcher, title_matcher_for
from matchers.titles.vetoes import Contradiction

__all__ = ["Candidate", "Contradiction", "TitleMatcher", "open_title_matcher", "title_matcher_for"]
