"""The user's side of the program: commands, nightly runs, exports, reports and reviews."""
