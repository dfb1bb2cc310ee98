"""People review hits: verdicts, what they teach, and the explanation of a hit."""
