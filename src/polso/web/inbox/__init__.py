"""Facts that were accepted, and move to the warehouse within a second or two."""
