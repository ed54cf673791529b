"""Incidents and alerts: copies share one, people decide, nothing is opened twice."""
