"""One module per noun; each holds the commands of that noun."""
