"""The one road to the backend: one module per resource."""
