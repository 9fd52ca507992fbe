"""The documentation: what is generated is fresh, what is written is true."""
