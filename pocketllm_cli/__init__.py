"""The client: commands and the road to the backend."""

__version__ = "0.1.0"
