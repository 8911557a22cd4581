"""What managers read."""
