"""Matching: which registered work a listing carries, and what makes its offer an infringement."""
