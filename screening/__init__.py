"""Finds which listings infringe which works: matching context, screening of new listings, rematches of stored ones,
indexes."""
