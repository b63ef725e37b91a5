"""Questions to the ledger that screens and programs ask beside the running monitor, a module for each subject."""
