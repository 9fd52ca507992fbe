"""One adapter per wire dialect; a registry of the providers that speak it."""
