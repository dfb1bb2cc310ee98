"""Reviews of hits by people: verdicts, the rules created from them, and explanations of hits."""
