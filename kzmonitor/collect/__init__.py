"""Collecting: polls and entries, captures as received, and the articles cut from them."""
