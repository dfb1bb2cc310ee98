"""Exports hits as files for analysts and programs: CSV, XLSX, JSON Lines."""
