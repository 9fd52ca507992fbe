"""Chats from files of other programs, and of this one."""
