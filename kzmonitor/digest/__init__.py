"""The digest: what a subscriber is sent for a period, chosen, rendered in three languages, and delivered."""
