"""Chats as files: Markdown and HTML to read, JSON to bring back."""
