"""Signals of an offer: what it states about itself, in the words of sellers, posters and readers.

The engine behind the grounds of matchers/offence: words with an area (lexicon/), pairs of words that mean something
only together ("send" near "link", pairs.csv), homophones, and negation ("not a PDF").
"""
