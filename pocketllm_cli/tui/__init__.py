"""The terminal app; imported only by the one command that opens it."""
