"""People, their roles, sessions and tokens, and the log of what they did."""
