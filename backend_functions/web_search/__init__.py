"""Searching the web before an answer: whose key, what is asked, what becomes of what is found."""
