"""Features, training, calibration, thresholds, explanation and evaluation of the classifier."""
