"""The site: what people see, and the API that other programs use."""
