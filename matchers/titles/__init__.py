"""The title matcher: which registered titles a text names, at the speed of one pass over it."""

from matchers.titles.contradictions import Contradiction
from matchers.titles.title_matcher import Candidate, TitleMatcher, open_title_matcher, title_matcher_for

__all__ = ["Candidate", "Contradiction", "TitleMatcher", "open_title_matcher", "title_matcher_for"]
