"""What a role unlocks, one feature a file; features never import one another."""
