"""The worker: takes jobs in turn, does them, and looks after what other workers left."""
