"""A survey in a page of somebody else's."""
