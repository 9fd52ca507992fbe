"""The server: the proxy that holds provider keys, and the embedded Supabase surface."""

__version__ = "0.1.0"
