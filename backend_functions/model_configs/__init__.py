"""Sealing a config's key, and testing a config."""
