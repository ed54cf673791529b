"""Language and script of a text, and its words."""
