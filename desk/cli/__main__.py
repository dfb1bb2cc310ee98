"""`python -m desk.cli` is `swordnet`."""

from desk.cli import main

main()
