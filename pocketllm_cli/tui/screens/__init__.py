"""Screens and dialogs: one module and one stylesheet each."""
