"""What leaves for other people's servers: where it may go, and by which client."""
