"""The client and the embedded backend together, as processes, as a user has them."""
