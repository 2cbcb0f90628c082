"""A package with pages, for the tests of what all pages have."""
