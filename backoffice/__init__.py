"""The back office: clients, books, payments, reports and the `fondaco` command line. Follows the journal."""
