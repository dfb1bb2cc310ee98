"""The index of registered names: built once per registry version, saved as arrays, opened by mapping its files."""
