"""What the house does about a moment: one file for each concern, found without a list."""
