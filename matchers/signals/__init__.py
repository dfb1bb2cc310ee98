"""Signals of an offer: what it says of itself, in the words of sellers, posters and readers.

The engine behind the grounds of matchers/offence: words with an area (signs.csv), pairs of words that say together what
neither says alone ("send" near "link", pairs.csv), homophones, and negation ("not a PDF").
"""
