"""Closing the loop: somebody sees to whoever was unhappy."""
