"""The endpoint `chat-request`: one question, one answer, kept."""
