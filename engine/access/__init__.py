"""Who may see and do what: decided here for every door."""
