"""Moves what a person has at one backend to another one; nothing is removed where it was."""
