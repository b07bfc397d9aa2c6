"""What a file or a frame holds: text files, their layout, numbers, missing values."""
