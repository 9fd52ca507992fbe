"""Small real servers and drivers that tests share."""
