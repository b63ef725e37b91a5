"""What looks after a store: verify, restore, backup, prune, export. The store itself never needs them."""
