"""What a report says beside its labels: turn, role, parties, place, date, sums, articles of law."""
