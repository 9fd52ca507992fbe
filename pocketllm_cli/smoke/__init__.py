"""`pocketllm smoke`: does the whole way work, from signing in to an answer, a file and an image."""
