"""How facts arrive: files are read, mapped, checked and handed to the warehouse."""
