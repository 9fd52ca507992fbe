"""Measurements: each prints ratios taken in one run, beside the figure it should reach."""
