"""Proof that lasts: manifests, verification, WARC, watching pages for edits, erasure."""
