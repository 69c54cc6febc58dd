"""What numbers mean: pure functions, arrays in, estimates out."""
