"""Learning from reviews: label sets, retraining and its gate, what to review next, what was missed, drift."""
