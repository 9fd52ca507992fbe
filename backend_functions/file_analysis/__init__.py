"""Documents of chats, read by a worker and summarised by the chat's model."""
