"""`python -m backoffice.cli`: the same as `fondaco`."""

from backoffice.cli import main

main()
