"""What operators have done to a backend: in bounded batches, taken up where it was stopped."""
