"""Programs for those who run a backend: `python -m backend_functions.admin …`."""
