"""What fits into memory, and arrays that lie in a file where it does not."""
