"""Shapes of answers that several platforms have in common: one drive API behind two brands, the states of a share."""
